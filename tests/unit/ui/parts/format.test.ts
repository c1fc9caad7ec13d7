import { describe, expect, it } from "vitest";
import {
  formatDone,
  formatBytes,
  formatDuration,
  formatNumber,
  formatPercent,
  formatRate,
  formatTimeLeft,
} from "../../../../src/ui/parts/format.js";

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
    [formatRate(undefined, "tiles"), "– tiles/s"],
    [formatRate(Infinity, "tiles"), "– tiles/s"],
    [formatRate(6.26, "tiles"), "6.26 tiles/s"],
    [formatRate(6.26, "items"), "6.26 items/s"],
    [formatDuration(87), "87 ms"],
    [formatDuration(2_040), "2.0 s"],
    [formatDuration(59_949), "59.9 s"],
    [formatDuration(59_960), "1 min 0 s"],
    [formatDuration(155_000), "2 min 35 s"],
    [formatDuration(3_599_999), "1 h 0 min"],
    [formatDone(312, "690 tiles"), "312 of 690 tiles are done"],
    [formatDone(1, "690 tiles"), "1 of 690 tiles is done"],
    [formatTimeLeft(400), "under 1 s left"],
    [formatTimeLeft(12_400), "12 s left"],
    [formatTimeLeft(60_400), "1 min 0 s left"],
  ])("%s", (received, expected) => expect(plain(received)).toBe(expected));
});
