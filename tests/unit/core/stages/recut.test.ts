import { describe, expect, it } from "vitest";
import { paysToRecut } from "../../../../src/core/stages/recut.js";

describe("whether a re-cut pays", () => {
  it("wants a gain beyond the noise", () => {
    const question = { currentMs: 10, remainingItemCount: 1e6, moveMs: 100 };
    expect(paysToRecut({ ...question, plannedMs: 9.1 })).toBe(false);
    expect(paysToRecut({ ...question, plannedMs: 8.9 })).toBe(true);
  });

  it("wants more where nobody knows how much is left", () => {
    const question = { currentMs: 10, remainingItemCount: undefined, moveMs: 100 };
    expect(paysToRecut({ ...question, plannedMs: 7.6 })).toBe(false);
    expect(paysToRecut({ ...question, plannedMs: 7.4 })).toBe(true);
  });

  it("does not move for the last few items", () => {
    const question = { currentMs: 10, plannedMs: 5, moveMs: 100 };
    expect(paysToRecut({ ...question, remainingItemCount: 20 })).toBe(false);
    expect(paysToRecut({ ...question, remainingItemCount: 21 })).toBe(true);
  });
});
