import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ShardError } from "../../../../src/core/errors.js";
import { seededRandom } from "../../../../src/core/random.js";
import { makespanMs, planShares, waterLevelMs, type ShareCost } from "../../../../src/core/dispatch/shares.js";

/** Oracle: try every composition of `itemCount` over the workers. */
function bruteForceMakespanMs(itemCount: number, costs: readonly ShareCost[]): number {
  let best = Infinity;
  const counts = costs.map(() => 0);
  const place = (worker: number, left: number): void => {
    if (worker === costs.length - 1) {
      counts[worker] = left;
      best = Math.min(best, makespanMs(counts, costs));
      return;
    }
    for (let count = 0; count <= left; count++) {
      counts[worker] = count;
      place(worker + 1, left - count);
    }
  };
  place(0, itemCount);
  return best;
}

/** Oracle: the linear programme's optimum by bisection, which shares no code with the Newton iteration. */
function bisectLevelMs(itemCount: number, costs: readonly ShareCost[]): number {
  let low = 0;
  let high = Math.max(...costs.map((cost) => cost.overheadMs + itemCount * cost.msPerItem));
  for (let pass = 0; pass < 200; pass++) {
    const level = (low + high) / 2;
    const done = costs.reduce((sum, { overheadMs, msPerItem }) => {
      if (level < overheadMs) return sum;
      return sum + (msPerItem === 0 ? Infinity : (level - overheadMs) / msPerItem);
    }, 0);
    if (done >= itemCount) high = level;
    else low = level;
  }
  return high;
}

/** Small whole numbers make ties and zeros common. */
const tyingCost = fc.record({ overheadMs: fc.integer({ min: 0, max: 6 }), msPerItem: fc.integer({ min: 0, max: 4 }) });
const anyAmount = fc.double({ min: 0, max: 1e6, noNaN: true });
const anyCost = fc.record({ overheadMs: anyAmount, msPerItem: anyAmount });

describe("planShares", () => {
  it("is exactly as good as brute force, ties and zeros included", () => {
    const costs = fc.array(fc.oneof(tyingCost, anyCost), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 9 }), costs, (itemCount, costs) => {
        const counts = planShares(itemCount, costs);
        expect(counts.reduce((a, b) => a + b, 0)).toBe(itemCount);
        expect(makespanMs(counts, costs)).toBe(bruteForceMakespanMs(itemCount, costs));
      }),
      { numRuns: 2000 },
    );
  });

  it("is within one item of the linear programme on large cases", () => {
    const cost = fc.record({
      overheadMs: fc.double({ min: 0, max: 1e3, noNaN: true }),
      msPerItem: fc.double({ min: 1e-3, max: 1e3, noNaN: true }),
    });
    const costs = fc.array(cost, { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1_000_000 }), costs, (itemCount, costs) => {
        const counts = planShares(itemCount, costs);
        expect(counts.reduce((a, b) => a + b, 0)).toBe(itemCount);
        expect(counts.every((count) => Number.isSafeInteger(count) && count >= 0)).toBe(true);
        const bound = bisectLevelMs(itemCount, costs);
        expect(waterLevelMs(itemCount, costs)).toBeCloseTo(itemCount === 0 ? 0 : bound, 5);
        const slowest = Math.max(...costs.map((cost) => cost.msPerItem));
        const makespan = makespanMs(counts, costs);
        expect(makespan).toBeGreaterThanOrEqual(itemCount === 0 ? 0 : bound * (1 - 1e-9));
        expect(makespan).toBeLessThanOrEqual(bound + slowest + 1e-6);
      }),
    );
  });

  it("leaves out a worker whose overhead is not worth paying", () => {
    const costs = [
      { overheadMs: 0, msPerItem: 1 },
      { overheadMs: 100, msPerItem: 0.1 },
    ];
    expect(planShares(50, costs)).toEqual([50, 0]);
    expect(planShares(1000, costs)[1]).toBeGreaterThan(0);
  });

  it("gives any number of items to a worker of pure overhead", () => {
    const costs = [
      { overheadMs: 0, msPerItem: 1 },
      { overheadMs: 10, msPerItem: 0 },
    ];
    expect(planShares(1e15, costs)).toEqual([10, 1e15 - 10]);
    expect(planShares(5, costs)).toEqual([5, 0]);
  });

  it("survives costs of very different magnitudes", () => {
    const costs = [
      { overheadMs: 1e12, msPerItem: 1e-9 },
      { overheadMs: 0, msPerItem: 1e9 },
      { overheadMs: 0, msPerItem: Number.MIN_VALUE },
    ];
    expect(planShares(1e6, costs)).toEqual([0, 0, 1e6]);
    expect(planShares(1e4, costs.slice(0, 2)).reduce((a, b) => a + b, 0)).toBe(1e4);
  });

  it.each([
    [
      10,
      [
        { overheadMs: 0, msPerItem: 1 },
        { overheadMs: 0, msPerItem: Number.NaN },
      ],
      "msPerItem of worker 1",
      "NaN",
    ],
    [10, [{ overheadMs: -3, msPerItem: 1 }], "overheadMs of worker 0", "-3"],
    [10, [{ overheadMs: Infinity, msPerItem: 1 }], "overheadMs of worker 0", "Infinity"],
    [1.5, [{ overheadMs: 0, msPerItem: 1 }], "whole number", "1.5"],
    [-1, [{ overheadMs: 0, msPerItem: 1 }], "whole number", "-1"],
    [1, [], "at least one worker", "no costs"],
  ])("refuses invalid input %#, naming it", (itemCount, costs, what, received) => {
    const plan = () => planShares(itemCount, costs);
    expect(plan).toThrow(ShardError);
    expect(plan).toThrow(expect.objectContaining({ code: "invalid-cost" }));
    expect(plan).toThrow(what);
    expect(plan).toThrow(received);
  });

  it("plans nothing for no items", () => {
    expect(planShares(0, [])).toEqual([]);
    expect(planShares(0, [{ overheadMs: 5, msPerItem: 1 }])).toEqual([0]);
  });

  it("plans for 10,000 workers in less than 5 ms", () => {
    const random = seededRandom(7);
    const costs = Array.from({ length: 10_000 }, () => ({
      overheadMs: random() * 50,
      msPerItem: 0.1 + random() * 10,
    }));
    const times: number[] = [];
    for (let run = 0; run < 25; run++) {
      const startMs = performance.now();
      planShares(1_000_000 + run, costs);
      times.push(performance.now() - startMs);
    }
    // Take the fastest run, since other work on the machine can only slow it. The benchmark reports the median.
    expect(Math.min(...times)).toBeLessThan(5);
  });
});
