import { expect, it } from "vitest";
import type { ShardOutput } from "../../../../src/protocol/outputs.js";
import type { Tensor } from "../../../../src/protocol/tensors.js";
import { compareOutputs, learnScales, rowsOf } from "../../../../src/sharder/verify/compare-outputs.js";

const floats = (...values: number[]): Tensor => ({
  dtype: "float32",
  shape: [values.length],
  data: Float32Array.from(values),
});
const ints = (...values: number[]): Tensor => ({
  dtype: "int32",
  shape: [values.length],
  data: Int32Array.from(values),
});
const texts = (...data: string[]): Tensor => ({ dtype: "string", shape: [data.length], data });
const dense = (tensor: Tensor): ShardOutput => ({ kind: "dense", tensor, itemShape: [1] });
const compare = (a: ShardOutput, b: ShardOutput, options = {}) =>
  compareOutputs({ y: a }, { y: b }, { floor: 0, scales: new Map(), ...options });

it("differences of floats are relative to the largest value of the output", () => {
  expect(compare(dense(floats(1, 2)), dense(floats(1, 2)))).toMatchObject({ isSame: true, relative: 0 });
  const gap = compare(dense(floats(1, 101, -200)), dense(floats(1, 100, -200)));
  expect(gap).toMatchObject({ isSame: false, relative: 1 / 200, worstRow: 1 });
});

it("or to the largest that was seen in confirmed results", () => {
  const scales = new Map<string, number>();
  learnScales(scales, { y: dense(floats(5, -400, NaN, Infinity)) });
  expect(compare(dense(floats(2)), dense(floats(1)), { scales }).relative).toBe(1 / 400);
});

it("differences below the floor are rounding", () => {
  expect(compare(dense(floats(2e-7)), dense(floats(1e-7)), { floor: 1e-6 }).relative).toBe(0);
  expect(compare(dense(floats(2e-7)), dense(floats(1e-7))).relative).toBeCloseTo(1);
});

it("values that are not finite agree with each other and with nothing else", () => {
  expect(compare(dense(floats(NaN, 1)), dense(floats(NaN, 1)))).toMatchObject({ isSame: true, relative: 0 });
  expect(compare(dense(floats(NaN, 1)), dense(floats(Infinity, 1)))).toMatchObject({ isSame: false, relative: 0 });
  expect(compare(dense(floats(NaN, 1)), dense(floats(1, 1))).relative).toBe(Infinity);
  expect(compare(dense(floats(1, 1)), dense(floats(-Infinity, 1))).relative).toBe(Infinity);
});

it("integers and strings are counted", () => {
  const gap = compare(dense(ints(1, 2, 3, 4)), dense(ints(1, 2, 3, 5)));
  expect(gap).toMatchObject({
    isSame: false,
    relative: 0,
    differingCount: 1,
    differingFraction: 0.25,
    differingRow: 3,
  });
  expect(compare(dense(texts("a", "b")), dense(texts("a", "c")))).toMatchObject({ differingCount: 1 });
});

it("what has another shape, dtype, name or number of items can't be compared", () => {
  for (const other of [dense(floats(1)), dense(ints(1, 2)), { kind: "ragged" as const, items: [floats(1)] }]) {
    expect(compare(other, dense(floats(1, 2)))).toMatchObject({ isSame: false, relative: Infinity });
  }
  expect(compareOutputs({}, { y: dense(floats(1)) }, { floor: 0, scales: new Map() }).relative).toBe(Infinity);
});

it("some rows of a result are compared with all of the other", () => {
  const rows = { firstItem: 1, itemCount: 2 };
  expect(compare(dense(floats(9, 1, 2, 9)), dense(floats(1, 2)), { rows })).toMatchObject({ isSame: true });
  const ragged: ShardOutput = { kind: "ragged", items: [floats(9, 9), floats(1), floats(2, 3), floats(9)] };
  const expected: ShardOutput = { kind: "ragged", items: [floats(1), floats(2, 3)] };
  expect(compare(ragged, expected, { rows })).toMatchObject({ isSame: true });
  expect(rowsOf({ y: ragged }, rows).y).toEqual(expected);
  // One worker's items may agree in shape by chance where they were few.
  expect(
    compare({ kind: "ragged", items: [floats(7), floats(1)] }, dense(floats(1)), {
      rows: { firstItem: 1, itemCount: 1 },
    }),
  ).toMatchObject({ isSame: true });
});
