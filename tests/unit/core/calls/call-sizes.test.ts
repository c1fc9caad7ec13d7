import { describe, expect, it } from "vitest";
import { createCallSizes, limitCalls, nextCallItemCount, observeCall } from "../../../../src/core/calls/call-sizes.js";
import { seededRandom } from "../../../../src/core/random.js";

interface Worked {
  /** The size in use after each shard. */
  readonly sizes: readonly number[];
  readonly ms: number;
  /** Time of the same items in calls of the best size only. */
  readonly bestMs: number;
}

interface Work {
  /** ms per item in a call of n items. */
  readonly cost: (n: number) => number;
  readonly shardItemCount: number;
  readonly shardCount: number;
  readonly hint?: number | undefined;
  /** Calls take a uniform 1 ± noise times as long. */
  readonly noise?: number;
  /** How much slower the machine is at this part, 0…1, of the work. */
  readonly pace?: (part: number) => number;
  /** Extra ms of the first call of a size. */
  readonly setUpMs?: number;
  readonly seed?: number;
}

/** Carry out shards in calls of the chosen sizes on a virtual clock. */
function work({
  cost,
  shardItemCount,
  shardCount,
  hint,
  noise = 0,
  pace = () => 1,
  setUpMs = 0,
  seed = 1,
}: Work): Worked {
  const random = seededRandom(seed);
  const run = new Set<number>();
  const best = Math.min(
    ...Array.from({ length: 13 }, (_, bits) => 2 ** bits)
      .filter((n) => n <= shardItemCount)
      .map(cost),
  );
  let calls = createCallSizes(hint);
  let ms = 0;
  let bestMs = 0;
  const sizes: number[] = [];
  for (let shard = 0; shard < shardCount; shard++) {
    for (let left = shardItemCount; left > 0;) {
      const n = nextCallItemCount(calls, left);
      const speed = pace(shard / shardCount) * (1 + noise * (2 * random() - 1));
      const callMs = n * cost(n) * speed + (run.has(n) ? 0 : setUpMs);
      run.add(n);
      ms += callMs;
      bestMs += n * best * speed;
      calls = observeCall(calls, n, callMs, shardItemCount);
      left -= n;
    }
    sizes.push(calls.itemCount);
  }
  return { sizes, ms, bestMs };
}

/** An overhead for each call, and a cache that holds so many items. */
const overhead = (ms: number) => (n: number) => 1 + ms / n;
const cached = (itemCount: number) => (n: number) => 1 + 0.6 / n + (n > itemCount ? 0.4 * Math.log2(n / itemCount) : 0);

describe("call sizes", () => {
  it("grow to what fits into a shard where an overhead falls on every call", () => {
    const { sizes, ms, bestMs } = work({ cost: overhead(20), shardItemCount: 256, shardCount: 40 });
    expect(sizes.at(-1)).toBeGreaterThanOrEqual(128);
    expect(ms / bestMs).toBeLessThan(1.07);
  });

  it("stay at one item where each further one costs more", () => {
    const { sizes, ms, bestMs } = work({ cost: (n) => 1 + 0.1 * Math.log2(n), shardItemCount: 100, shardCount: 50 });
    expect(sizes.at(-1)).toBe(1);
    expect(ms / bestMs).toBeLessThan(1.01);
  });

  it.each([1, 2, 4, 8, 32, 64])("find the bottom of a valley at %i items, from below and from above", (bottom) => {
    for (const hint of [undefined, 256]) {
      const cost = cached(bottom);
      const { sizes, ms, bestMs } = work({ cost, shardItemCount: 512, shardCount: 100, hint });
      const best = Math.min(cost(bottom), cost(2 * bottom), cost(bottom / 2 || 1));
      expect(cost(sizes.at(-1)!) / best).toBeLessThan(1.06);
      // A hint that is far off costs more, once.
      expect(ms / bestMs).toBeLessThan(hint === undefined ? 1.05 : 1.1);
    }
  });

  it("stay where every size is as quick, and pay nothing for trying", () => {
    const { sizes, ms, bestMs } = work({ cost: () => 1, shardItemCount: 64, shardCount: 100, hint: 8 });
    expect(new Set(sizes)).toEqual(new Set([8]));
    expect(ms / bestMs).toBeCloseTo(1);
  });

  it("are found although every call varies by 40 %", () => {
    for (let seed = 1; seed <= 20; seed++) {
      const cost = cached(16);
      const { sizes, ms, bestMs } = work({ cost, shardItemCount: 256, shardCount: 300, noise: 0.4, seed });
      expect(cost(sizes.at(-1)!) / cost(16)).toBeLessThan(1.25);
      expect(ms / bestMs).toBeLessThan(1.08);
    }
  });

  it("are found while the machine becomes three times as slow, and quick again", () => {
    const pace = (part: number) => 2 - Math.cos(12 * Math.PI * part);
    const { sizes, ms, bestMs } = work({ cost: cached(8), shardItemCount: 128, shardCount: 200, pace, noise: 0.1 });
    expect([4, 8, 16]).toContain(sizes.at(-1));
    expect(ms / bestMs).toBeLessThan(1.05);
  });

  it("are not misled by what the first call of a size takes", () => {
    const { sizes } = work({ cost: overhead(10), shardItemCount: 64, shardCount: 40, setUpMs: 500 });
    expect(sizes.at(-1)).toBeGreaterThanOrEqual(32);
  });

  it("change when what is quickest changes", () => {
    let isChanged = false;
    const cost = (n: number) => (isChanged ? overhead(20)(n) : cached(1)(n));
    const pace = (part: number) => {
      isChanged = part > 0.3;
      return 1;
    };
    const { sizes } = work({ cost, shardItemCount: 128, shardCount: 400, pace });
    expect(sizes[100]).toBe(1);
    expect(sizes.at(-1)).toBeGreaterThanOrEqual(64);
  });

  it("cost at most a few per cent where a neighbour is twice as slow", () => {
    const cost = (n: number) => (n === 8 ? 1 : 2);
    const { sizes, ms, bestMs } = work({ cost, shardItemCount: 128, shardCount: 200, hint: 8 });
    expect(sizes.at(-1)).toBe(8);
    expect(ms / bestMs).toBeLessThan(1.03);
  });

  it("begin with a hint, and leave no small rest of a shard to a call of its own", () => {
    expect(nextCallItemCount(createCallSizes(64), 1000)).toBe(64);
    expect(nextCallItemCount(createCallSizes(64), 65)).toBe(65);
    expect(nextCallItemCount(createCallSizes(64), 96)).toBe(64);
    expect(nextCallItemCount(createCallSizes(64), 3)).toBe(3);
    expect(nextCallItemCount(createCallSizes(100), 1000)).toBe(64);
    expect(nextCallItemCount(createCallSizes(), 1000)).toBe(1);
  });

  it("are never again as large as one that has run out of memory", () => {
    let calls = limitCalls(createCallSizes(64), 64);
    for (let call = 0; call < 2000; call++) {
      const n = nextCallItemCount(calls, 1000);
      expect(n).toBeLessThanOrEqual(32);
      calls = observeCall(calls, n, n + 50, 1000);
    }
    expect(calls.itemCount).toBe(32);
    expect(limitCalls(calls, 1).itemCount).toBe(1);
  });
});
