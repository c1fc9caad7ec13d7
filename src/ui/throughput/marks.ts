import type { RunRecord } from "../record/run-record.js";
import { describeFault } from "../workers/fault-words.js";
import { describeRebalance, shareChange } from "../workers/rebalance-words.js";

export type MarkKind = "rebalance" | "fault" | "recovery";

/** Something that happened at one moment, drawn as a line across the chart. */
export interface Mark {
  readonly kind: MarkKind;
  /** By `performance.now()`, ms. */
  readonly atMs: number;
  /** A sentence for people. */
  readonly text: string;
}

/** As many faults, and as many rebalances, are marked at most: the newest. */
const MAX_MARKS = 300;
/** Rebalances that follow each other more closely are one mark, ms: from the shares before the first to those after the last. */
const REBALANCE_MS = 1_000;
/** How far a share must have moved to be marked, as a fraction of the remaining items. */
const NOTEWORTHY_CHANGE = 0.1;

/**
 * The rebalances, faults and recoveries of a record since a moment, in the order of time.
 * @param one what an item is called.
 */
export function marksOf(record: Pick<RunRecord, "faults" | "rebalances">, fromMs: number, one: string): Mark[] {
  const faults = record.faults.slice(-MAX_MARKS).flatMap((fault): Mark[] => {
    const { recoveredAtMs } = fault;
    const noticed: Mark = {
      kind: "fault",
      atMs: fault.atMs,
      text: describeFault({ ...fault, recoverMs: undefined }, one),
    };
    if (recoveredAtMs === undefined) return [noticed];
    return [noticed, { kind: "recovery", atMs: recoveredAtMs, text: describeFault(fault, one) }];
  });
  return [...faults, ...rebalanceMarks(record.rebalances.slice(-MAX_MARKS))]
    .filter(({ atMs }) => atMs >= fromMs)
    .sort((a, b) => a.atMs - b.atMs);
}

function rebalanceMarks(rebalances: RunRecord["rebalances"]): Mark[] {
  const marks: Mark[] = [];
  let first: RunRecord["rebalances"][number] | undefined;
  rebalances.forEach((rebalance, index) => {
    first ??= rebalance;
    const next = rebalances[index + 1];
    if (next !== undefined && next.atMs - first.atMs < REBALANCE_MS) return;
    const text = describeRebalance(first.before, rebalance.after);
    const isNoteworthy = shareChange(first.before, rebalance.after) >= NOTEWORTHY_CHANGE;
    if (isNoteworthy) marks.push({ kind: "rebalance", atMs: first.atMs, text });
    first = undefined;
  });
  return marks;
}
