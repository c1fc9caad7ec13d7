import type { AttemptDetail, Sharder } from "../../index.js";

/** What a finished shard adds to the counts of done items. */
export interface Outgoing {
  /** Items that have left the worker: of several stages on it, after the last. */
  readonly workerItemCount: number;
  /** Items that are done. */
  readonly doneItemCount: number;
}

/** What an attempt adds; `undefined` if its results did not count. @param readPlan called only where stages matter. */
export function outgoingOf(
  readPlan: () => Sharder["plan"],
  { workerId, stage, outcome, itemCount }: AttemptDetail,
): Outgoing | undefined {
  if (outcome !== "completed") return undefined;
  const whole: Outgoing = { workerItemCount: itemCount, doneItemCount: itemCount };
  if (stage === undefined) return whole;
  const plan = readPlan();
  if (plan.split === "batch") return whole;
  const lastOfWorker = plan.stages.findLastIndex(({ workerIds }) => workerIds.includes(workerId));
  return {
    workerItemCount: stage >= lastOfWorker ? itemCount : 0,
    doneItemCount: stage >= plan.stages.length - 1 ? itemCount : 0,
  };
}
