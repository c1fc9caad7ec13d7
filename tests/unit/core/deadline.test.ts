import { describe, expect, it } from "vitest";
import { deadlineMs, STAGE_DEADLINES } from "../../../src/core/deadline.js";

describe("deadlineMs", () => {
  const options = { factor: 4, floorMs: 50, warmUpMs: 900 };

  it("is a multiple of the prediction and a floor", () => {
    expect([0, 1, 25, 1e6].map((predictedMs) => deadlineMs(options, predictedMs))).toEqual([50, 54, 150, 4_000_050]);
  });

  it("is the warm-up's while nothing can be predicted", () => {
    expect(deadlineMs(options, undefined)).toBe(900);
  });

  it("gives a stage two minutes at first, then half a minute beyond ten times its prediction", () => {
    expect(deadlineMs(STAGE_DEADLINES, undefined)).toBe(120_000);
    expect(deadlineMs(STAGE_DEADLINES, 40)).toBe(30_400);
  });
});
