import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ShardOutput } from "../../../../src/protocol/outputs.js";
import { KnownOutputs } from "../../../../src/sharder/verify/known-outputs.js";
import { largestRow, lookOver, nonFiniteRows } from "../../../../src/sharder/verify/look-over.js";

const rows = (values: readonly number[], rowSize = 1): ShardOutput => ({
  kind: "dense",
  tensor: { dtype: "float32", shape: [values.length / rowSize, rowSize], data: Float32Array.from(values) },
  itemShape: [1, rowSize],
});
const all = (outputs: Record<string, ShardOutput>) => ({ outputs, isFinal: () => true });
const ints = (...values: number[]): ShardOutput => ({
  kind: "dense",
  tensor: { dtype: "int32", shape: [values.length], data: Int32Array.from(values) },
  itemShape: [1],
});

it("every value is looked at", () => {
  const odd = fc.constantFrom(NaN, Infinity, -Infinity);
  // The largest float32, whose sum would not fit a float32.
  const finite = fc.oneof(fc.float({ noNaN: true, noDefaultInfinity: true }), fc.constant(3.4e38));
  fc.assert(
    fc.property(fc.array(finite, { minLength: 1, maxLength: 40 }), odd, fc.nat(39), (values, value, at) => {
      const expected = values.every((each) => Math.fround(each) === 0) ? "zero" : "finite";
      expect(lookOver(rows(values))).toBe(expected);
      const index = at % values.length;
      const withOdd = rows(values.with(index, value));
      expect(lookOver(withOdd)).toBe("non-finite");
      expect(nonFiniteRows(withOdd)).toEqual({ firstItem: index, itemCount: 1 });
    }),
  );
});

it("rows are found by their values", () => {
  expect(nonFiniteRows(rows([1, 2, 3, NaN, 5, 6, Infinity, 8], 2))).toEqual({ firstItem: 1, itemCount: 3 });
  expect(nonFiniteRows(rows([1, 2]))).toBe(undefined);
  expect(largestRow(rows([1, 2, -9, 3, 8, 1], 2))).toBe(1);
  expect([lookOver(ints(0, 0)), largestRow(ints(0, 5))]).toEqual(["finite", 0]);
});

describe("an output looks wrong", () => {
  it("if it is not finite, unless its first result was not either, and was confirmed", () => {
    const known = new KnownOutputs();
    expect(known.suspect(all({ a: rows([1]), b: rows([NaN]) }), false)).toBe("b");
    expect(known.suspect(all({ a: rows([1]), b: rows([NaN]) }), false)).toBe("b");
    known.confirm({ a: rows([1]), b: rows([NaN]) });
    expect(known.suspect(all({ a: rows([1]), b: rows([NaN]) }), false)).toBe(undefined);
    expect(known.suspect(all({ a: rows([Infinity]), b: rows([NaN]) }), false)).toBe("a");
    // One item that is not finite does not excuse the others.
    known.confirm({ a: rows([Infinity]) });
    expect(known.suspect(all({ a: rows([NaN]) }), false)).toBe("a");
  });

  it("if it is all zeros on a GPU where others were not", () => {
    const known = new KnownOutputs();
    expect(known.suspect(all({ a: rows([0, 0]) }), true)).toBe(undefined);
    expect(known.suspect(all({ a: rows([0, 1]) }), false)).toBe(undefined);
    expect(known.suspect(all({ a: rows([0, 0]) }), false)).toBe(undefined);
    expect(known.suspect(all({ a: rows([0, 0]) }), true)).toBe("a");
  });
});

it("of a tensor that passes on to the next stage, some values are looked at", () => {
  const values = Array.from({ length: 100 }, () => 1);
  expect(lookOver(rows(values.with(1, NaN)), true)).toBe("finite");
  expect(lookOver(rows(values.fill(NaN, 10, 20)), true)).toBe("non-finite");
});
