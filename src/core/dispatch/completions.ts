import { findAttempt, noteDone, takeBack } from "./backups.js";
import { removeAttempt, returnItems, shardBounds } from "./draft.js";
import { redealItems, refillAfter, refillAll } from "./refill.js";
import { copyWorker, type Attempt, type Draft, type WorkerState } from "./state.js";
import type { DispatchEvent, ItemRange } from "./types.js";
import { elapsedOn, expectedMs, isFirstRun, setThroughput } from "./worker.js";
import { UNTRIED } from "../item-trials.js";
import { hasRunSize, observe } from "../throughput/throughput.js";

/** An attempt has a result. It counts for those of its items that are still open; its time counts in any case. */
export function completeAttempt(
  draft: Draft,
  { attemptId, serviceMs, callItemCount, isHeld = false }: DispatchEvent & { readonly type: "attempt-completed" },
  nowMs: number,
): void {
  const found = findAttempt(draft, attemptId);
  if (found === undefined) return;
  const { worker, attempt } = found;
  const { role, openItemCount, backsUp } = attempt;
  if (role === "backed-up") takeBack(draft, attempt);
  if (role !== "dropped") {
    draft.completedItemCount += openItemCount;
    if (isHeld) draft.heldItemCount += openItemCount;
    draft.hasSucceeded = true;
  }
  removeMeasured(draft, worker, attempt, { serviceMs, callItemCount }, nowMs);
  if (backsUp.length > 0) noteDone(draft, backsUp, openItemCount);
  if (worker.status === "stalled") refillAll(draft, nowMs);
  else refillAfter(draft, worker.slot, nowMs);
}

/** What is known of an attempt that has ended. */
type Measured = Pick<DispatchEvent & { readonly type: "attempt-completed" }, "serviceMs" | "callItemCount">;

function removeMeasured(
  draft: Draft,
  worker: WorkerState,
  attempt: Attempt,
  { serviceMs, callItemCount = worker.callItemCount }: Measured,
  nowMs: number,
): void {
  const { itemCount, role, openItemCount } = attempt;
  const isMeasured = serviceMs >= 0 && serviceMs < Infinity;
  const changed = copyWorker(worker);
  if (isMeasured && isFirstRun(worker, itemCount)) {
    changed.firstRunMs = Math.max(worker.firstRunMs ?? 0, serviceMs);
  }
  const warmUp = worker.bucketed && !hasRunSize(worker.throughput, itemCount);
  const throughput = isMeasured ? observe(worker.throughput, { itemCount, serviceMs, warmUp }) : worker.throughput;
  setThroughput(changed, throughput, shardBounds(draft));
  changed.callItemCount = callItemCount;
  changed.freeSinceMs = nowMs;
  if (role !== "dropped") changed.completedItemCount += openItemCount;
  changed.failuresInRow = 0;
  removeAttempt(draft, worker, attempt, changed);
}

/**
 * An attempt that nobody waited for has ended without a result: it was cancelled, or it failed. It took at least as long as it ran, which
 * is worth knowing if that is longer than predicted.
 */
export function endAttempt(draft: Draft, attemptId: number, nowMs: number): void {
  const found = findAttempt(draft, attemptId);
  if (found === undefined || found.attempt.role !== "dropped") return;
  const { worker, attempt } = found;
  const elapsedMs = elapsedOn(worker, attempt, nowMs);
  const isSlow = attempt.isOverdue && elapsedMs > (expectedMs(worker.throughput, attempt.itemCount) ?? Infinity);
  if (isSlow) {
    removeMeasured(draft, worker, attempt, { serviceMs: elapsedMs }, nowMs);
  } else {
    removeAttempt(draft, worker, attempt, { ...worker, freeSinceMs: nowMs });
  }
  refillAll(draft, nowMs);
}

/** Items that were computed wrongly count as never computed. */
export function revokeItems(draft: Draft, { firstItem, itemCount }: ItemRange, nowMs: number): void {
  draft.heldItemCount -= itemCount;
  draft.completedItemCount -= itemCount;
  returnItems(draft, { firstItem, itemCount, trials: UNTRIED, backsUp: [] });
  redealItems(draft);
  refillAll(draft, nowMs);
}
