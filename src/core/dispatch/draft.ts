import { attemptIdOf, copyWorker, type Attempt, type Draft, type WorkerState } from "./state.js";
import { deadlineOf, expectedMs, floorPowerOfTwo, type ShardBounds } from "./worker.js";
import { UNTRIED } from "../item-trials.js";
import { nextRunItemCount, takeUntouched } from "../untouched-items.js";
import { insertRange, takeFromRange, type PendingRange } from "./pending-ranges.js";

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
 * Remove an attempt that is over, however it ended. A worker that it had stalled is ready again.
 *
 * @param changed a copy of the worker with whatever else has changed about it.
 */
export function removeAttempt(
  draft: Draft,
  worker: WorkerState,
  attempt: Attempt,
  changed = copyWorker(worker),
): WorkerState {
  if (attempt.role === "own") draft.inFlightCount--;
  changed.inFlight = worker.inFlight.filter((other) => other !== attempt);
  if (changed.status === "stalled" && worker.inFlight[0] === attempt) changed.status = "ready";
  return putWorker(draft, worker, changed);
}

/** Put another attempt in the place of one that is in flight, such as the same one in another role. */
export function replaceAttempt(draft: Draft, worker: WorkerState, attempt: Attempt, by: Attempt): WorkerState {
  draft.inFlightCount += Number(by.role === "own") - Number(attempt.role === "own");
  const changed = copyWorker(worker);
  changed.inFlight = worker.inFlight.map((other) => (other === attempt ? by : other));
  return putWorker(draft, worker, changed);
}

/** Return items of an attempt that is over, or that is being backed up, so that they are dispatched again. */
export function returnItems(draft: Draft, { firstItem, itemCount, trials, backsUp }: PendingRange): void {
  draft.returned = insertRange(draft.returned, { firstItem, itemCount, trials, backsUp });
  draft.returnedItemCount += itemCount;
  if (trials !== UNTRIED) draft.failedItemCount += itemCount;
}

/** Remove the first `itemCount` items of the range at `index` in `returned`. */
export function takeReturned(draft: Draft, index: number, itemCount: number): void {
  const { trials } = draft.returned[index]!;
  draft.returned = takeFromRange(draft.returned, index, itemCount);
  draft.returnedItemCount -= itemCount;
  if (trials !== UNTRIED) draft.failedItemCount -= itemCount;
}

export function shardBounds(draft: Draft): ShardBounds {
  return { quantumMs: draft.options.quantumMs, maxItemCount: draft.maxShardItemCount };
}

const FRESH: Pick<PendingRange, "trials" | "backsUp"> = { trials: UNTRIED, backsUp: [] };

/**
 * Dispatch up to `wantedCount` contiguous items to a worker: those of the range at `rangeIndex` in `returned`, or by default the lowest
 * that were not tried in vain.
 *
 * @returns the worker afterwards, and how many items it got: 0 where there are none.
 */
export function dispatchTo(
  draft: Draft,
  worker: WorkerState,
  wantedCount: number,
  nowMs: number,
  rangeIndex: number = draft.returned.findIndex(({ trials }) => trials === UNTRIED),
): { worker: WorkerState; itemCount: number } {
  const range = rangeIndex < 0 ? undefined : draft.returned[rangeIndex]!;
  const available = range === undefined ? nextRunItemCount(draft) : range.itemCount;
  let itemCount = Math.min(wantedCount, available);
  if (itemCount <= 0) return { worker, itemCount: 0 };
  if (worker.bucketed) itemCount = floorPowerOfTwo(itemCount);
  const { trials, backsUp } = range ?? FRESH;
  if (trials.isAlone) itemCount = 1;

  let firstItem: number;
  if (range === undefined) {
    ({ firstItem } = takeUntouched(draft, itemCount));
  } else {
    ({ firstItem } = range);
    takeReturned(draft, rangeIndex, itemCount);
  }
  const attemptId = attemptIdOf(++draft.attemptCount, worker.slot);
  const attempt: Attempt = {
    attemptId,
    firstItem,
    itemCount,
    dispatchedMs: nowMs,
    trials,
    backsUp,
    role: "own",
    openItemCount: itemCount,
    isOverdue: false,
  };
  draft.inFlightCount++;
  const predictedMs = expectedMs(worker.throughput, itemCount);
  draft.actions.push({
    type: "dispatch",
    attemptId,
    workerId: worker.workerId,
    firstItem,
    itemCount,
    predictedMs,
    deadlineMs: deadlineOf(draft.options, worker, attempt),
  });
  const dealtCount = trials === UNTRIED ? itemCount : 0;
  const after = copyWorker(worker);
  after.inFlight = [...worker.inFlight, attempt];
  after.quotaItemCount = Math.max(0, worker.quotaItemCount - dealtCount);
  return { worker: putWorker(draft, worker, after), itemCount };
}
