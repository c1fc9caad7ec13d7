import { describe, expect, it } from "vitest";
import {
  formatBytes,
  formatDuration,
  formatNumber,
  formatPercent,
  formatRate,
  formatTimeLeft,
  savedName,
} from "../../../../src/ui/parts/format.js";
import { describeRebalance } from "../../../../src/ui/workers/sharder-log.js";

const plain = (text: string) => text.replaceAll("\u00a0", " ");

describe("numbers for people", () => {
  it.each([
    [formatPercent(0.504), "50 %"],
    [formatBytes(999), "999 B"],
    [formatBytes(155_444), "155 kB"],
    [formatBytes(2_500_000), "2.5 MB"],
    [formatNumber(0), "0"],
    [formatNumber(0.00001), "under 0.001"],
    [formatNumber(0.0421), "0.042"],
    [formatNumber(1.254), "1.25"],
    [formatNumber(12.54), "12.5"],
    [formatNumber(1254.4), "1254"],
    [formatRate(undefined), "– tiles/s"],
    [formatRate(Infinity), "– tiles/s"],
    [formatRate(6.26), "6.26 tiles/s"],
    [formatDuration(87), "87 ms"],
    [formatDuration(2_040), "2.0 s"],
    [formatDuration(59_949), "59.9 s"],
    [formatDuration(59_960), "1 min 0 s"],
    [formatDuration(155_000), "2 min 35 s"],
    [formatDuration(3_599_999), "1 h 0 min"],
    [formatTimeLeft(400), "under 1 s left"],
    [formatTimeLeft(12_400), "12 s left"],
    [formatTimeLeft(60_400), "1 min 0 s left"],
  ])("%s", (received, expected) => expect(plain(received)).toBe(expected));
});

it("a picture is saved under its own name", () => {
  expect(savedName("cat.jpg", 2)).toBe("cat-x2.png");
  expect(savedName("my.cat.jpeg", 4)).toBe("my.cat-x4.png");
  expect(savedName(".png", 2)).toBe("picture-x2.png");
});

it("tells of the shares that have moved, of new workers and of those that left", () => {
  expect(plain(describeRebalance({ a: 0.5, b: 0.5 }, { a: 0.2, b: 0.8 }))).toBe("a 50 % → 20 %, b 50 % → 80 %");
  expect(plain(describeRebalance({ a: 1 }, { a: 0.999, c: 0.001 }))).toBe("");
  expect(plain(describeRebalance({ a: 1 }, { c: 1 }))).toBe("a 100 % → 0 %, c 0 % → 100 %");
});
