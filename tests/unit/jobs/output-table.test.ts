import { expect, it } from "vitest";
import { describeOutputs } from "../../../src/jobs/output-table.js";
import { raggedOf } from "../../../src/protocol/outputs.js";
import type { Tensor } from "../../../src/protocol/tensors.js";

const floats = (shape: number[], values: number[]): Tensor => ({
  dtype: "float32",
  shape,
  data: new Float32Array(values),
});

it("ranks what has labels, and what are probabilities", () => {
  const { labelled } = describeOutputs({ labelled: floats([1, 3], [-4, 9, 2]) }, ["a", "b", "c"]);
  expect(labelled).toMatchObject({
    classes: [
      { label: "b", index: 1, score: 9 },
      { label: "c", index: 2, score: 2 },
      { label: "a", index: 0, score: -4 },
    ],
  });
  const { softmax } = describeOutputs({ softmax: floats([1, 4], [0.5, 0.25, 0.125, 0.125]) }, ["of", "another"]);
  expect(softmax).toMatchObject({ classes: [{ label: "0" }, { label: "1" }, { label: "2" }] });
});

it("shows shape and values of anything else", () => {
  expect(describeOutputs({ embedding: floats([1, 5], [3, -1, 7, 7, 0]) })).toEqual({
    embedding: {
      dtype: "float32",
      shape: [5],
      first: [3, -1, 7, 7],
      range: { min: -1, max: 7, mean: 3.2, maxAt: 2, nanCount: 0 },
      classes: undefined,
    },
  });
  expect(describeOutputs({ one: floats([1, 1], [0.7]) }).one).toMatchObject({ shape: [1], classes: undefined });
  expect(describeOutputs({ texts: { dtype: "string", shape: [1, 1], data: ["hello"] } }).texts).toEqual({
    dtype: "string",
    shape: [1],
    first: ["hello"],
    range: undefined,
    classes: undefined,
  });
  // One tensor per item, with nothing in it: a detector that saw nothing.
  expect(describeOutputs({ boxes: raggedOf([floats([1, 0, 4], [])]) }).boxes).toEqual({
    dtype: "float32",
    shape: [0, 4],
    first: [],
    range: undefined,
    classes: undefined,
  });
});

it("shows an output without anything as empty", () => {
  expect(describeOutputs({ boxes: raggedOf([]) }).boxes).toMatchObject({ shape: [0], first: [], range: undefined });
});

it("counts what is not a number", () => {
  const range = (values: number[]) => describeOutputs({ x: floats([1, values.length], values) }).x!.range;
  expect(range([NaN, 2, -Infinity])).toEqual({ min: -Infinity, max: 2, mean: -Infinity, maxAt: 1, nanCount: 1 });
  expect(range([NaN, 3, 4])).toEqual({ min: 3, max: 4, mean: 3.5, maxAt: 2, nanCount: 1 });
  expect(range([NaN, -Infinity])).toMatchObject({ min: -Infinity, max: -Infinity, maxAt: 1, nanCount: 1 });
  expect(range([NaN, NaN])).toEqual({ min: NaN, max: NaN, mean: NaN, maxAt: 0, nanCount: 2 });
});
