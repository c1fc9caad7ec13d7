import type { JsonObject } from "./artifacts.js";
import { integerOf } from "./optimise/attributes.js";

/** One entry of a strided slice, for one axis of its input; "new" adds one, and has none. */
export interface AxisSlice {
  readonly kind: "all" | "range" | "index" | "new";
  /** Of the bounds; -1 where an axis is taken whole. */
  readonly entry: number;
}

/** The entries by axis, with an ellipsis written out; `undefined` if its length is not known, or if there are more entries than axes. */
export function sliceParts(attr: JsonObject, entryCount: number, rank: number | undefined): AxisSlice[] | undefined {
  const has = (mask: string, entry: number): boolean => hasMask(attr, mask, entry);
  const entries = Array.from({ length: entryCount }, (_, entry) => entry);
  const isNew = (entry: number): boolean => has("new_axis_mask", entry) && !has("ellipsis_mask", entry);
  const given = entries.filter((entry) => !isNew(entry) && !has("ellipsis_mask", entry)).length;
  if (rank === undefined || rank < given) return undefined;
  const all = (count: number): AxisSlice[] => Array.from({ length: count }, () => ({ kind: "all", entry: -1 }));
  const hasEllipsis = entries.some((entry) => has("ellipsis_mask", entry));
  const parts = entries.flatMap((entry): AxisSlice[] => {
    if (has("ellipsis_mask", entry)) return all(rank - given);
    return [{ kind: isNew(entry) ? "new" : has("shrink_axis_mask", entry) ? "index" : "range", entry }];
  });
  return hasEllipsis ? parts : [...parts, ...all(rank - given)];
}

/** Whether an entry's bit is set in a mask of a strided slice. */
export function hasMask(attr: JsonObject, name: string, entry: number): boolean {
  return ((integerOf(attr[name], 0) >> entry) & 1) === 1;
}
