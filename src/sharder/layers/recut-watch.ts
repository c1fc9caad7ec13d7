import { isWorthwhile, paysToRecut, recutPriceMs } from "../../core/stages/recut.js";
import type { StagePlan } from "../../core/stages/stage-problem.js";

/** Between two questions to the planner, ms; twice as long after each move, so that a restless machine does not move stages all the time. */
const SHORTEST_INTERVAL_MS = 200;
const LONGEST_INTERVAL_MS = 6_400;
/** After this long without a move, ms, the next one is looked for as soon as at first. */
const CALM_MS = 15_000;
/** Costs that moved less than this since the planner was last asked are not worth another question. */
const NOTEWORTHY_CHANGE = 0.08;

/** Asks the planner for better stages when what they take has changed, one question at a time. */
export class RecutWatch {
  #isAsking = false;
  #askedAtMs = -Infinity;
  #askedOfMs: readonly number[] = [];
  #movedAtMs = -Infinity;
  /** What each item loses for want of a better plan that is known and did not pay yet; 0 where there is none. */
  #lossPerItemMs = 0;
  #lostMs = 0;
  /** What must have been lost before it pays, ms. */
  #priceMs = Infinity;
  #intervalMs = SHORTEST_INTERVAL_MS;

  /** There is more to do: what did not pay before may pay now. */
  lookAgain(): void {
    this.#askedOfMs = [];
  }

  /** Other stages run now: what was asked of the ones before means nothing. */
  reset(): void {
    this.lookAgain();
    this.#lossPerItemMs = this.#lostMs = 0;
    const nowMs = performance.now();
    const isCalm = nowMs - this.#movedAtMs > CALM_MS;
    this.#intervalMs = isCalm ? SHORTEST_INTERVAL_MS : Math.min(LONGEST_INTERVAL_MS, 2 * this.#intervalMs);
    this.#movedAtMs = nowMs;
  }

  /** So many items have run on these stages. */
  ran(itemCount: number): void {
    this.#lostMs += itemCount * this.#lossPerItemMs;
  }

  /**
   * @param stageMs of the stages that run, ms per item; `undefined` for what has not been measured.
   * @param moveMs what loading other stages will take.
   * @param plan asks the planner.
   * @param remainingItemCount that have not entered; `undefined` while a stream's source goes on.
   * @returns a plan that pays, if there is one.
   */
  async look(
    stageMs: readonly (number | undefined)[],
    moveMs: number,
    plan: () => Promise<StagePlan>,
    remainingItemCount: () => number | undefined,
  ): Promise<StagePlan | undefined> {
    const nowMs = performance.now();
    if (this.#isAsking || nowMs - this.#askedAtMs < this.#intervalMs) return undefined;
    const measured = stageMs.filter((ms) => ms !== undefined);
    if (measured.length < stageMs.length) return undefined;
    const isDue = this.#lossPerItemMs > 0 && this.#lostMs > this.#priceMs;
    if (!this.#hasChanged(measured) && !isDue) return undefined;
    this.#isAsking = true;
    this.#askedAtMs = nowMs;
    this.#askedOfMs = measured;
    try {
      const better = await plan();
      const [currentMs, plannedMs] = [Math.max(...measured), better.bottleneckMs];
      const isBetter = isWorthwhile({ currentMs, plannedMs });
      this.#lossPerItemMs = isBetter ? currentMs - plannedMs : 0;
      if (!isBetter) this.#lostMs = 0;
      const remaining = remainingItemCount();
      const question = { currentMs, plannedMs, moveMs, lostMs: this.#lostMs, remainingItemCount: remaining };
      this.#priceMs = recutPriceMs(question);
      return paysToRecut(question) ? better : undefined;
    } finally {
      this.#isAsking = false;
    }
  }

  #hasChanged(stageMs: readonly number[]): boolean {
    return stageMs.some((ms, stage) => {
      const before = this.#askedOfMs[stage];
      return before === undefined || Math.abs(ms - before) > NOTEWORTHY_CHANGE * before;
    });
  }
}
