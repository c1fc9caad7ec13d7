import { putWorker, removeAttempt, returnItems } from "./draft.js";
import { findAttempt, findWorker } from "./queries.js";
import { recallQueued } from "./recall.js";
import { dealItems, redealItems, refillAfter, refillAll } from "./refill.js";
import { copyState, copyWorker, type DispatchState, type Draft, type WorkerState, type WorkerStatus } from "./state.js";
import type { DispatchAction, DispatchEvent, ItemRange, WorkerProfile } from "./types.js";
import { createWorker, setThroughput } from "./worker.js";
import { ShardError } from "../errors.js";
import { addUntouched } from "../untouched-items.js";
import { hasRunSize, observe } from "../throughput/throughput.js";

export { createDispatch, type DispatchState } from "./state.js";
export {
  attemptDeadlineMs,
  completedItemCount,
  jobPhase,
  plannedShares,
  remainingItemCount,
  undispatchedItemCount,
  wantsItems,
  workerThroughput,
} from "./queries.js";

/** A worker is excluded from the job after this many failures in a row. */
const FAILURES_TO_EXCLUDE = 3;

/**
 * The dispatcher. It takes what happened and when, and returns the next state and what to do about it. It is pure: `state` does not
 * change. An event costs microseconds with a thousand workers.
 *
 * Events for attempts and workers that it does not know, or no longer knows, are ignored. After `finish`, `fail` or a cancel, all
 * events are.
 *
 * @param nowMs the time of the event on any clock that never goes back, ms.
 * @throws ShardError "invalid-input" for an item count or done ranges that are not as described, "invalid-options" for an active
 *         worker that is added again or an availability outside 0 < T ≤ 1.
 */
export function step(
  state: DispatchState,
  event: DispatchEvent,
  nowMs: number,
): { state: DispatchState; actions: DispatchAction[] } {
  if (state.phase !== "running" && state.phase !== "paused") return { state, actions: [] };
  const draft = copyState(state);
  applyEvent(draft, event, nowMs);
  return { state: draft, actions: draft.actions };
}

function applyEvent(draft: Draft, event: DispatchEvent, nowMs: number): void {
  switch (event.type) {
    case "attempt-completed":
      completeAttempt(draft, event, nowMs);
      break;
    case "items-released":
      draft.heldItemCount -= event.range.itemCount;
      break;
    case "items-revoked":
      revokeItems(draft, event.range, nowMs);
      break;
    case "attempt-failed":
      failAttempt(draft, event.attemptId, nowMs);
      break;
    case "attempt-rejected":
      rejectAttempt(draft, event.attemptId, nowMs);
      break;
    case "worker-added":
      addWorker(draft, event.worker, nowMs);
      break;
    case "worker-draining":
      retireWorker(draft, findWorker(draft, event.workerId), "draining", nowMs);
      break;
    case "worker-away":
      loseWorker(draft, event.workerId, "away", nowMs);
      break;
    case "worker-lost":
      loseWorker(draft, event.workerId, "lost", nowMs);
      break;
    case "items-added":
      addItems(draft, event.itemCount, event.done, nowMs);
      break;
    case "source-ended":
      draft.sourceEnded = true;
      refillAll(draft, nowMs);
      break;
    case "pause":
      draft.phase = "paused";
      break;
    case "resume":
      draft.phase = "running";
      refillAll(draft, nowMs);
      break;
    case "cancel":
      cancelAll(draft);
      draft.phase = "cancelled";
      break;
    case "tick":
      refillAll(draft, nowMs);
      break;
  }
  recallQueued(draft, nowMs);
  settle(draft);
}

/** End the job where it has finished, or where no worker is left to finish it. */
function settle(draft: Draft): void {
  if (draft.phase !== "running" && draft.phase !== "paused") return;
  if (draft.completedItemCount === draft.endItem) {
    if (!draft.sourceEnded || draft.heldItemCount > 0) return;
    draft.phase = "finished";
    draft.actions.push({ type: "finish" });
  } else if (draft.workers.length > 0 && draft.readySlots.length === 0 && draft.inFlightCount === 0) {
    if (draft.workers.some(({ status }) => status === "away")) return;
    draft.phase = "failed";
    draft.actions.push({ type: "fail", reason: "no-workers" });
  }
}

function completeAttempt(
  draft: Draft,
  { attemptId, serviceMs, isHeld = false }: DispatchEvent & { readonly type: "attempt-completed" },
  nowMs: number,
): void {
  const found = findAttempt(draft, attemptId);
  if (found === undefined) return;
  const { worker, attempt } = found;
  const { itemCount } = attempt;
  const warmUp = worker.bucketed && !hasRunSize(worker.throughput, itemCount);
  const isMeasured = serviceMs >= 0 && serviceMs < Infinity;
  const throughput = isMeasured ? observe(worker.throughput, { itemCount, serviceMs, warmUp }) : worker.throughput;
  draft.completedItemCount += itemCount;
  if (isHeld) draft.heldItemCount += itemCount;
  const changed = copyWorker(worker);
  setThroughput(changed, throughput, draft.options.quantumMs);
  changed.freeSinceMs = nowMs;
  changed.completedItemCount += itemCount;
  changed.failuresInRow = 0;
  removeAttempt(draft, worker, attempt, changed);
  refillAfter(draft, worker.slot, nowMs);
}

