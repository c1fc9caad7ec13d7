import { expect, it } from "vitest";
import { seededRandom } from "../../../../src/core/random.js";
import {
  countResult,
  createSchedule,
  isDue,
  scheduleNext,
  type CheckPolicy,
} from "../../../../src/core/verify/check-schedule.js";

/** Which of the results 1 … count are checked. @param atMs when each is there. */
function checked(policy: CheckPolicy, count: number, seed = 1, atMs: (result: number) => number = () => 0): number[] {
  const random = seededRandom(seed);
  let schedule = createSchedule(policy, random(), 0);
  const results: number[] = [];
  for (let result = 1; result <= count; result++) {
    schedule = countResult(schedule, atMs(result));
    if (!isDue(schedule)) continue;
    results.push(result);
    schedule = scheduleNext(schedule, random());
  }
  return results;
}

it("about the fraction is checked, never far apart, and at other places for another seed", () => {
  for (const fraction of [0.01, 0.1, 0.3, 0.7]) {
    const results = checked({ fraction, hasProbation: false }, 10_000);
    expect(results.length / 10_000).toBeGreaterThan(0.85 * fraction);
    expect(results.length / 10_000).toBeLessThan(1.15 * fraction + 0.02);
    expect(results[0]!).toBeLessThanOrEqual(Math.ceil(1 / fraction));
    const gaps = results.slice(1).map((result, index) => result - results[index]!);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(Math.ceil(1.5 / fraction));
    expect(results).not.toEqual(checked({ fraction, hasProbation: false }, 10_000, 2));
  }
  expect(checked({ fraction: 1, hasProbation: false }, 5)).toEqual([1, 2, 3, 4, 5]);
  expect(checked({ fraction: 0, hasProbation: false }, 100)).toEqual([]);
});

it("on probation the first are checked, then ever fewer, and again after a long pause", () => {
  const policy = { fraction: 0, hasProbation: true };
  expect(checked(policy, 70)).toEqual([1, 2, 4, 8, 16, 32, 48, 64]);
  const pausing = (result: number): number => (result > 20 ? 100_000 : 0);
  expect(checked(policy, 30, 1, pausing)).toEqual([1, 2, 4, 8, 16, 21, 22, 24, 28]);
});
