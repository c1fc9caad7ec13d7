import type { DeathCause } from "../core/death-cause.js";

/**
 * How the page talks to a worker, whatever lies between them: the seam for transports. `openWebWorker` implements it for Web Workers.
 * Contract suite: tests/contract/worker-link.ts.
 *
 * @typeParam Api what the far end offers: methods that take data and return promises of data. A call to a far end that has ended
 *            may never settle; `WorkerCalls` takes care of that.
 */
export interface WorkerLink<Api> {
  readonly api: Api;
  /**
   * Listen for the end of the far end, or for the moment from which it can't be trusted. `close` is not reported.
   * @param listener called once, with the reason in words for people and the cause.
   */
  onEnd(listener: (reason: string, cause: DeathCause) => void): void;
  /** Whether the far end has said anything yet; left out by links that can't know. Until then its script may not even be there. */
  hasAnswered?(): boolean;
  /** End the far end. May be called twice. */
  close(): void;
}
