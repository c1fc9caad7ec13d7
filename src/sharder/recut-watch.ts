import { paysToRecut } from "../core/stages/recut.js";
import type { StagePlan } from "../core/stages/stage-problem.js";

/** Between two questions to the planner, ms. */
const INTERVAL_MS = 200;
/** Costs that moved less than this since the planner was last asked are not worth another question. */
const NOTEWORTHY_CHANGE = 0.08;

/** Asks the planner for better stages when what they take has changed, one question at a time. */
export class RecutWatch {
  #isAsking = false;
  #askedAtMs = -Infinity;
  #askedOfMs: readonly number[] = [];

  /** Other stages run now: what was asked of the ones before means nothing. */
  reset(): void {
    this.#askedOfMs = [];
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
    if (this.#isAsking || nowMs - this.#askedAtMs < INTERVAL_MS) return undefined;
    const measured = stageMs.filter((ms) => ms !== undefined);
    if (measured.length < stageMs.length || !this.#hasChanged(measured)) return undefined;
    this.#isAsking = true;
    this.#askedAtMs = nowMs;
    this.#askedOfMs = measured;
    try {
      const better = await plan();
      const question = { currentMs: Math.max(...measured), plannedMs: better.bottleneckMs, moveMs };
      return paysToRecut({ ...question, remainingItemCount: remainingItemCount() }) ? better : undefined;
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