function revokeItems(draft: Draft, range: ItemRange, nowMs: number): void {
  draft.heldItemCount -= range.itemCount;
  draft.completedItemCount -= range.itemCount;
  returnItems(draft, range, []);
  redealItems(draft);
  refillAll(draft, nowMs);
}

function failAttempt(draft: Draft, attemptId: number, nowMs: number): void {
  const found = findAttempt(draft, attemptId);
  if (found === undefined) return;
  const { attempt } = found;
  const failuresInRow = found.worker.failuresInRow + 1;
  const worker = removeAttempt(draft, found.worker, attempt, { ...found.worker, failuresInRow, freeSinceMs: nowMs });
  const { firstItem, itemCount, failedOn } = attempt;
  returnItems(draft, attempt, [...failedOn, worker.slot]);
  if (failedOn.length > 0) {
    // They have been retried, on another worker if there was one, so the items are to blame.
    cancelAll(draft);
    draft.phase = "failed";
    draft.actions.push({ type: "fail", reason: "items-failed", range: { firstItem, itemCount }, attemptId });
    return;
  }
  if (failuresInRow >= FAILURES_TO_EXCLUDE && worker.status === "ready") {
    draft.actions.push({ type: "exclude-worker", workerId: worker.workerId });
    retireWorker(draft, worker, "excluded", nowMs);
  } else {
    refillAll(draft, nowMs);
  }
}

function rejectAttempt(draft: Draft, attemptId: number, nowMs: number): void {
  const found = findAttempt(draft, attemptId);
  if (found === undefined) return;
  const { worker, attempt } = found;
  removeAttempt(draft, worker, attempt, { ...worker, freeSinceMs: nowMs });
  returnItems(draft, attempt, []);
  redealItems(draft);
  refillAll(draft, nowMs);
}

function addWorker(draft: Draft, profile: WorkerProfile, nowMs: number): void {
  const { workerId, availability = 1 } = profile;
  if (!(availability > 0 && availability <= 1)) {
    throw new ShardError(
      "invalid-options",
      `Expected availability in 0 < T ≤ 1, received ${availability}: pass the fraction of time that the worker has.`,
      {
        workerId,
      },
    );
  }
  const before = findWorker(draft, workerId);
  if (before?.status === "ready") {
    throw new ShardError(
      "invalid-options",
      `Expected a new worker id, received "${workerId}", which is active: report that worker away or lost first.`,
      {
        workerId,
      },
    );
  }
  if (before?.status === "away") putWorker(draft, before, { ...before, status: "lost" });
  putWorker(draft, undefined, createWorker(draft.workers.length, profile, draft.options.quantumMs, nowMs));
  redealItems(draft);
  refillAll(draft, nowMs);
}

function addItems(draft: Draft, itemCount: number, done: readonly ItemRange[] | undefined, nowMs: number): void {
  const doneItemCount = addUntouched(draft, itemCount, done);
  draft.completedItemCount += doneItemCount;
  dealItems(draft, itemCount - doneItemCount);
  refillAll(draft, nowMs);
}

/** The worker gets no more shards. Those in flight may still finish. */
function retireWorker(draft: Draft, worker: WorkerState | undefined, status: WorkerStatus, nowMs: number): void {
  if (worker?.status !== "ready") return;
  putWorker(draft, worker, { ...worker, status, quotaItemCount: 0 });
  redealItems(draft);
  refillAll(draft, nowMs);
}

/** The worker is gone with its attempts, for good (`lost`) or until it comes back (`away`). */
function loseWorker(draft: Draft, workerId: string, status: "lost" | "away", nowMs: number): void {
  const found = findWorker(draft, workerId);
  if (found === undefined || found.status === "lost" || found.status === status) return;
  let worker = putWorker(draft, found, { ...found, status, quotaItemCount: 0 });
  for (const attempt of found.inFlight) {
    worker = removeAttempt(draft, worker, attempt);
    returnItems(draft, attempt, attempt.failedOn);
  }
  redealItems(draft);
  refillAll(draft, nowMs);
}

function cancelAll(draft: Draft): void {
  for (let worker of draft.workers) {
    for (const attempt of worker.inFlight) {
      worker = removeAttempt(draft, worker, attempt);
      returnItems(draft, attempt, attempt.failedOn);
      draft.actions.push({ type: "cancel-attempt", attemptId: attempt.attemptId, workerId: worker.workerId });
    }
  }
}
