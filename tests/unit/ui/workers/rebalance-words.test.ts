import { expect, it } from "vitest";
import { describeRebalance } from "../../../../src/ui/workers/rebalance-words.js";

const plain = (text: string) => text.replaceAll("\u00a0", " ");

it("reports shares that moved, new workers and workers that left", () => {
  expect(plain(describeRebalance({ a: 0.5, b: 0.5 }, { a: 0.2, b: 0.8 }))).toBe(
    "b gets more: 50 % → 80 %; a gets less: 50 % → 20 %",
  );
  expect(plain(describeRebalance({ a: 1 }, { a: 0.999, c: 0.001 }))).toBe("");
  expect(plain(describeRebalance({ a: 1 }, { c: 1 }))).toBe("c gets more: 0 % → 100 %; a gets less: 100 % → 0 %");
});
