import type { ItemRange } from "./dispatch/types.js";
import { ShardError } from "./errors.js";

/**
 * The items of a job that no worker has started: `nextItem` … `endItem - 1`, without those that were done when they were added.
 *
 * Invariant: `doneAhead` ascends, is disjoint and lies in `nextItem` … `endItem - 1`, and no range of it begins at `nextItem`.
 */
export interface UntouchedItems {
  /** The first item that no worker has started and that is not done. */
  nextItem: number;
  endItem: number;
  readonly sourceEnded: boolean;
  /** Items from `nextItem` on that were done when they were added. */
  doneAhead: readonly ItemRange[];
  doneAheadItemCount: number;
}

/**
 * Add items to a job.
 *
 * @param itemCount whole, ≥ 0.
 * @param done      those of them that are done already: ranges of at least one item in the job's numbering, ascending, disjoint.
 * @returns how many items `done` holds.
 * @throws ShardError "invalid-input" for a count that is not whole, items after the end of the source, and `done` that is not as
 *         described.
 */
export function addUntouched(items: UntouchedItems, itemCount: number, done: readonly ItemRange[] = []): number {
  if (!Number.isSafeInteger(itemCount) || itemCount < 0 || items.sourceEnded) {
    const received = items.sourceEnded ? "items after the source ended" : String(itemCount);
    throw new ShardError(
      "invalid-input",
      `Expected a whole number of items ≥ 0 from an open source, received ${received}: add whole items before the source ends.`,
    );
  }
  checkDone(done, items.endItem, items.endItem + itemCount);
  const doneItemCount = done.reduce((sum, range) => sum + range.itemCount, 0);
  items.endItem += itemCount;
  items.doneAhead = [...items.doneAhead, ...done];
  items.doneAheadItemCount += doneItemCount;
  skipDone(items);
  return doneItemCount;
}

function checkDone(done: readonly ItemRange[], startItem: number, endItem: number): void {
  let freeItem = startItem;
  for (const { firstItem, itemCount } of done) {
    const isWhole = Number.isSafeInteger(firstItem) && Number.isSafeInteger(itemCount);
    if (!isWhole || itemCount < 1 || firstItem < freeItem || firstItem + itemCount > endItem) {
      throw new ShardError(
        "invalid-input",
        `Expected done ranges that ascend, do not overlap and lie within the items added, ${startItem} … ${endItem - 1}, ` +
          `received ${itemCount} items from item ${firstItem} on: pass what is done of these items, in the job's numbering.`,
      );
    }
    freeItem = firstItem + itemCount;
  }
}

/** The items that are neither started nor done. O(1). */
export function untouchedItemCount(items: Readonly<UntouchedItems>): number {
  return items.endItem - items.nextItem - items.doneAheadItemCount;
}

/** How many items from `nextItem` on are to be done before the next one that is done already, or in all. O(1). */
export function nextRunItemCount({ nextItem, endItem, doneAhead }: Readonly<UntouchedItems>): number {
  return (doneAhead[0]?.firstItem ?? endItem) - nextItem;
}

/**
 * Start the next items.
 *
 * @param itemCount whole, 0 … `nextRunItemCount`.
 * @returns their range. O(1), or O(`doneAhead`) where it ends at a range that is done.
 */
export function takeUntouched(items: UntouchedItems, itemCount: number): ItemRange {
  const firstItem = items.nextItem;
  items.nextItem += itemCount;
  skipDone(items);
  return { firstItem, itemCount };
}

/** Move `nextItem` past items that are done. */
function skipDone(items: UntouchedItems): void {
  let skippedCount = 0;
  for (const { firstItem, itemCount } of items.doneAhead) {
    if (firstItem !== items.nextItem) break;
    items.nextItem += itemCount;
    items.doneAheadItemCount -= itemCount;
    skippedCount++;
  }
  if (skippedCount > 0) items.doneAhead = items.doneAhead.slice(skippedCount);
}
