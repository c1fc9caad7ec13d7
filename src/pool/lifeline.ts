/**
 * Notices at once that a worker has ended. The worker holds a Web Lock for as long as it lives; when its agent is gone the browser
 * hands the lock to the next in line, which is us (W3C Web Locks, "termination of locks"). No event reports a worker that was
 * terminated from outside or killed by the browser.
 *
 * Where there are no locks (a page that is not a secure context) the deadlines have to do.
 */
export class Lifeline {
  /** Of the lock that the worker is to hold; `undefined` where there are none. */
  readonly name: string | undefined;
  readonly #watch = new AbortController();

  constructor() {
    this.name = globalThis.navigator?.locks === undefined ? undefined : `inference-sharder/${crypto.randomUUID()}`;
  }

  /** To be called once the worker holds the lock. @param onEnd called when it has released it. */
  watch(onEnd: () => void): void {
    if (this.name === undefined) return;
    // Rejected where the watch ends before the worker does.
    navigator.locks.request(this.name, { signal: this.#watch.signal }, onEnd).catch(() => {});
  }

  /** The worker is about to end, or has. */
  unwatch(): void {
    this.#watch.abort();
  }
}
