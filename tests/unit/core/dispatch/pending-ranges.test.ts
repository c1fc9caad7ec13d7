import fc from "fast-check";
import { expect, it } from "vitest";
import { UNTRIED } from "../../../../src/core/item-trials.js";
import {
  insertRange,
  isFresh,
  takeFromRange,
  type PendingRange,
} from "../../../../src/core/dispatch/pending-ranges.js";

it("pending ranges stay ascending, joined, and complete", () => {
  const order = fc.shuffledSubarray(
    Array.from({ length: 20 }, (_, k) => k),
    { minLength: 1 },
  );
  fc.assert(
    fc.property(order, fc.nat(3), (order, failing) => {
      let ranges: readonly PendingRange[] = [];
      for (const k of order) {
        ranges = insertRange(ranges, {
          firstItem: k * 5,
          itemCount: 5,
          trials: k === failing ? { ...UNTRIED, failedOn: [0] } : UNTRIED,
          backsUp: [],
        });
      }
      const items = ranges.flatMap(({ firstItem, itemCount }) =>
        Array.from({ length: itemCount }, (_, i) => firstItem + i),
      );
      const expected = [...order].sort((a, b) => a - b).flatMap((k) => Array.from({ length: 5 }, (_, i) => k * 5 + i));
      expect(items).toEqual(expected);
      const clean = ranges.filter(isFresh);
      clean.forEach((range, i) => expect(range.firstItem + range.itemCount).not.toBe(clean[i + 1]?.firstItem));
      expect(
        takeFromRange(ranges, 0, 5)
          .flatMap(({ itemCount }) => itemCount)
          .reduce((a, b) => a + b, 0),
      ).toBe(items.length - 5);
    }),
  );
});
