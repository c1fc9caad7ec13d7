import { describe, expect, it } from "vitest";
import { isWorthwhile, paysToRecut } from "../../../../src/core/stages/recut.js";

describe("whether a re-cut pays", () => {
  const question = { currentMs: 10, plannedMs: 6, moveMs: 100, lostMs: 601, remainingItemCount: 26 };

  it("takes a gain beyond the noise", () => {
    expect(isWorthwhile({ currentMs: 10, plannedMs: 9.1 })).toBe(false);
    expect(isWorthwhile({ currentMs: 10, plannedMs: 8.9 })).toBe(true);
    expect(paysToRecut({ ...question, plannedMs: 9.1, lostMs: 1e6, remainingItemCount: 1e6 })).toBe(false);
  });

  it("takes a loss as large as the price of a move in vain", () => {
    for (const remainingItemCount of [26, 1e6, undefined]) {
      expect(paysToRecut({ ...question, remainingItemCount })).toBe(true);
      expect(paysToRecut({ ...question, remainingItemCount, lostMs: 600 })).toBe(false);
    }
  });

  it("takes a loss as large as the move alone where the pipeline is less than half as fast as it could be", () => {
    const large = { ...question, plannedMs: 4.9 };
    expect(paysToRecut({ ...large, lostMs: 101 })).toBe(true);
    expect(paysToRecut({ ...large, lostMs: 100 })).toBe(false);
    expect(paysToRecut({ ...large, plannedMs: 5, lostMs: 101 })).toBe(false);
  });

  it("takes twice the loss for the last few items, since other jobs may follow", () => {
    const last = { ...question, remainingItemCount: 25 };
    expect(paysToRecut({ ...last, lostMs: 1200 })).toBe(false);
    expect(paysToRecut({ ...last, lostMs: 1201 })).toBe(true);
  });
});
