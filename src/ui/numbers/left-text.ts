import { formatCount, formatTimeLeft } from "../parts/format.js";
import type { TimeLeft } from "./time-left.js";

/** "12 s left", "finishing the last 2 tiles". @param itemCount items that are not done. @param one what an item is called. */
export function leftText(left: TimeLeft, itemCount: number, one: string): string {
  switch (left.kind) {
    case "known":
      return formatTimeLeft(left.ms);
    case "finishing":
      return `finishing the last ${itemCount === 1 ? one : formatCount(itemCount, one)}`;
    case "unknown":
      return "measuring the time left";
  }
}
