import { describe, expect, it } from "vitest";
import { endMs, overdueMs } from "../../../../src/core/pipeline/stage-deadlines.js";

describe("a stage's run", () => {
  it("is noticed as overdue within three times its forecast and a second, and ended after ten times and ten seconds", () => {
    for (const ms of [0, 20, 100, 5_000]) {
      // A check may come 250 ms late.
      expect(overdueMs({ ms, run: "known" }) + 250).toBe(3 * ms + 1_000);
      expect(endMs({ ms, run: "known" }, 120_000, 1, 0)).toBe(10 * ms + 10_000);
    }
  });

  it("gets more time where the stage has not run yet, and is noticed in seconds all the same", () => {
    expect(overdueMs({ ms: 100, run: "first" })).toBe(3_600);
    expect(endMs({ ms: 100, run: "first" }, 120_000, 1, 0)).toBe(32_000);
  });

  it("gets as long as a first run while a GPU compiles, or while nothing is known", () => {
    expect(endMs({ ms: 100, run: "compiling" }, 60_000, 4, 0)).toBe(61_000);
    expect(endMs({ ms: undefined, run: "first" }, 60_000, 4, 0)).toBe(240_000);
    expect(overdueMs({ ms: undefined, run: "first" })).toBe(Infinity);
  });

  it("gets twice the time after each worker that was ended because of its items", () => {
    expect([0, 1, 2].map((count) => endMs({ ms: 1_000, run: "known" }, 1_000, 1, count))).toEqual([
      20_000, 40_000, 80_000,
    ]);
  });
});
