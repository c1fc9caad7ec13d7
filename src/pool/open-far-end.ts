import { releaseProxy, wrap, type Endpoint } from "comlink";
import type { DeathCause } from "../core/death-cause.js";
import { isWorkerNotice, type LinkedApi } from "../protocol/link.js";
import { Lifeline } from "./lifeline.js";
import { NOTICE_CAUSES } from "./notice-causes.js";
import type { WorkerLink } from "./worker-link.js";

/** A Worker, or the near port of a channel whose far side answers like one. */
export interface FarEnd extends Endpoint {
  terminate(): void;
}

/** A link over anything that takes messages. An uncaught error, an unreadable message, a notice or the lifeline ends it. */
export function openFarEnd<Api extends LinkedApi>(end: FarEnd): WorkerLink<Api> {
  const remote = wrap<LinkedApi>(end);
  const lifeline = new Lifeline();
  let listener: ((reason: string, cause: DeathCause) => void) | undefined;
  let lost: { readonly reason: string; readonly cause: DeathCause } | undefined;
  let isOver = false;
  let isClosed = false;
  let hasAnswered = false;
  const lose = (reason: string, cause: DeathCause = "crashed"): void => {
    if (isOver) return;
    isOver = true;
    // It stands in the middle of sentences.
    lost = { reason: reason.replace(/\.$/, ""), cause };
    listener?.(lost.reason, cause);
  };
  end.addEventListener("error", (event) => {
    event.preventDefault();
    const { message } = event as Partial<ErrorEvent>;
    lose(
      message ||
        "its script could not be loaded: check that the server has it, with Access-Control-Allow-Origin if that is another origin than the page's, and that worker-src and script-src of the page's Content-Security-Policy allow it (see setWorkerUrl)",
    );
  });
  end.addEventListener("messageerror", () => lose("a message could not be read"));
  end.addEventListener("message", (event) => {
    const { data } = event as MessageEvent<unknown>;
    hasAnswered = true;
    if (isWorkerNotice(data)) lose(data.message, NOTICE_CAUSES[data.notice]);
  });
  const watch = lifeline.watch.bind(lifeline, () => lose("it ended without reporting an error"));
  // Without the lock the deadlines have to do. Its answer also shows that the far end's script is there.
  remote.attach(lifeline.name ?? "").then(
    (reply) => void (reply.ok && reply.value && watch()),
    () => {},
  );
  return {
    // Comlink adds nothing to methods that take data and return promises of data.
    api: remote as unknown as Api,
    onEnd: (called) => {
      listener = called;
      // Not at once: whoever listens may still be under construction.
      if (lost !== undefined) queueMicrotask(() => isClosed || called(lost!.reason, lost!.cause));
    },
    hasAnswered: () => hasAnswered,
    close: () => {
      if (isClosed) return;
      isOver = isClosed = true;
      lifeline.unwatch();
      end.terminate();
      remote[releaseProxy]();
    },
  };
}
