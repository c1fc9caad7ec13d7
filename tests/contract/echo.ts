import type { Reply } from "../../src/protocol/error-record.js";
import type { LinkedApi, WorkerNotice } from "../../src/protocol/link.js";
import type { Offered } from "../../workers/runtime/expose.js";
import { acknowledge, reply } from "../../workers/runtime/reply.js";

/** What the far end of a link offers for the contract. It answers, crashes or loses its device on request. */
export interface EchoApi extends LinkedApi {
  /** Answer `text` after `delayMs`. */
  echo(text: string, delayMs: number): Promise<Reply<string>>;
  /** End the way this kind of far end crashes, with or without an answer. */
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
