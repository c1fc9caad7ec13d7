import { expect, it } from "vitest";
import { itemOutputs } from "../../../src/jobs/item-outputs.js";
import { raggedOf } from "../../../src/protocol/outputs.js";
import type { Tensor } from "../../../src/protocol/tensors.js";

const floats = (shape: number[], ...values: number[]): Tensor => ({
  dtype: "float32",
  shape,
  data: new Float32Array(values),
});

it("takes one item out of each output, as a batch of one", () => {
  const outputs = {
    scores: floats([3, 2], 1, 2, 3, 4, 5, 6),
    names: { dtype: "string", shape: [3], data: ["a", "b", "c"] } as Tensor,
  };
  expect(itemOutputs(outputs, 1, 3)).toEqual({
    scores: floats([1, 2], 3, 4),
    names: { dtype: "string", shape: [1], data: ["b"] },
  });
});

it("also where the items' shapes differ: with an axis for the batch in any case", () => {
  const items = [floats([1, 2, 4], ...Array<number>(8).fill(7)), floats([0, 4]), floats([1, 4], 1, 2, 3, 4)];
  const boxes = raggedOf(items);
  expect(itemOutputs({ boxes }, 0, 3)).toEqual({ boxes: floats([1, 2, 4], ...Array<number>(8).fill(7)) });
  expect(itemOutputs({ boxes }, 1, 3)).toEqual({ boxes: floats([1, 0, 4]) });
  expect(itemOutputs({ boxes }, 2, 3)).toEqual({ boxes: floats([1, 4], 1, 2, 3, 4) });
});

it("gives an output without a row for each item whole", () => {
  const sum = floats([2], 5, 6);
  expect(itemOutputs({ sum }, 1, 3)).toEqual({ sum: floats([1, 2], 5, 6) });
  expect(itemOutputs({ sum: floats([], 5) }, 2, 3)).toEqual({ sum: floats([1], 5) });
});
