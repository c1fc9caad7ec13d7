import { isWorthwhile, paysToRecut, recutPriceMs } from "../../core/stages/recut.js";
import type { StagePlan } from "../../core/stages/stage-problem.js";

/** Time between two requests to the planner, ms. It doubles after each move, so that stages don't move all the time on a busy machine. */
const SHORTEST_INTERVAL_MS = 200;
const LONGEST_INTERVAL_MS = 6_400;
/** If a move comes after this long without one, the interval is the shortest again, ms. */
const CALM_MS = 15_000;
/** If all costs changed by less than this fraction since the last request, the planner is not asked again. */
const NOTEWORTHY_CHANGE = 0.08;

/** Asks the planner for better stages when their times have changed, one request at a time. */
export class RecutWatch {
  #isAsking = false;
  #askedAtMs = -Infinity;
  #askedOfMs: readonly number[] = [];
  #movedAtMs = -Infinity;
  /** What each item loses because a better plan is known that did not pay yet, ms; 0 if there is none. */
  #lossPerItemMs = 0;
  #lostMs = 0;
  /** How much must have been lost before the move pays, ms. */
  #priceMs = Infinity;
  #intervalMs = SHORTEST_INTERVAL_MS;

  /** Ask again, since there is more to do: a move that did not pay before may pay now. */
  lookAgain(): void {
    this.#askedOfMs = [];
  }

  /** Other stages run now, so whatever was learned about the old ones is void. */
  reset(): void {
    this.lookAgain();
    this.#lossPerItemMs = this.#lostMs = 0;
    const nowMs = performance.now();
    const isCalm = nowMs - this.#movedAtMs > CALM_MS;
    this.#intervalMs = isCalm ? SHORTEST_INTERVAL_MS : Math.min(LONGEST_INTERVAL_MS, 2 * this.#intervalMs);
    this.#movedAtMs = nowMs;
  }

  /** Count items that have run on these stages. */
  ran(itemCount: number): void {
    this.#lostMs += itemCount * this.#lossPerItemMs;
  }

  /**
   * @param stageMs ms per item of each current stage; `undefined` for one that has not been measured.
   * @param moveMs how long loading other stages will take.
   * @param plan asks the planner.
   * @param remainingItemCount how many items have not entered yet; `undefined` until a stream's source has ended.
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
