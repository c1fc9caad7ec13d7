import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { capacityProportionalShares, equalShares, roundShares } from "../../../../src/core/dispatch/policies.js";
import { makespanMs, planShares } from "../../../../src/core/dispatch/shares.js";

const capacity = fc.double({ min: 0.01, max: 100, noNaN: true });
const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);

describe("capacityProportionalShares", () => {
  it("gives a worked example by its formula", () => {
    const shares = capacityProportionalShares(1000, [5, 10, 15], [0.2, 0.1, 0.3]);
    expect(shares.map((share) => Number(share.toFixed(1)))).toEqual([153.8, 153.8, 692.3]);
    expect(sum(shares)).toBeCloseTo(1000, 9);
  });

  it("is the zero-overhead case of the makespan plan", () => {
    const workers = fc.array(fc.tuple(capacity, capacity), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100_000 }), workers, (total, workers) => {
        const shares = capacityProportionalShares(
          total,
          workers.map(([c]) => c),
          workers.map(([, t]) => t),
        );
        const costs = workers.map(([c, t]) => ({ overheadMs: 0, msPerItem: 1 / (c * t) }));
        const counts = planShares(total, costs);
        // All finish together, at a time that no whole-item plan can beat. The exact plan is within one item of it.
        const times = shares.map((share, index) => share * costs[index]!.msPerItem);
        for (const time of times) expect(time / times[0]!).toBeCloseTo(1, 9);
        const slowest = Math.max(...costs.map((cost) => cost.msPerItem));
        expect(makespanMs(counts, costs)).toBeGreaterThanOrEqual(times[0]! * (1 - 1e-9));
        expect(makespanMs(counts, costs)).toBeLessThanOrEqual(times[0]! + slowest * (1 + 1e-9));
        counts.forEach((count, index) => expect(count).toBeGreaterThan(shares[index]! - 1 - 1e-6));
      }),
    );
  });

  it("refuses what has no answer", () => {
    expect(() => capacityProportionalShares(10, [0, 0], [1, 1])).toThrow("some capacity");
    expect(() => capacityProportionalShares(10, [1], [1, 1])).toThrow("one available time per capability");
    expect(() => capacityProportionalShares(10, [1, -1], [1, 1])).toThrow("capability of worker 1");
    expect(capacityProportionalShares(0, [0, 0], [1, 1])).toEqual([0, 0]);
  });
});

describe("roundShares", () => {
  it("keeps the total and stays within one of every share", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 10_000 }),
        fc.array(capacity, { minLength: 1, maxLength: 30 }),
        (total, capacities) => {
          const shares = capacityProportionalShares(
            total,
            capacities,
            capacities.map(() => 1),
          );
          const counts = roundShares(shares, total);
          expect(sum(counts)).toBe(total);
          counts.forEach((count, index) => expect(Math.abs(count - shares[index]!)).toBeLessThan(1 + 1e-6));
        },
      ),
    );
  });

  it("gives what is left to the largest remainders, the first among equals", () => {
    expect(roundShares([0.5, 1.2, 2.8, 0.5], 5)).toEqual([1, 1, 3, 0]);
    expect(() => roundShares([1, 1], 9)).toThrow("sum to about 9");
  });
});

describe("equalShares", () => {
  it("differs by at most one, like dealing round robin", () => {
    expect(equalShares(10, 4)).toEqual([3, 3, 2, 2]);
    expect(equalShares(2, 4)).toEqual([1, 1, 0, 0]);
    expect(equalShares(0, 0)).toEqual([]);
    expect(() => equalShares(1, 0)).toThrow("at least one worker");
  });
});
