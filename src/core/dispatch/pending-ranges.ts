import { UNTRIED, type ItemTrials } from "../item-trials.js";
import type { ItemRange } from "./types.js";

/** What was tried with items, by the slots of the workers. */
export type Trials = ItemTrials<number>;

/** Items that came back from an attempt that did not complete, or not yet. */
export interface PendingRange extends ItemRange {
  readonly trials: Trials;
  /** Ids of attempts that may still complete these items. */
  readonly backsUp: readonly number[];
}

/** Nobody has tried these items in vain, and nobody else is on them. */
export function isFresh({ trials, backsUp }: Pick<PendingRange, "trials" | "backsUp">): boolean {
  return trials === UNTRIED && backsUp.length === 0;
}

/**
 * Insert a range so that the ranges ascend. A fresh range is joined with neighbours that are fresh, too.
 * O(k) for k pending ranges.
 */
export function insertRange(ranges: readonly PendingRange[], range: PendingRange): readonly PendingRange[] {
  let at = ranges.length;
  while (at > 0 && ranges[at - 1]!.firstItem > range.firstItem) at--;
  let { firstItem, itemCount } = range;
  let from = at;
  let to = at;
  if (isFresh(range)) {
    const before = ranges[at - 1];
    if (before !== undefined && isFresh(before) && before.firstItem + before.itemCount === firstItem) {
      firstItem = before.firstItem;
      itemCount += before.itemCount;
      from--;
    }
    const after = ranges[at];
    if (after !== undefined && isFresh(after) && firstItem + itemCount === after.firstItem) {
      itemCount += after.itemCount;
      to++;
    }
  }
  return [...ranges.slice(0, from), { ...range, firstItem, itemCount }, ...ranges.slice(to)];
}

/** Remove the first `itemCount` items of the range at `index` (at most what it holds). O(k). */
export function takeFromRange(
  ranges: readonly PendingRange[],
  index: number,
  itemCount: number,
): readonly PendingRange[] {
  const range = ranges[index]!;
  if (itemCount >= range.itemCount) return [...ranges.slice(0, index), ...ranges.slice(index + 1)];
  const rest = { ...range, firstItem: range.firstItem + itemCount, itemCount: range.itemCount - itemCount };
  return [...ranges.slice(0, index), rest, ...ranges.slice(index + 1)];
}
