import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ShardError } from "../../../src/core/errors.js";
import { topK } from "../../../src/jobs/top-k.js";
import { raggedOf } from "../../../src/protocol/outputs.js";
import type { Tensor } from "../../../src/protocol/tensors.js";

const scores = (rows: number[][]): Tensor => ({
  dtype: "float32",
  shape: [rows.length, rows[0]!.length],
  data: new Float32Array(rows.flat()),
});

describe("topK", () => {
  it("names the highest of each item", () => {
    const outputs = {
      boxes: { ...scores([[1, 2]]), shape: [1, 1, 2] },
      dense: scores([
        [0.1, 0.7, 0.2],
        [3, 1, 2],
      ]),
    };
    const [first, second] = topK(outputs, ["cat", "dog", "cow"], 2);
    expect(first).toEqual([
      { label: "dog", index: 1, score: Math.fround(0.7) },
      { label: "cow", index: 2, score: Math.fround(0.2) },
    ]);
    expect(second!.map(({ label }) => label)).toEqual(["cat", "cow"]);
    expect(topK(outputs.dense)[0]!.map(({ label }) => label)).toEqual(["1", "2", "0"]);
  });

  it("takes one tensor per item, and whole numbers", () => {
    const items: Tensor[] = [
      { dtype: "int32", shape: [3], data: Int32Array.of(5, 9, 7) },
      { dtype: "int32", shape: [1, 2], data: Int32Array.of(1, 0) },
    ];
    expect(topK(raggedOf(items), undefined, 1)).toEqual([
      [{ label: "1", index: 1, score: 9 }],
      [{ label: "0", index: 0, score: 1 }],
    ]);
  });

  it("equals a stable sort, with ties and NaN", () => {
    const value = fc.constantFrom(0, 1, 2, -1, NaN, Infinity, -Infinity, 0.5);
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 12 }), fc.integer({ min: 1, max: 15 }), (row, k) => {
        const rank = (x: number) => (Number.isNaN(x) ? -Infinity : x);
        const expected = row
          .map((_, index) => index)
          .sort((a, b) => {
            const nan = Number(Number.isNaN(row[a]!)) - Number(Number.isNaN(row[b]!));
            return nan !== 0 ? nan : rank(row[a]!) === rank(row[b]!) ? a - b : rank(row[b]!) - rank(row[a]!);
          })
          .slice(0, k);
        expect(topK(scores([row]), undefined, k)[0]!.map(({ index }) => index)).toEqual(expected);
      }),
    );
  });

  it.each<[string, () => unknown]>([
    ["no scores", () => topK({ mask: { ...scores([[1]]), shape: [1, 1, 1] } })],
    ["several outputs of scores", () => topK({ a: scores([[1]]), b: scores([[1]]) })],
    ["texts", () => topK({ dtype: "string", shape: [1, 2], data: ["a", "b"] })],
    ["labels of another model", () => topK(scores([[1, 2, 3]]), ["a", "b"])],
    ["k of 0", () => topK(scores([[1]]), undefined, 0)],
    ["k of 1.5", () => topK(scores([[1]]), undefined, 1.5)],
  ])("refuses %s", (_what, run) => expect(run).toThrow(ShardError));
});
