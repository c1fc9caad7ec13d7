import type { Verification } from "../../index.js";
import type { ItemWord } from "../dashboard/panel.js";
import { formatCount, formatDuration, formatPercent, formatRate } from "../parts/format.js";
import type { Totals } from "./run-totals.js";

/** One number with its name, and what it means. */
export interface Fact {
  readonly name: string;
  readonly value: string;
  readonly detail: string;
}

/**
 * The totals in words.
 *
 * @param onePerSecond what one worker alone does, measured; `undefined` before that.
 */
export function totalFacts(
  totals: Totals,
  one: ItemWord,
  onePerSecond: number | undefined,
  verification: Verification,
): Fact[] {
  const { doneItemCount, elapsedMs, itemsPerSecond, efficiency, workerCount } = totals;
  const unit = one === "tile" ? "tiles" : "items";
  const count = (itemCount: number): string => formatCount(itemCount, one);
  return [
    {
      name: "Rate",
      value: formatRate(doneItemCount === 0 ? undefined : itemsPerSecond, unit),
      detail: `${count(doneItemCount)} computed in ${formatDuration(elapsedMs)}, pauses left out`,
    },
    {
      name: "Efficiency",
      value: efficiency === undefined ? "–" : formatPercent(efficiency),
      detail: `of the time, ${workerCount === 1 ? "the worker was" : `the ${workerCount} workers were`} computing`,
    },
    timeSaved(totals, onePerSecond, unit),
    {
      name: "Computed again",
      value: count(totals.retriedItemCount),
      detail: `after a fault; ${count(totals.backedUpItemCount)} on two workers at once, because one was slow`,
    },
    {
      name: "Checked",
      value: formatCount(verification.checkedItemCount, one),
      detail:
        verification.checkedItemCount === 0
          ? "nothing was compared with what a second worker computes, since the model was loaded"
          : verification.wrongCount === 0
            ? "computed by a second worker to compare, since the model was loaded; nothing was wrong"
            : `computed by a second worker to compare; ${formatCount(verification.wrongCount, "result")} proved wrong and replaced`,
    },
    {
      name: "Faults",
      value: String(totals.faultCount),
      detail: faultText(totals),
    },
  ];
}

function faultText({ faultCount, recoveredCount }: Totals): string {
  if (faultCount === 0) return "nothing went wrong";
  if (recoveredCount < faultCount) return `${recoveredCount} of them recovered from so far`;
  return faultCount === 1 ? "it was recovered from" : "all of them were recovered from";
}

function timeSaved(
  { doneItemCount, elapsedMs }: Totals,
  onePerSecond: number | undefined,
  unit: "tiles" | "items",
): Fact {
  const name = "Time saved";
  if (onePerSecond === undefined || doneItemCount === 0) {
    return { name, value: "–", detail: `known once one worker alone has been measured with such ${unit}` };
  }
  const aloneMs = (1_000 * doneItemCount) / onePerSecond;
  const savedMs = aloneMs - elapsedMs;
  const detail = `one worker alone would need ${formatDuration(aloneMs)}`;
  return savedMs >= 0
    ? { name, value: formatDuration(savedMs), detail }
    : { name, value: "none", detail: `${detail}: ${formatDuration(-savedMs)} less` };
}
