import type { ItemRange } from "./types.js";

/** Items that came back from an attempt that did not complete. */
export interface PendingRange extends ItemRange {
  /** Slots of the workers on which these items failed. A worker that was lost with them does not count. */
  readonly failedOn: readonly number[];
}

/**
 * Insert a range so that the ranges ascend. A range that has never failed is joined with neighbours that have not either.
 * O(k) for k pending ranges.
 */
export function insertRange(ranges: readonly PendingRange[], range: PendingRange): readonly PendingRange[] {
  let at = ranges.length;
  while (at > 0 && ranges[at - 1]!.firstItem > range.firstItem) at--;
  let { firstItem, itemCount } = range;
  let from = at;
  let to = at;
  if (range.failedOn.length === 0) {
    const before = ranges[at - 1];
    if (before !== undefined && before.failedOn.length === 0 && before.firstItem + before.itemCount === firstItem) {
      firstItem = before.firstItem;
      itemCount += before.itemCount;
      from--;
    }
    const after = ranges[at];
    if (after !== undefined && after.failedOn.length === 0 && firstItem + itemCount === after.firstItem) {
      itemCount += after.itemCount;
      to++;
    }
  }
  return [...ranges.slice(0, from), { firstItem, itemCount, failedOn: range.failedOn }, ...ranges.slice(to)];
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
