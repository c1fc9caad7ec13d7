import type { AttemptLog } from "../record/attempt-log.js";
import type { TimeWindow } from "./time-axis.js";

/**
 * The attempts at the same items in all stages, in the order in which they began: the way of a micro-batch through the pipeline.
 * @returns indices in the log; none if the model is not split by layers. O(attempts in the window).
 */
export function microBatchOf(attempts: AttemptLog, index: number, { fromMs, toMs }: TimeWindow): readonly number[] {
  if (attempts.stageOf(index) === undefined) return [];
  const jobId = attempts.jobIdOf(index);
  const first = attempts.firstItemOf(index);
  const end = first + attempts.itemCountOf(index);
  const found: number[] = [];
  attempts.scan(fromMs, toMs, (other) => {
    if (attempts.jobIdOf(other) !== jobId || attempts.stageOf(other) === undefined) return;
    const otherFirst = attempts.firstItemOf(other);
    if (otherFirst < end && otherFirst + attempts.itemCountOf(other) > first) found.push(other);
  });
  return found.sort((a, b) => attempts.beginMsOf(a) - attempts.beginMsOf(b));
}
