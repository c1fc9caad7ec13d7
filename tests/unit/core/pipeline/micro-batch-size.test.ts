import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sizeMicroBatch, type MicroBatchProblem } from "../../../../src/core/pipeline/micro-batch-size.js";

const plain: MicroBatchProblem = {
  itemCount: 1000,
  stageCount: 2,
  msPerItem: 1,
  overheadMs: 1,
  quantumMs: 1e9,
  isTrial: false,
  powersOfTwo: false,
};

/** When the last item leaves, with micro-batches of m items. */
function makespanMs({ itemCount, stageCount, msPerItem, overheadMs }: MicroBatchProblem, m: number): number {
  return (itemCount! / m + stageCount - 1) * (overheadMs + m * msPerItem!);
}

describe("items per micro-batch", () => {
  it("is within 2 % of the best of all sizes", () => {
    const arbitrary = fc.record({
      itemCount: fc.integer({ min: 1, max: 5000 }),
      stageCount: fc.integer({ min: 1, max: 8 }),
      msPerItem: fc.double({ min: 0.01, max: 50, noNaN: true }),
      overheadMs: fc.double({ min: 0, max: 20, noNaN: true }),
    });
    fc.assert(
      fc.property(arbitrary, (costs) => {
        const problem = { ...plain, ...costs };
        const best = Math.min(...Array.from({ length: costs.itemCount }, (_, i) => makespanMs(problem, i + 1)));
        expect(makespanMs(problem, sizeMicroBatch(problem))).toBeLessThanOrEqual(1.02 * best + 1e-9);
      }),
      { numRuns: 300 },
    );
  });

  it("keeps to the quantum, to the items there are, and to powers of two where asked", () => {
    expect(sizeMicroBatch({ ...plain, overheadMs: 1e6, quantumMs: 40, msPerItem: 3 })).toBe(13);
    expect(sizeMicroBatch({ ...plain, overheadMs: 1e6, quantumMs: 40, msPerItem: 3, powersOfTwo: true })).toBe(8);
    expect(sizeMicroBatch({ ...plain, overheadMs: 1e6, quantumMs: 40, msPerItem: 3, isTrial: true })).toBe(7);
    expect(sizeMicroBatch({ ...plain, itemCount: 5, msPerItem: 0 })).toBe(5);
    expect(sizeMicroBatch({ ...plain, itemCount: undefined, quantumMs: 100, msPerItem: 7 })).toBe(14);
    expect(sizeMicroBatch({ ...plain, quantumMs: 1, msPerItem: 7 })).toBe(1);
  });

  it("tries one item while nothing is known, and refuses invalid costs", () => {
    expect(sizeMicroBatch({ ...plain, msPerItem: undefined })).toBe(1);
    expect(() => sizeMicroBatch({ ...plain, msPerItem: -1 })).toThrow(/finite costs/);
    expect(() => sizeMicroBatch({ ...plain, stageCount: 0 })).toThrow(/at least one stage/);
  });
});
