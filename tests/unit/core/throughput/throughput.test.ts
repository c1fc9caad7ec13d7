import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { seededRandom } from "../../../../src/core/random.js";
import type { Throughput } from "../../../../src/core/throughput/types.js";
import { createThroughput, hasRunSize, observe, predictMs } from "../../../../src/core/throughput/throughput.js";

const warm = (prior?: Parameters<typeof createThroughput>[0]): Throughput =>
  observe(createThroughput(prior), { itemCount: 1, serviceMs: 5000 });

/** Observe `count` shards of a worker that takes `ms(n)` · (1 ± noise). */
function run(
  from: Throughput,
  count: number,
  ms: (n: number) => number,
  size: (k: number) => number,
  noise = 0,
  random = seededRandom(1),
): Throughput {
  let throughput = from;
  for (let k = 0; k < count; k++) {
    const itemCount = size(k);
    const serviceMs = ms(itemCount) * (1 + noise * (2 * random() - 1));
    throughput = observe(throughput, { itemCount, serviceMs });
  }
  return throughput;
}

describe("Throughput", () => {
  it("drops the first sample as warm-up, but remembers its size", () => {
    const fresh = createThroughput();
    expect(predictMs(fresh, 10)).toBeUndefined();
    const once = observe(fresh, { itemCount: 3, serviceMs: 900 });
    expect(once).toMatchObject({ sampleCount: 0, maxItemCount: 3, itemsPerSecond: undefined });
    expect(hasRunSize(once, 2)).toBe(true);
    expect(hasRunSize(once, 4)).toBe(false);
    expect(predictMs(observe(once, { itemCount: 2, serviceMs: 8 }), 4)).toBeCloseTo(16, 6);
  });

  it("recovers overhead and ms per item from noiseless samples", () => {
    const learned = run(
      warm(),
      40,
      (n) => 12 + 0.7 * n,
      (k) => 10 + ((k * 37) % 90),
    );
    expect(learned.overheadMs).toBeCloseTo(12, 0);
    expect(learned.msPerItem).toBeCloseTo(0.7, 1);
    expect(predictMs(learned, 60)! / 54).toBeCloseTo(1, 2);
    expect(learned.changeCount).toBe(0);
  });

  it("agrees with batch weighted least squares while nothing is forgotten", () => {
    const sample = fc.tuple(fc.integer({ min: 1, max: 100 }), fc.double({ min: 0.9, max: 1.1, noNaN: true }));
    const params = fc.record({
      overheadMs: fc.double({ min: 0, max: 20, noNaN: true }),
      msPerItem: fc.double({ min: 0.1, max: 5, noNaN: true }),
      samples: fc.array(sample, { minLength: 2, maxLength: 18 }),
    });
    fc.assert(
      fc.property(params, ({ overheadMs, msPerItem, samples }) => {
        let throughput = warm();
        const rows: { n: number; y: number; weight: number }[] = [];
        let largest = 0;
        for (const [n, factor] of samples) {
          const y = (overheadMs + msPerItem * n) * factor;
          const predicted = predictMs(throughput, n);
          const scale = predicted === undefined || n > 2 * largest ? y : predicted;
          largest = Math.max(largest, n);
          rows.push({ n, y, weight: 1 / scale ** 2 });
          throughput = observe(throughput, { itemCount: n, serviceMs: y });
          if (throughput.suspectRatio !== 1 || throughput.changeCount > 0) return; // another estimator from here on
        }
        // The ridge is one more row: overhead alone observed as 0, at 0.05 of the mean weight.
        const ridge = (0.05 * rows.reduce((sum, row) => sum + row.weight, 0)) / rows.length;
        const loss = (o: number, m: number) =>
          rows.reduce((sum, { n, y, weight }) => sum + weight * (y - o - m * n) ** 2, ridge * o * o);
        const best = loss(throughput.overheadMs!, throughput.msPerItem!);
        // Convex: no step in any direction that keeps both ≥ 0 may be better.
        for (const [dO, dM] of [
          [1, 0],
          [-1, 0],
          [0, 1],
          [0, -1],
          [1, -0.02],
          [-1, 0.02],
          [1, -1],
          [-1, 1],
        ] as const) {
          for (const size of [1e-3, 1e-1]) {
            const o = Math.max(0, throughput.overheadMs! + dO * size);
            const m = Math.max(0, throughput.msPerItem! + dM * size);
            expect(loss(o, m)).toBeGreaterThanOrEqual(best * (1 - 1e-9) - 1e-12);
          }
        }
      }),
    );
  });

  it.each([4, 0.25, 2, 1.5, 1 / 1.5])("learns a step of ×%d within two shards", (factor) => {
    for (const overheadMs of [0, 10]) {
      const ms = (n: number) => overheadMs + n;
      const before = run(warm(), 50, ms, (k) => (k < 4 ? 4 ** k : 90));
      const after = run(
        before,
        2,
        (n) => factor * ms(n),
        () => 90,
      );
      expect(after.changeCount).toBe(before.changeCount + 1);
      expect(predictMs(after, 90)! / (factor * ms(90))).toBeCloseTo(1, 2);
      // Both coefficients scaled: other sizes are predicted, too.
      expect(predictMs(after, 20)! / (factor * ms(20))).toBeCloseTo(1, 0);
    }
  });

  it("learns a step of ×4 within two shards under ±20 % noise, whatever the seed", () => {
    for (let seed = 1; seed <= 200; seed++) {
      const random = seededRandom(seed);
      const before = run(
        warm(),
        60,
        (n) => n,
        () => 100,
        0.2,
        random,
      );
      const after = run(
        before,
        2,
        (n) => 4 * n,
        () => 100,
        0.2,
        random,
      );
      expect(predictMs(after, 100)! / 400).toBeGreaterThan(0.75);
      expect(predictMs(after, 100)! / 400).toBeLessThan(1.25);
    }
  });

  it("finds a lasting shift of ×1.2 by its drift, within a dozen shards", () => {
    for (let seed = 1; seed <= 50; seed++) {
      const random = seededRandom(seed);
      const before = run(
        warm(),
        60,
        (n) => n,
        () => 100,
        0.05,
        random,
      );
      const after = run(
        before,
        12,
        (n) => 1.2 * n,
        () => 100,
        0.05,
        random,
      );
      expect(predictMs(after, 100)! / 120).toBeGreaterThan(0.96);
    }
  });

  it("is not moved by ±20 % noise", () => {
    let changeCount = 0;
    for (let seed = 1; seed <= 50; seed++) {
      const random = seededRandom(seed);
      let throughput = run(
        warm(),
        20,
        (n) => 5 + n,
        () => 95,
        0.2,
        random,
      );
      for (let k = 0; k < 300; k++) {
        throughput = run(
          throughput,
          1,
          (n) => 5 + n,
          () => 95,
          0.2,
          random,
        );
        expect(Math.abs(predictMs(throughput, 95)! / 100 - 1)).toBeLessThan(0.13);
      }
      changeCount += throughput.changeCount;
    }
    expect(changeCount / (50 * 320)).toBeLessThan(0.002); // false alarms per shard
  });

  it("hardly moves for a single outlier", () => {
    const before = run(
      warm(),
      30,
      (n) => n,
      () => 100,
    );
    const hit = observe(before, { itemCount: 100, serviceMs: 900 });
    expect(hit.suspectRatio).toBeCloseTo(9, 6);
    const after = run(
      hit,
      1,
      (n) => n,
      () => 100,
    );
    expect(after.suspectRatio).toBe(1);
    expect(after.changeCount).toBe(0);
    expect(predictMs(after, 100)).toBeLessThan(103);
  });

  it("keeps the overhead that other shard sizes showed, however long only one size follows", () => {
    const taught = run(
      warm(),
      30,
      (n) => 20 + n,
      (k) => [5, 20, 80][k % 3]!,
    );
    const later = run(
      taught,
      500,
      (n) => 20 + n,
      () => 80,
    );
    expect(predictMs(later, 5)! / 25).toBeCloseTo(1, 1);
  });

  it("starts from a prior, and forgets it when it is wrong", () => {
    const prior = createThroughput({ overheadMs: 10, msPerItem: 1 });
    expect(predictMs(prior, 50)).toBeCloseTo(60, 0);
    expect(prior.sampleCount).toBe(0);
    const wrong = run(
      warm({ overheadMs: 10, msPerItem: 1 }),
      2,
      (n) => 5 * (10 + n),
      () => 50,
    );
    expect(predictMs(wrong, 50)! / 300).toBeCloseTo(1, 1);
    const right = run(
      warm({ overheadMs: 10, msPerItem: 1 }),
      2,
      (n) => 1.1 * (10 + n),
      () => 50,
    );
    expect(predictMs(right, 50)).toBeGreaterThan(60);
    expect(predictMs(right, 50)).toBeLessThan(66);
  });

  it("never predicts a negative number", () => {
    const samples = fc.array(
      fc.record({
        itemCount: fc.integer({ min: 1, max: 1e6 }),
        serviceMs: fc.double({ min: 0, max: 1e7, noNaN: true }),
      }),
    );
    fc.assert(
      fc.property(samples, (samples) => {
        const throughput = samples.reduce(observe, createThroughput());
        if (throughput.overheadMs === undefined) return;
        expect(throughput.overheadMs).toBeGreaterThanOrEqual(0);
        expect(throughput.msPerItem).toBeGreaterThanOrEqual(0);
        expect(predictMs(throughput, 1)).toBeGreaterThan(0);
        expect(Number.isFinite(predictMs(throughput, 1e6))).toBe(true);
      }),
    );
  });

  it("is plain data, and refuses invalid samples", () => {
    const learned = run(
      warm(),
      10,
      (n) => n,
      () => 10,
    );
    expect(structuredClone(learned)).toEqual(learned);
    expect(() => observe(learned, { itemCount: 0, serviceMs: 1 })).toThrow("itemCount ≥ 1");
    expect(() => observe(learned, { itemCount: 1, serviceMs: Number.NaN })).toThrow("NaN");
    expect(() => createThroughput({ overheadMs: -1, msPerItem: 1 })).toThrow("prior");
  });
});
