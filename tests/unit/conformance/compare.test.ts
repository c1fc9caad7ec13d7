import { describe, expect, it } from "vitest";
import { raggedOf } from "../../../src/protocol/outputs.js";
import type { OutputValue, Tensor } from "../../../src/protocol/tensors.js";
import { isBatch, joinSingles, outputsDifference } from "../../conformance/compare.js";
import { planCuts } from "../../conformance/cut-plans.js";

const float = (shape: number[], ...values: number[]): Tensor => ({
  dtype: "float32",
  shape,
  data: Float32Array.from(values),
});
const gap = (a: OutputValue, b: OutputValue) => outputsDifference({ y: a }, { y: b }, ["y"]);

describe("what counts as a difference", () => {
  it("is 0 for the same bits alone, and relative to the largest value otherwise", () => {
    expect(gap(float([2], 1, -4), float([2], 1, -4))).toBe(0);
    expect(gap(float([2], 1, NaN), float([2], 1, NaN))).toBe(0);
    expect(gap(float([2], 1, -4), float([2], 1.5, -4))).toBe(0.125);
    expect(gap(float([1], 0), float([1], -0))).toBeGreaterThan(0);
  });

  it("is infinite for other shapes, dtypes, counts of items and names, and for what is not finite on one side", () => {
    expect(gap(float([2], 1, 2), float([1, 2], 1, 2))).toBe(Infinity);
    expect(gap(float([1], 1), { dtype: "int32", shape: [1], data: Int32Array.of(1) })).toBe(Infinity);
    expect(gap(float([1], NaN), float([1], 1))).toBe(Infinity);
    expect(gap(raggedOf([float([1], 1)]), raggedOf([float([1], 1), float([1], 1)]))).toBe(Infinity);
    expect(outputsDifference({ x: float([1], 1) }, { y: float([1], 1) }, ["y"])).toBe(Infinity);
  });

  it("does not depend on whether items come joined", () => {
    const items = [float([1, 2], 1, 2), float([1, 2], 3, 4)];
    expect(joinSingles(items)).toEqual(float([2, 2], 1, 2, 3, 4));
    expect(joinSingles([float([2], 1, 2), float([2], 3, 4)])).toEqual(float([2, 2], 1, 2, 3, 4));
    expect(joinSingles([float([1], 1), float([2], 3, 4)])).toBeUndefined();
    expect(gap(raggedOf(items), float([2, 2], 1, 2, 3, 4))).toBe(0);
  });

  it("a batch has a row for each item, near to what the item gives alone", () => {
    const singles = [[float([1, 1], 1)], [float([1, 1], 2)]];
    expect(isBatch([float([2, 1], 1, 2.0001)], singles)).toBe(true);
    expect(isBatch([float([2, 1], 1, 2.1)], singles)).toBe(false);
    expect(isBatch([float([1, 1], 1)], singles)).toBe(false);
  });
});

describe("which cuts are tried", () => {
  const model = (...ms: number[]) => ({
    layers: ms.map((each, index) => {
      const unknown = { outputBytes: undefined, flops: undefined };
      return { name: `layer ${index}`, op: "Neg", weightBytes: 0, ms: each, ...unknown };
    }),
    cuts: ms.slice(1).map((_, index) => ({ layer: index + 1, liveBytes: index === 4 ? 1 : 100 })),
  });

  it("the narrowest and the most balanced first, all where there are few, stages of like time", () => {
    const plans = planCuts(model(8, 1, 1, 1, 1, 1, 1, 1, 1), 60);
    expect(plans.singles.slice(0, 2)).toEqual([5, 1]);
    expect(plans.singles.toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(plans.three).toEqual([1, 4]);
    expect(plans.four).toEqual([1, 2, 5]);
  });

  it("no more than are asked for, and none where there are none", () => {
    const plans = planCuts(model(...Array.from({ length: 500 }, () => 1)), 60);
    expect(new Set(plans.singles).size).toBe(60);
    expect(plans.three).toEqual([167, 333]);
    expect(planCuts(model(1), 60)).toEqual({ singles: [], three: undefined, four: undefined });
    expect(planCuts(model(1, 1), 60)).toMatchObject({ singles: [1], three: undefined });
  });
});
