import type { ItemRange } from "./dispatch/types.js";

/** How many items two ranges have in common, ≥ 0. */
export function overlapItemCount(a: ItemRange, b: ItemRange): number {
  const end = Math.min(a.firstItem + a.itemCount, b.firstItem + b.itemCount);
  return Math.max(0, end - Math.max(a.firstItem, b.firstItem));
}
