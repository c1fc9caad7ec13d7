import type { ItemRange } from "./dispatch/types.js";
import { ShardError } from "./errors.js";

/**
 * The part of a job that nobody has begun: items `nextItem` … `endItem - 1`, without those that were done already when they came.
 *
 * Invariant: `doneAhead` ascends, is disjoint and lies in `nextItem` … `endItem - 1`, and no range of it begins at `nextItem`.
 */
export interface UntouchedItems {
  nextItem: number;
  endItem: number;
  readonly sourceEnded: boolean;
  /** Items that were done before they came, as far as they lie ahead. */
  doneAhead: readonly ItemRange[];
  doneAheadItemCount: number;
}

/**
 * Append items to a job.
 *
 * @param itemCount whole, ≥ 0.
 * @param done      which of them are done already: ranges of at least one item in the job's numbering, ascending, disjoint.
 * @returns how many are done.
 * @throws ShardError "invalid-input" for a count that is not whole, items after the end of the source, and `done` that is not as
 *         described.
 */
export function addUntouched(items: UntouchedItems, itemCount: number, done: readonly ItemRange[] = []): number {
  if (!Number.isSafeInteger(itemCount) || itemCount < 0 || items.sourceEnded) {
    const received = items.sourceEnded ? "items after the source ended" : String(itemCount);
    throw new ShardError(
      "invalid-input",
      `Expected a whole number of items ≥ 0 from an open source, received ${received}: add items before its end.`,
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

/** Items that nobody has begun and that are not done. O(1). */
export function untouchedItemCount(items: Readonly<UntouchedItems>): number {
  return items.endItem - items.nextItem - items.doneAheadItemCount;
}

/** Items from `nextItem` on, up to the next one that is done or the last that came. O(1). */
export function nextRunItemCount({ nextItem, endItem, doneAhead }: Readonly<UntouchedItems>): number {
  return (doneAhead[0]?.firstItem ?? endItem) - nextItem;
}

/** Begin the first `itemCount` items, at most `nextRunItemCount`. @returns the range. O(done ranges) where it ends at one, else O(1). */
export function takeUntouched(items: UntouchedItems, itemCount: number): ItemRange {
  const firstItem = items.nextItem;
  items.nextItem += itemCount;
  skipDone(items);
  return { firstItem, itemCount };
}

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
