import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  addUntouched,
  nextRunItemCount,
  takeUntouched,
  untouchedItemCount,
  type UntouchedItems,
} from "../../../src/core/untouched-items.js";
import { caught } from "../../fixtures/caught.js";
import { rangesOf } from "./item-ranges.js";

const empty = (sourceEnded = false): UntouchedItems => ({
  nextItem: 0,
  endItem: 0,
  sourceEnded,
  doneAhead: [],
  doneAheadItemCount: 0,
});

describe("untouched items", () => {
  it("are taken once each and in order, without those that are done", () => {
    const steps = fc.array(
      fc.oneof(
        fc.record({ add: fc.array(fc.boolean(), { maxLength: 12 }) }),
        fc.record({ take: fc.integer({ min: 1, max: 8 }) }),
      ),
    );
    fc.assert(
      fc.property(steps, (steps) => {
        const items = empty();
        const waiting: number[] = [];
        for (const step of steps) {
          if ("add" in step) {
            const done = rangesOf(step.add, items.endItem);
            step.add.forEach((isDone, index) => isDone || waiting.push(items.endItem + index));
            expect(addUntouched(items, step.add.length, done)).toBe(step.add.filter(Boolean).length);
          } else {
            const { firstItem, itemCount } = takeUntouched(items, Math.min(step.take, nextRunItemCount(items)));
            const taken = Array.from({ length: itemCount }, (_, index) => firstItem + index);
            expect(taken).toEqual(waiting.splice(0, itemCount));
          }
          expect(untouchedItemCount(items)).toBe(waiting.length);
          expect(nextRunItemCount(items) > 0).toBe(waiting.length > 0);
          expect(items.nextItem).toBe(waiting[0] ?? items.endItem);
        }
      }),
    );
  });

  it("do not change the ranges that they are given", () => {
    const done = Object.freeze([{ firstItem: 0, itemCount: 2 }]);
    const items = empty();
    addUntouched(items, 3, done);
    takeUntouched(items, 1);
    expect(done).toEqual([{ firstItem: 0, itemCount: 2 }]);
  });

  it.each([
    ["before these items", [[9, 2]], "9"],
    ["beyond them", [[18, 3]], "3 items from item 18 on"],
    ["overlapping", [[10, 3], [12, 1]], "from item 12 on"], // prettier-ignore
    ["descending", [[15, 1], [11, 1]], "from item 11 on"], // prettier-ignore
    ["empty", [[12, 0]], "0 items"],
    ["in halves", [[12.5, 1]], "12.5"],
    ["of half an item", [[12, 0.5]], "0.5"],
    ["not numbers", [[Number.NaN, 1]], "NaN"],
  ] as const)("refuse done ranges %s", (_, ranges, received) => {
    const items = { ...empty(), nextItem: 4, endItem: 10 };
    const done = ranges.map(([firstItem, itemCount]) => ({ firstItem, itemCount }));
    caught("invalid-input", () => addUntouched(items, 10, done), "10 … 19", "ascend", received);
    expect(items).toEqual({ ...empty(), nextItem: 4, endItem: 10 });
  });

  it("refuse a count that is not whole, and items after the end", () => {
    caught("invalid-input", () => addUntouched(empty(), 1.5), "whole number", "1.5");
    caught("invalid-input", () => addUntouched(empty(), -1), "whole number", "-1");
    caught("invalid-input", () => addUntouched(empty(true), 1), "after the source ended");
  });
});
