/**
 * A clock that stands still while the page does: a frozen tab, a sleeping laptop, a debugger's pause, or a page that was blocked counts as
 * one short step. What waits for an answer is not late merely because nobody could read it.
 */
export class SteadyClock {
  readonly #longestStepMs: number;
  #lastMs: number;
  #nowMs = 0;

  /**
   * @param startMs the time on a clock that never goes back, ms.
   * @param longestStepMs what counts at most between two readings. The clock has to be read more often than that.
   */
  constructor(startMs: number, longestStepMs: number) {
    this.#lastMs = startMs;
    this.#longestStepMs = longestStepMs;
  }

  /** @param atMs the time on the other clock. @returns ms since the start, without suspensions. */
  read(atMs: number): number {
    this.#nowMs += Math.min(this.#longestStepMs, Math.max(0, atMs - this.#lastMs));
    this.#lastMs = atMs;
    return this.#nowMs;
  }
}
