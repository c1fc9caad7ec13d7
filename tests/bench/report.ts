import type { Ratio, Row, Suite } from "../../scripts/bench-report.mjs";
import { median } from "./statistics.js";

export type { Ratio, Row, Suite };

/** What the script requests from the page. */
export interface SuiteRequest {
  /** Measured runs of every subject, not counting warm-ups. */
  readonly runs: number;
  /** Time limit of the suite; the notes name what was left out. */
  readonly seconds: number;
  /** Models in addition to the bundled ones. */
  readonly extraModels: readonly { readonly name: string; readonly url: string }[];
  /** Only models whose name contains one of these; empty means all. */
  readonly only: readonly string[];
}

export type Target = { readonly atLeast: number } | { readonly atMost: number };

/** A ratio from a value and the spread over its rounds. */
function ratioOf(value: number, perRound: readonly number[], target?: Target): Ratio {
  const rounds = perRound.length > 0 ? perRound : [value];
  const spread = { value, min: Math.min(...rounds), max: Math.max(...rounds) };
  if (target === undefined) return spread;
  if ("atLeast" in target) {
    return { ...spread, target: target.atLeast, bound: "at least", met: value >= target.atLeast };
  }
  return { ...spread, target: target.atMost, bound: "at most", met: value <= target.atMost };
}

/** The median of figures that were measured once per round; NaN marks a round without a figure. */
export function medianRatio(perRound: readonly number[], target?: Target): Ratio {
  const known = perRound.filter((value) => !Number.isNaN(value));
  return ratioOf(median(known), known, target);
}

/** a ÷ b for two rows whose runs were interleaved: the ratio of their medians, and the spread over the rounds. */
export function compareRows(a: Row, b: Row, target?: Target): Ratio {
  const perRound = a.runItemsPerSecond.map((value, round) => value / b.runItemsPerSecond[round]!);
  return ratioOf(a.itemsPerSecond.median / b.itemsPerSecond.median, perRound, target);
}

/** The ratios of several models or cases, by name. */
export function mergeRatios(all: readonly Suite["ratios"][]): Suite["ratios"] {
  const merged: Record<string, Record<string, Ratio>> = {};
  for (const ratios of all) {
    for (const [name, byModel] of Object.entries(ratios)) merged[name] = { ...merged[name], ...byModel };
  }
  return merged;
}
