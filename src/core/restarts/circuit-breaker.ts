export interface BreakerOptions {
  /** So many failures within the window open it, ≥ 1. */
  readonly failureLimit: number;
  readonly windowMs: number;
  /** Failures that follow the first of them within this time have one cause, such as the end of the GPU process: they count once. */
  readonly coincidenceMs: number;
  /** How long it stays open the first time, ms; twice as long each further time in a row. */
  readonly openMs: number;
  readonly mostOpenMs: number;
  /** How long a trial may take before another one is admitted, ms. */
  readonly trialMs: number;
}

const DEFAULTS: BreakerOptions = {
  failureLimit: 6,
  windowMs: 60_000,
  coincidenceMs: 1_000,
  openMs: 60_000,
  mostOpenMs: 600_000,
  trialMs: 60_000,
};

/**
 * Keeps workers from being restarted again and again on a backend that is broken. Closed, it admits every start. Several failures in
 * a short time open it: nothing is admitted for a while. Then it admits one start as a trial: if that succeeds the breaker closes,
 * otherwise it opens for twice as long.
 *
 * It has no clock: every `nowMs` is on one that never runs backwards.
 * Source: circuit breaker (M. Nygard, Release It!, 2007).
 */
export class CircuitBreaker {
  readonly #options: BreakerOptions;
  /** Those that count, within the window, since it was closed. */
  #failuresMs: readonly number[] = [];
  #latestFailureMs = -Infinity;
  /** Until when nothing is admitted; `undefined` while it is closed. */
  #openUntilMs: number | undefined;
  /** How often it has opened since it was last closed. */
  #openCount = 0;

  constructor(options: Partial<BreakerOptions> = {}) {
    this.#options = { ...DEFAULTS, ...options };
  }

  get isClosed(): boolean {
    return this.#openUntilMs === undefined;
  }

  /** How long until a start is admitted, ms; 0: now. */
  waitMs(nowMs: number): number {
    return Math.max(0, (this.#openUntilMs ?? -Infinity) - nowMs);
  }

  /** A start was admitted and begins. While the breaker is not closed, the next one has to wait for its outcome. */
  started(nowMs: number): void {
    if (this.#openUntilMs !== undefined) this.#openUntilMs = nowMs + this.#options.trialMs;
  }

  succeeded(): void {
    this.#openUntilMs = undefined;
    this.#openCount = 0;
  }

  failed(nowMs: number): void {
    const { failureLimit, windowMs, coincidenceMs, openMs, mostOpenMs } = this.#options;
    if (nowMs - this.#latestFailureMs < coincidenceMs) return;
    this.#latestFailureMs = nowMs;
    this.#failuresMs = [...this.#failuresMs.filter((failedMs) => nowMs - failedMs < windowMs), nowMs];
    if (this.isClosed && this.#failuresMs.length < failureLimit) return;
    this.#openUntilMs = nowMs + Math.min(mostOpenMs, openMs * 2 ** this.#openCount);
    this.#openCount++;
    this.#failuresMs = [];
  }
}
