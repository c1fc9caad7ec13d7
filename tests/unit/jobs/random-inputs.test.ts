import { expect, it } from "vitest";
import { ShardError } from "../../../src/core/errors.js";
import { randomInputs } from "../../../src/jobs/random-inputs.js";
import { elementCountOf, type DType } from "../../../src/protocol/tensors.js";

const input = (name: string, shape: number[] | undefined, dtype: DType = "float32") => ({ name, shape, dtype });

it("fills every input as the model declares it", () => {
  const model = {
    inputs: [
      input("image", [-1, 8, -1, 3]),
      input("tokens", [-1, -1], "int32"),
      input("mask", [-1, 4], "bool"),
      input("names", [-1], "string"),
      input("anchors", [5, 2]),
      input("rate", []),
    ],
  } as const;
  const inputs = randomInputs(model, { itemCount: 6, freeSize: 10 });
  expect(Object.fromEntries(Object.entries(inputs).map(([name, { shape }]) => [name, shape]))).toEqual({
    image: [6, 8, 10, 3],
    tokens: [6, 10],
    mask: [6, 4],
    names: [6],
    anchors: [5, 2],
    rate: [],
  });
  for (const spec of model.inputs) {
    const { dtype, shape, data } = inputs[spec.name]!;
    expect([dtype, data.length]).toEqual([spec.dtype, elementCountOf(shape)]);
  }
  const range = (name: string) => Array.from(inputs[name]!.data, Number);
  expect(range("image").every((value) => value >= 0 && value < 1)).toBe(true);
  expect(new Set(range("tokens"))).toEqual(new Set([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]));
  expect(new Set(range("mask"))).toEqual(new Set([0, 1]));
  expect(randomInputs(model, { itemCount: 6, freeSize: 10 })).toEqual(inputs);
  expect(randomInputs(model, { itemCount: 6, freeSize: 10, seed: 2 })).not.toEqual(inputs);
});

it("gives a model fixed at batch 1 as many rows as are wanted", () => {
  const model = { inputs: [input("x", [1, 4, 4, 1])] } as const;
  expect(randomInputs(model, { itemCount: 3, freeSize: 1 }).x!.shape).toEqual([3, 4, 4, 1]);
});

it.each([
  [[-1, 4], { itemCount: 0, freeSize: 1 }, "invalid-options"],
  [[-1, 4], { itemCount: 1, freeSize: 1.5 }, "invalid-options"],
  [[-1, 4000, 4000, 3], { itemCount: 1e6, freeSize: 1 }, "out-of-memory"],
  [undefined, { itemCount: 1, freeSize: 1 }, "model-unsupported"],
] as const)("refuses %j, %j", (shape, options, code) => {
  const run = () => randomInputs({ inputs: [input("x", shape?.slice())] }, options);
  expect(run).toThrow(ShardError);
  expect(run).toThrow(expect.objectContaining({ code }));
});

it("takes a size for each free axis, and names the axis whose size is none", () => {
  const model = { inputs: [input("image", [-1, -1, -1, 3]), input("tokens", [-1, -1], "int32")] } as const;
  const sizes: Record<string, number> = { "image 1": 5, "image 2": 7, "tokens 1": 9 };
  const inputs = randomInputs(model, { itemCount: 2, freeSize: (name, axis) => sizes[`${name} ${axis}`]! });
  expect([inputs.image!.shape, inputs.tokens!.shape]).toEqual([
    [2, 5, 7, 3],
    [2, 9],
  ]);
  const run = () => randomInputs(model, { itemCount: 2, freeSize: (_, axis) => (axis === 2 ? NaN : 1) });
  expect(run).toThrow(/Expected the free size of axis 2 of input "image" to be a whole number ≥ 1, received NaN/);
});
