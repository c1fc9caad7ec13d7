import type { Reply } from "../../src/protocol/error-record.js";
import type { LinkedApi, WorkerNotice } from "../../src/protocol/link.js";
import type { Offered } from "../../workers/runtime/expose.js";
import { acknowledge, reply } from "../../workers/runtime/reply.js";

/** What the far end of a link offers in its contract: it answers when it is told to, and ends as it is told to. */
export interface EchoApi extends LinkedApi {
  /** Answer after a while. */
  echo(text: string, delayMs: number): Promise<Reply<string>>;
  /** End in the way in which such a far end crashes, with or without an answer. */
  crash(): Promise<Reply<undefined>>;
  /** Post a notice that the device is lost. */
  loseDevice(message: string): Promise<Reply<undefined>>;
}

/** @param post posts a notice to the page's end. @param crash ends this far end. */
export function echoApi(post: (notice: WorkerNotice) => void, crash: () => void): Offered<EchoApi> {
  return {
    echo: (text, delayMs) => reply(() => new Promise((answer) => setTimeout(() => answer(text), delayMs))),
    crash: () => acknowledge(crash),
    loseDevice: (message) => acknowledge(() => post({ notice: "device-lost", message })),
  };
}
