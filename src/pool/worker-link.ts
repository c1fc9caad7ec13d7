/**
 * How the page talks to a worker, whatever lies between them: the seam for transports. `openWebWorker` is the one for Web Workers.
 * Contract suite: tests/contract/worker-link.ts.
 *
 * @typeParam Api what the far end offers: methods that take data and promise data. A call to a far end that has ended may never
 *            settle; `WorkerCalls` sees to that.
 */
export interface WorkerLink<Api> {
  readonly api: Api;
  /**
   * Called once where the far end has ended, or can't be trusted any more, for whatever reason but `close`.
   * @param listener gets the reason, for people.
   */
  onEnd(listener: (reason: string) => void): void;
  /** End the far end. May be called twice. */
  close(): void;
}
