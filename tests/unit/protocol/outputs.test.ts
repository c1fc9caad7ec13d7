import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  denseShape,
  joinItems,
  raggedOf,
  sameShape,
  splitItems,
  tensorsOf,
  toOutputValue,
} from "../../../src/protocol/outputs.js";
import type { Tensor } from "../../../src/protocol/tensors.js";
import { counting, dtypes, shapes } from "../../fixtures/tensors.js";

/** Tensors as a model gives them for single items, mostly alike. */
const items: fc.Arbitrary<Tensor[]> = fc
  .record({ dtype: dtypes, shape: shapes(3), odd: fc.option(shapes(3)) })
  .chain(({ dtype, shape, odd }) =>
    fc
      .array(fc.boolean(), { minLength: 1, maxLength: 6 })
      .map((alike) => alike.map((is, i) => counting(dtype, is || odd === null ? shape : odd, 100 * i))),
  );

describe("joinItems", () => {
  it("splitItems takes it apart again, bit for bit", () => {
    fc.assert(
      fc.property(items, (tensors) => {
        expect(splitItems(joinItems(tensors))).toEqual(tensors);
      }),
    );
  });

  it("is dense where all shapes and dtypes agree, else ragged", () => {
    fc.assert(
      fc.property(items, (tensors) => {
        const [first] = tensors as [Tensor];
        const joined = joinItems(tensors);
        const agree = tensors.every(({ shape }) => JSON.stringify(shape) === JSON.stringify(first.shape));
        expect(joined.kind).toBe(agree ? "dense" : "ragged");
        if (joined.kind === "ragged") {
          expect(toOutputValue(joined)).toMatchObject({ dtype: "ragged", items: tensors });
          return;
        }
        expect(joined.tensor.shape).toEqual(denseShape(first.shape, tensors.length));
        expect([...joined.tensor.data]).toEqual(tensors.flatMap(({ data }) => [...data]));
        expect(toOutputValue(joined)).toBe(joined.tensor);
      }),
    );
  });

  it("states what the shapes of ragged items have in common", () => {
    const shapeOf = (...shapes: number[][]) => raggedOf(shapes.map((shape) => counting("float32", shape))).shape;
    expect(shapeOf([1, 2, 4], [1, 0, 4], [1, 7, 4])).toEqual([3, -1, 4]);
    // One box has lost its leading 1 to the axis of the boxes.
    expect(shapeOf([3, 4], [1, 4])).toEqual([2]);
    expect(shapeOf([2], [1, 2, 3])).toEqual([2]);
    expect(shapeOf()).toEqual([0]);
  });

  it("differing dtypes are ragged", () => {
    expect(joinItems([counting("float32", [1, 2]), counting("int32", [1, 2])]).kind).toBe("ragged");
  });

  it("joins items without elements", () => {
    const joined = joinItems([counting("float32", [1, 0, 4]), counting("float32", [1, 0, 4])]);
    expect(toOutputValue(joined)).toEqual({ dtype: "float32", shape: [2, 0, 4], data: new Float32Array(0) });
    expect(splitItems(joined).map(({ shape }) => shape)).toEqual([
      [1, 0, 4],
      [1, 0, 4],
    ]);
  });
});

it("denseShape: a leading 1 is the batch, anything else gets an axis", () => {
  expect([[1, 5], [5], [], [1], [2, 3], [0, 4]].map((shape) => denseShape(shape, 3))).toEqual([
    [3, 5],
    [3, 5],
    [3],
    [3],
    [3, 2, 3],
    [3, 0, 4],
  ]);
});

it("sameShape compares rank and sizes", () => {
  expect(sameShape([], [])).toBe(true);
  expect(sameShape([1, 2], [1, 2])).toBe(true);
  expect(sameShape([1, 2], [1, 2, 1])).toBe(false);
  expect(sameShape([1, 2], [2, 1])).toBe(false);
});

it("tensorsOf lists what is inside", () => {
  const one = counting("float32", [1, 2]);
  const other = counting("float32", [1, 3]);
  expect(tensorsOf(joinItems([one, one]))).toHaveLength(1);
  expect(tensorsOf(joinItems([one, other]))).toEqual([one, other]);
});
