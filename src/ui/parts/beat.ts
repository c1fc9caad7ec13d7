/** How time passes for a `Beat`; a test has one of its own. */
export interface BeatTime {
  nowMs(): number;
  /** @returns a function that cancels the call. */
  after(ms: number, call: () => void): () => void;
  /** Call in the next animation frame. */
  inFrame(call: () => void): void;
  /** Call once what an animation frame has changed is on the screen. */
  afterFrame(call: () => void): void;
}

/** It beats no more often than this, ms: numbers and charts are still easily followed. */
const SHORTEST_MS = 250;
/** It beats at least so often, ms: a change shows within a second. */
const LONGEST_MS = 800;
/** What drawing may take of the time of the page's thread, which the workers need, too. */
const TIME_SHARE = 0.02;

/**
 * Everything that follows measurements by itself is drawn in one and the same frame, so that the page is laid out and painted once for all
 * of it; and the longer that frame takes, the rarer it becomes.
 */
export class Beat {
  readonly #time: BeatTime;
  readonly #followers = new Set<() => void>();
  #cancel: (() => void) | undefined;
  #isInFrame = false;

  constructor(time: BeatTime) {
    this.#time = time;
  }

  /** Call `update` at every beat, from the next one on. Unless the page is on view, there is none. @param signal ends it. */
  follow(update: () => void, signal: AbortSignal): void {
    if (signal.aborted) return;
    this.#followers.add(update);
    signal.addEventListener("abort", () => this.#leave(update), { once: true });
    if (this.#cancel === undefined && !this.#isInFrame) this.#schedule(SHORTEST_MS);
  }

  #leave(update: () => void): void {
    this.#followers.delete(update);
    if (this.#followers.size > 0) return;
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #schedule(ms: number): void {
    this.#cancel = this.#time.after(ms, () => {
      this.#cancel = undefined;
      this.#isInFrame = true;
      this.#time.inFrame(() => this.#beat());
    });
  }

  #beat(): void {
    const startMs = this.#time.nowMs();
    this.#time.afterFrame(() => {
      this.#isInFrame = false;
      const tookMs = this.#time.nowMs() - startMs;
      if (this.#followers.size > 0) this.#schedule(Math.min(LONGEST_MS, Math.max(SHORTEST_MS, tookMs / TIME_SHARE)));
    });
    for (const update of [...this.#followers]) {
      try {
        update();
      } catch (error) {
        // The others go on.
        reportError(error);
      }
    }
  }
}

/** The beat of the page. */
export const pageBeat = new Beat({
  nowMs: () => performance.now(),
  after: (ms, call) => {
    const timer = setTimeout(call, ms);
    return () => clearTimeout(timer);
  },
  inFrame: (call) => void requestAnimationFrame(call),
  afterFrame: (call) => {
    // A message is handled after the frame has been laid out and painted.
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      call();
    };
    port2.postMessage(undefined);
  },
});
