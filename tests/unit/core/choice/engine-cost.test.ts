import fc from "fast-check";
import { expect, it } from "vitest";
import { engineSavingMs, isWorthLoading, type EngineOffer } from "../../../../src/core/choice/engine-cost.js";

const ms = fc.integer({ min: 0, max: 100_000 });
const offers = fc.record({
  remainingMs: ms,
  workedMs: ms,
  loadMs: ms,
  speedUp: fc.double({ min: 0.5, max: 4, noNaN: true }),
});

/** The time that some work takes which begins on the present engine and continues on the other one from `switchMs` on, in steps of 1 ms. */
function simulateMs(workMs: number, switchMs: number, speedUp: number): number {
  let [left, passed] = [workMs, 0];
  for (; left > 0; passed++) left -= passed >= switchMs ? speedUp : 1;
  return passed;
}

it("predicts what a simulation of the running job and of as much work as before saves", () => {
  fc.assert(
    fc.property(offers, (offer) => {
      const { remainingMs, workedMs, loadMs } = offer;
      // Nobody takes an engine that is slower.
      const speedUp = Math.max(1, offer.speedUp);
      const stayMs = remainingMs + workedMs;
      const moveMs = simulateMs(remainingMs, loadMs, speedUp) + simulateMs(workedMs, 0, speedUp);
      expect(Math.abs(engineSavingMs(offer) - (stayMs - moveMs))).toBeLessThan(4);
    }),
    { numRuns: 50 },
  );
});

it("is not loaded for a short job, for one that ends before it is there, or at any price", () => {
  const offer: EngineOffer = { remainingMs: 5_000, workedMs: 0, loadMs: 4_000, speedUp: 1.2 };
  expect(isWorthLoading(offer)).toBe(false);
  expect(isWorthLoading({ ...offer, loadMs: 5_000, speedUp: 1000 })).toBe(false);
  expect(isWorthLoading({ ...offer, loadMs: Infinity, workedMs: 1e9 })).toBe(false);
  expect(isWorthLoading({ ...offer, remainingMs: 60_000 })).toBe(true);
  expect(isWorthLoading({ ...offer, remainingMs: 60_000, speedUp: 1 })).toBe(false);
});

it("loading for later jobs costs at most twice the best, whenever the jobs end", () => {
  const [loadMs, speedUp, jobMs] = [3_000, 1.25, 700];
  for (let jobCount = 1; jobCount < 100; jobCount++) {
    let [spentMs, workedMs, isLoaded] = [0, 0, false];
    for (let job = 0; job < jobCount; job++) {
      if (!isLoaded && isWorthLoading({ remainingMs: 0, workedMs, loadMs, speedUp })) {
        isLoaded = true;
        spentMs += loadMs;
      }
      // Beyond what the faster engine takes anyway.
      if (!isLoaded) spentMs += jobMs * (1 - 1 / speedUp);
      workedMs += jobMs;
    }
    const best = Math.min(loadMs, jobCount * jobMs * (1 - 1 / speedUp));
    expect(spentMs).toBeLessThanOrEqual(2 * best + jobMs);
  }
});
