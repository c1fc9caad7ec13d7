import { describe, expect, it } from "vitest";
import { deadlineMs } from "../../../src/core/deadline.js";

describe("deadlineMs", () => {
  const options = { factor: 4, floorMs: 50, warmUpMs: 900 };

  it("is a multiple of the prediction plus a floor", () => {
    expect([0, 1, 25, 1e6].map((predictedMs) => deadlineMs(options, predictedMs))).toEqual([50, 54, 150, 4_000_050]);
  });

  it("is the warm-up deadline while nothing can be predicted", () => {
    expect(deadlineMs(options, undefined)).toBe(900);
  });
});
