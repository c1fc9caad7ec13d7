/**
 * Notices at once that a worker has ended. The worker holds a Web Lock for as long as it lives; when its agent is gone the browser
 * hands the lock to the next in line, which is the page (W3C Web Locks, "termination of locks"). No event reports a worker that was
 * terminated from outside or killed by the browser.
 *
 * Where there are no locks (the page is not a secure context), only the deadlines notice it.
 */
export class Lifeline {
  /** The name of the lock that the worker has to hold; `undefined` where there are no locks. */
  readonly name: string | undefined;
  readonly #watch = new AbortController();

  constructor() {
    this.name = globalThis.navigator?.locks === undefined ? undefined : `inference-sharder/${crypto.randomUUID()}`;
  }

  /** Call this once the worker holds the lock. @param onEnd called when the worker has released it. */
  watch(onEnd: () => void): void {
    if (this.name === undefined) return;
    // The request rejects if the watch ends before the worker does.
    navigator.locks.request(this.name, { signal: this.#watch.signal }, onEnd).catch(() => {});
  }

  /** Stop watching, because the worker is about to end or has ended. */
  unwatch(): void {
    this.#watch.abort();
  }
}
