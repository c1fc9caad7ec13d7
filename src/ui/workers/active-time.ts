interface Interval {
  readonly startMs: number;
  readonly endMs: number;
}

/** Intervals that are kept apart, because a later one may still join them. */
const MAX_KEPT = 64;

/** The time during which something was under way: the union of intervals that are reported in the order of their ends. */
export class ActiveTime {
  readonly #fromMs: number;
  #kept: Interval[] = [];
  #settledMs = 0;

  /** @param fromMs what lies before does not count. */
  constructor(fromMs: number) {
    this.#fromMs = fromMs;
  }

  add(startMs: number, endMs: number): void {
    if (endMs <= this.#fromMs) return;
    let start = Math.max(startMs, this.#fromMs);
    while (this.#kept.length > 0 && this.#kept.at(-1)!.endMs >= start) {
      start = Math.min(start, this.#kept.pop()!.startMs);
    }
    this.#kept.push({ startMs: start, endMs });
    if (this.#kept.length > MAX_KEPT) this.#settledMs += lengthOf(this.#kept.splice(0, MAX_KEPT / 2));
  }

  get ms(): number {
    return this.#settledMs + lengthOf(this.#kept);
  }
}

function lengthOf(intervals: readonly Interval[]): number {
  return intervals.reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0);
}
