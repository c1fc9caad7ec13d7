import { attemptIdOf, copyWorker, type Attempt, type Draft, type WorkerState } from "./state.js";
import { deadlineOf, expectedMs, floorPowerOfTwo } from "./worker.js";
import { nextRunItemCount, takeUntouched } from "../untouched-items.js";
import { insertRange, takeFromRange } from "./pending-ranges.js";
import type { ItemRange } from "./types.js";

/** Replace or add a worker, and update the sums over ready workers. O(1), or O(W) where it becomes ready or ceases to be. */
export function putWorker(draft: Draft, before: WorkerState | undefined, after: WorkerState): WorkerState {
  if (before !== undefined) addToSums(draft, before, -1);
  addToSums(draft, after, 1);
  draft.workers[after.slot] = after;
  const wasReady = before?.status === "ready";
  if (wasReady !== (after.status === "ready")) {
    draft.readySlots = wasReady
      ? draft.readySlots.filter((slot) => slot !== after.slot)
      : [...draft.readySlots, after.slot];
    if (draft.readySlots.length === 0) draft.rateSum = 0; // no rounding error to divide by
  }
  return after;
}

function addToSums(draft: Draft, worker: WorkerState, sign: 1 | -1): void {
  if (worker.status !== "ready") return;
  draft.shardItemSum += sign * worker.shardItemCount;
  if (worker.inFlight.length === 0) draft.idleCount += sign;
  if (worker.shardMs !== undefined) {
    draft.estimatedCount += sign;
    draft.rateSum += (sign * worker.shardItemCount) / worker.shardMs;
  }
}

/**
 * Remove an attempt that is over, however it ended.
 *
 * @param changed a copy of the worker with whatever else has changed about it.
 */
export function removeAttempt(
  draft: Draft,
  worker: WorkerState,
  attempt: Attempt,
  changed = copyWorker(worker),
): WorkerState {
  draft.inFlightCount--;
  changed.inFlight = worker.inFlight.filter((other) => other !== attempt);
  return putWorker(draft, worker, changed);
}

/**
 * Return items of an attempt that is over, so that they are dispatched again.
 *
 * @param failedOn slots of the workers on which they have failed.
 */
export function returnItems(draft: Draft, range: ItemRange, failedOn: readonly number[]): void {
  const { firstItem, itemCount } = range;
  draft.returned = insertRange(draft.returned, { firstItem, itemCount, failedOn });
  draft.returnedItemCount += itemCount;
  if (failedOn.length > 0) draft.failedItemCount += itemCount;
}

/**
 * Dispatch up to `wantedCount` contiguous items to a worker: those of the range at `rangeIndex` in `returned`, or by default the lowest
 * that have not failed.
 *
 * @returns the worker afterwards, and how many items it got: 0 where there are none.
 */
export function dispatchTo(
  draft: Draft,
  worker: WorkerState,
  wantedCount: number,
  nowMs: number,
  rangeIndex: number = draft.returned.findIndex((range) => range.failedOn.length === 0),
): { worker: WorkerState; itemCount: number } {
  const range = rangeIndex < 0 ? undefined : draft.returned[rangeIndex]!;
  const available = range === undefined ? nextRunItemCount(draft) : range.itemCount;
  let itemCount = Math.min(wantedCount, available);
  if (itemCount <= 0) return { worker, itemCount: 0 };
  if (worker.bucketed) itemCount = floorPowerOfTwo(itemCount);

  const failedOn = range?.failedOn ?? [];
  let firstItem: number;
  if (range === undefined) {
    ({ firstItem } = takeUntouched(draft, itemCount));
  } else {
    ({ firstItem } = range);
    draft.returned = takeFromRange(draft.returned, rangeIndex, itemCount);
    draft.returnedItemCount -= itemCount;
    if (failedOn.length > 0) draft.failedItemCount -= itemCount;
  }
  const attemptId = attemptIdOf(++draft.attemptCount, worker.slot);
  const attempt: Attempt = { attemptId, firstItem, itemCount, dispatchedMs: nowMs, failedOn };
  draft.inFlightCount++;
  const predictedMs = expectedMs(worker.throughput, itemCount);
  draft.actions.push({
    type: "dispatch",
    attemptId,
    workerId: worker.workerId,
    firstItem,
    itemCount,
    predictedMs,
    deadlineMs: deadlineOf(draft.options, worker, itemCount),
  });
  const dealtCount = failedOn.length > 0 ? 0 : itemCount;
  const after = copyWorker(worker);
  after.inFlight = [...worker.inFlight, attempt];
  after.quotaItemCount = Math.max(0, worker.quotaItemCount - dealtCount);
  return { worker: putWorker(draft, worker, after), itemCount };
}
