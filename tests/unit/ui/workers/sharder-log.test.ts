import { expect, it } from "vitest";
import { describeRebalance } from "../../../../src/ui/workers/sharder-log.js";

const plain = (text: string) => text.replaceAll("\u00a0", " ");

it("reports shares that moved, new workers and workers that left", () => {
  expect(plain(describeRebalance({ a: 0.5, b: 0.5 }, { a: 0.2, b: 0.8 }))).toBe("a 50 % → 20 %, b 50 % → 80 %");
  expect(plain(describeRebalance({ a: 1 }, { a: 0.999, c: 0.001 }))).toBe("");
  expect(plain(describeRebalance({ a: 1 }, { c: 1 }))).toBe("a 100 % → 0 %, c 0 % → 100 %");
});
