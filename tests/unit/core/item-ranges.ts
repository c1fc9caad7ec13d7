import type { ItemRange } from "../../../src/core/dispatch/types.js";

/**
 * The ranges of items that are set, ascending.
 *
 * @param firstItem number of the item that `isSet[0]` is about.
 */
export function rangesOf(isSet: readonly boolean[], firstItem = 0): ItemRange[] {
  const ranges: { firstItem: number; itemCount: number }[] = [];
  isSet.forEach((each, index) => {
    if (!each) return;
    if (index > 0 && isSet[index - 1]) ranges.at(-1)!.itemCount++;
    else ranges.push({ firstItem: firstItem + index, itemCount: 1 });
  });
  return ranges;
}
