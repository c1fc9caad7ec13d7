import fc from "fast-check";
import { expect, it } from "vitest";
import { percentsByName, percentsOf } from "../../../../src/ui/numbers/percents.js";

it("adds up to exactly 100, each less than one percent off", () => {
  const weights = fc.array(fc.integer({ min: 0, max: 1_000 }), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(weights, (counts) => {
      const total = counts.reduce((sum, count) => sum + count, 0);
      const percents = percentsOf(counts);
      expect(percents.reduce((sum, percent) => sum + percent, 0)).toBe(total === 0 ? 0 : 100);
      percents.forEach((percent, index) => {
        if (total > 0) expect(Math.abs(percent - (100 * counts[index]!) / total)).toBeLessThan(1);
      });
    }),
  );
});

it("rounds what added up to 101 %: 12.5, 62.5 and 25 %", () => {
  expect([12.5, 62.5, 25].map(Math.round).reduce((sum, percent) => sum + percent, 0)).toBe(101);
  expect(percentsByName(new Map(Object.entries({ a: 1, b: 5, c: 2 })))).toEqual(
    new Map(Object.entries({ a: 13, b: 62, c: 25 })),
  );
});
