import { putWorker, shardBounds } from "./draft.js";
import { completeAttempt, endAttempt, revokeItems } from "./completions.js";
import { cancelAll, failAttempt, loseWorker, rejectAttempt, retireWorker } from "./failures.js";
import { noticeOverdue } from "./overdue.js";
import { findWorker } from "./queries.js";
import { recallQueued } from "./recall.js";
import { dealItems, redealItems, refillAll } from "./refill.js";
import { copyState, copyWorker, type DispatchState, type Draft } from "./state.js";
import { backUpStragglers } from "./tail-backups.js";
import type { DispatchAction, DispatchEvent, ItemRange, WorkerProfile } from "./types.js";
import { createWorker, setThroughput } from "./worker.js";
import { ShardError } from "../errors.js";
import { addUntouched } from "../untouched-items.js";

export { overdueLimitMs } from "./overdue.js";
export { createDispatch, type DispatchState } from "./state.js";
export {
  attemptDeadlineMs,
  attemptItemCount,
  completedItemCount,
  isAnyLate,
  jobPhase,
  openRanges,
  plannedShares,
  remainingItemCount,
  remainingMs,
  undispatchedItemCount,
  wantsItems,
  wasTried,
  workerThroughput,
} from "./queries.js";

/**
 * The dispatcher. It takes what happened and when, and returns the next state and what to do about it. It is pure: `state` does not
 * change. An event costs microseconds with a thousand workers.
 *
 * Events for attempts and workers that it does not know, or no longer knows, are ignored. After `finish`, `fail` or a cancel, all
 * events are.
 *
 * @param nowMs the time of the event on any clock that never goes back, ms. It should not jump while the page is suspended: attempts
 *        would seem overdue.
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
      failAttempt(draft, event, nowMs);
      break;
    case "attempt-ended":
      endAttempt(draft, event.attemptId, nowMs);
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
      loseWorker(draft, event.workerId, "away", event.end, nowMs);
      break;
    case "worker-lost":
      loseWorker(draft, event.workerId, "lost", event.end, nowMs);
      break;
    case "workers-expected":
      draft.expectsWorkers = event.isExpected;
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
    case "shard-limit":
      limitShards(draft, event.itemCount);
      break;
    case "tick":
      noteElsewhere(draft, event.elsewhere ?? NONE, nowMs);
      refillAll(draft, nowMs);
      noticeOverdue(draft, nowMs);
      break;
  }
  recallQueued(draft, nowMs);
  if (event.type === "tick") backUpStragglers(draft, nowMs);
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
    // One that is on items which others have, too, may still complete them.
    const isHopeful = draft.workers.some(({ status, inFlight }) => status === "away" || inFlight.length > 0);
    if (draft.expectsWorkers || isHopeful) return;
    draft.phase = "failed";
    draft.actions.push({ type: "fail", reason: "no-workers" });
  }
}

const NONE: readonly string[] = [];

/** Which workers are on other jobs' work. */
function noteElsewhere(draft: Draft, workerIds: readonly string[], nowMs: number): void {
  for (const worker of draft.workers) {
    const isElsewhere = workerIds.length > 0 && workerIds.includes(worker.workerId);
    if (!isElsewhere && !worker.isElsewhere) continue;
    putWorker(draft, worker, { ...worker, isElsewhere, elsewhereMs: nowMs });
  }
}

function limitShards(draft: Draft, itemCount: number): void {
  if (!(itemCount < draft.maxShardItemCount)) return;
  draft.maxShardItemCount = Math.max(1, Math.floor(itemCount));
  for (const worker of draft.workers) {
    const changed = copyWorker(worker);
    setThroughput(changed, worker.throughput, shardBounds(draft));
    putWorker(draft, worker, changed);
  }
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
  if (before?.status === "ready" || before?.status === "stalled") {
    throw new ShardError(
      "invalid-options",
      `Expected a new worker id, received "${workerId}", which is active: report that worker away or lost first.`,
      {
        workerId,
      },
    );
  }
  if (before?.status === "draining" && before.inFlight.length > 0) {
    // One that was benched takes its place again, with what it is on.
    putWorker(draft, before, { ...before, status: "ready" });
  } else {
    const isBack = before?.status === "away" || before?.status === "draining";
    if (isBack) putWorker(draft, before, { ...before, status: "lost" });
    putWorker(draft, undefined, createWorker(draft.workers.length, profile, shardBounds(draft), nowMs));
  }
  draft.waitingSinceMs = undefined;
  redealItems(draft);
  refillAll(draft, nowMs);
}

function addItems(draft: Draft, itemCount: number, done: readonly ItemRange[] | undefined, nowMs: number): void {
  const doneItemCount = addUntouched(draft, itemCount, done);
  draft.completedItemCount += doneItemCount;
  if (doneItemCount > 0) draft.hasSucceeded = true;
  dealItems(draft, itemCount - doneItemCount);
  refillAll(draft, nowMs);
}
