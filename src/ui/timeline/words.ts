import type { ItemWord } from "../dashboard/panel.js";
import { formatCount, formatDuration } from "../parts/format.js";
import type { RecordedAttempt } from "../record/attempt-log.js";
import type { RunRecord } from "../record/run-record.js";
import { describeFault } from "../workers/fault-words.js";
import { describeRebalance } from "../workers/rebalance-words.js";
import type { Mark } from "./marks.js";
import type { WorkUnderWay } from "./under-way.js";

/** What is too short to matter is not mentioned, ms. */
const SHORT_MS = 1;

const OUTCOMES: Readonly<Record<RecordedAttempt["outcome"], string>> = {
  completed: "",
  failed: "It failed.",
  lost: "It was lost: the worker ended.",
  cancelled: "It was cancelled: its result was no longer needed.",
};

const KINDS: Readonly<Record<RecordedAttempt["kind"], string>> = {
  first: "",
  retry: "A retry: an earlier attempt at these had failed.",
  backup: "A backup: another worker was taking too long.",
};

/** An attempt in sentences, for the pointer and for the keyboard. */
export function describeAttempt(attempt: RecordedAttempt, one: ItemWord): string {
  const { workerId, stage, firstItem, itemCount, sentMs, beginMs, endMs, predictedMs, outcome, kind } = attempt;
  const took = outcome === "completed" ? "in" : "for";
  const times = [
    `${took} ${formatDuration(endMs - beginMs)}`,
    ...(predictedMs !== undefined && outcome === "completed" ? [`predicted ${formatDuration(predictedMs)}`] : []),
    ...(beginMs - sentMs > SHORT_MS ? [`after waiting ${formatDuration(beginMs - sentMs)}`] : []),
  ];
  const first = `${workerId}: ${describeItems({ stage, firstItem, itemCount }, one)} ${times.join(", ")}.`;
  return [first, KINDS[kind], OUTCOMES[outcome]].filter((sentence) => sentence !== "").join(" ");
}

/** What a worker is on. @param nowMs by `performance.now()`. */
export function describeUnderWay(workerId: string, work: WorkUnderWay, nowMs: number, one: ItemWord): string {
  return `${workerId} is on ${describeItems(work, one)}, for ${formatDuration(nowMs - work.beginMs)} so far.`;
}

interface Items {
  readonly stage?: number | undefined;
  readonly firstItem: number;
  readonly itemCount: number;
}

/** "4 tiles (numbers 8–11) in stage 2". */
function describeItems({ stage, firstItem, itemCount }: Items, one: ItemWord): string {
  const which = itemCount === 1 ? `number ${firstItem}` : `numbers ${firstItem}–${firstItem + itemCount - 1}`;
  return `${formatCount(itemCount, one)} (${which})${stage === undefined ? "" : ` in stage ${stage + 1}`}`;
}

/** What a mark above the lanes stands for. */
export function describeMark({ kind, index }: Mark, record: RunRecord, one: ItemWord): string {
  if (kind === "rebalance") {
    const rebalance = record.rebalances[index];
    return `Shares: ${rebalance === undefined ? "" : describeRebalance(rebalance.before, rebalance.after)}`;
  }
  const fault = record.faults[index];
  if (fault === undefined) return "";
  return describeFault(kind === "fault" ? { ...fault, recoverMs: undefined } : fault, one);
}
