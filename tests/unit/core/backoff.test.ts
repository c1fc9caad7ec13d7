import { describe, expect, it } from "vitest";
import { backoffMs } from "../../../src/core/backoff.js";

describe("backoffMs", () => {
  it("grows, reduced by up to half by chance", () => {
    expect([1, 2, 3].map((count) => backoffMs(count, 0))).toEqual([250, 750, 2250]);
    expect([1, 2, 3].map((count) => backoffMs(count, 1))).toEqual([125, 375, 1125]);
  });

  it("starts at the base and grows by the factor that are given", () => {
    expect([1, 2, 3].map((count) => backoffMs(count, 0, { baseMs: 100 }))).toEqual([100, 300, 900]);
    expect([1, 2, 3].map((count) => backoffMs(count, 0, { factor: 2 }))).toEqual([250, 500, 1000]);
    expect([1, 2, 3].map((count) => backoffMs(count, 0.5, { baseMs: 1000, factor: 1 }))).toEqual([750, 750, 750]);
  });
});
