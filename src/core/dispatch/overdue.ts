import { backUp, earlierCount, findAttempt, recallLast, recallWaiting } from "./backups.js";
import { dispatchTo, putWorker, replaceAttempt } from "./draft.js";
import { redealItems, refillAll } from "./refill.js";
import type { Attempt, DispatchState, Draft, WorkerState } from "./state.js";
import { elapsedOn, expectedMs, isFirstRun } from "./worker.js";
import { haveEndedEnough } from "../item-trials.js";

/** An attempt is overdue after this many times its prediction and this many ms: then another worker is on its items. */
const OVERDUE_FACTOR = 3;
const OVERDUE_FLOOR_MS = 1_000;
/** It is never overdue before that. */
const EARLIEST_FACTOR = 2;
const EARLIEST_FLOOR_MS = 500;
/** First runs of workers of one kind differ more. */
const FIRST_RUN_FACTOR = 5;
const FIRST_RUN_FLOOR_MS = 3_000;
/** How late a look can be, ms. */
const LOOK_MS = 150;
/** Looks are at least this far apart, ms. */
const SHORTEST_LOOK_MS = 40;
/** So many attempts at most run the same items at a time: more would only end more workers if the items are to blame. */
const MAX_COPIES = 3;

/**
 * Look for attempts that have taken much longer than predicted. Their workers get nothing more before they have answered; what waits
 * behind goes to others, and the items of the attempt itself run elsewhere, too. O(W).
 */
export function noticeOverdue(draft: Draft, nowMs: number): void {
  if (nowMs - draft.checkedMs < SHORTEST_LOOK_MS) return;
  draft.checkedMs = nowMs;
  for (const { slot } of draft.workers) {
    const worker = draft.workers[slot]!;
    const attempt = worker.inFlight[0];
    if (attempt === undefined || worker.isElsewhere) continue;
    if (attempt.role === "backed-up" && attempt.isOverdue) continue;
    const limitMs = attempt.isOverdue ? -Infinity : overdueAfterMs(draft, worker, attempt, nowMs);
    if (elapsedAlone(worker, attempt, nowMs) >= limitMs) markOverdue(draft, slot, nowMs);
  }
}

/** For how long the worker has been on the attempt and on nothing else, ms. */
function elapsedAlone(worker: WorkerState, attempt: Attempt, nowMs: number): number {
  return Math.min(elapsedOn(worker, attempt, nowMs), nowMs - worker.elsewhereMs);
}

/**
 * After how many ms an attempt is overdue. Where its time can't be predicted, what first runs have taken on workers of the same kind
 * tells; Infinity where nothing does. The time that it takes until another worker is on the items counts, too.
 */
function overdueAfterMs(draft: Draft, worker: WorkerState, attempt: Attempt, nowMs: number): number {
  const predictedMs = expectedMs(worker.throughput, attempt.itemCount);
  if (predictedMs === undefined || isFirstRun(worker, attempt.itemCount)) {
    const firstRunMs = longestFirstRunMs(draft, worker);
    return Math.max(FIRST_RUN_FACTOR * firstRunMs, OVERDUE_FACTOR * (predictedMs ?? 0)) + FIRST_RUN_FLOOR_MS;
  }
  const earliestMs = EARLIEST_FACTOR * predictedMs + EARLIEST_FLOOR_MS;
  if (elapsedOn(worker, attempt, nowMs) < earliestMs) return earliestMs;
  const limitMs = OVERDUE_FACTOR * predictedMs + OVERDUE_FLOOR_MS;
  return Math.max(earliestMs, limitMs - waitMs(draft, worker, nowMs) - LOOK_MS);
}

/**
 * After how many ms an attempt is overdue of which the job no longer asks, since it has ended; Infinity where its time can't be predicted.
 */
export function overdueLimitMs(state: DispatchState, attemptId: number): number {
  const found = findAttempt(state, attemptId);
  if (found === undefined || found.attempt.isOverdue) return Infinity;
  const { worker, attempt } = found;
  const predictedMs = expectedMs(worker.throughput, attempt.itemCount);
  if (predictedMs === undefined || isFirstRun(worker, attempt.itemCount)) return Infinity;
  return OVERDUE_FACTOR * predictedMs + OVERDUE_FLOOR_MS - LOOK_MS;
}

function longestFirstRunMs(draft: Draft, { kind, slot }: WorkerState): number {
  let longestMs = -Infinity;
  for (const other of draft.workers) {
    const isAlike = other.slot === slot || (kind !== undefined && other.kind === kind);
    if (isAlike && other.firstRunMs !== undefined) longestMs = Math.max(longestMs, other.firstRunMs);
  }
  return longestMs === -Infinity ? Infinity : longestMs;
}

/** How long it takes until some other worker ends the attempt that it is on, ms. */
function waitMs(draft: DispatchState, { slot }: WorkerState, nowMs: number): number {
  let leastMs = Infinity;
  for (const other of draft.readySlots) {
    if (other !== slot) leastMs = Math.min(leastMs, leftMs(draft.workers[other]!, nowMs));
  }
  return leastMs === Infinity ? 0 : leastMs;
}

function leftMs(worker: WorkerState, nowMs: number): number {
  const running = worker.inFlight[0];
  if (running === undefined) return 0;
  return Math.max(0, (expectedMs(worker.throughput, running.itemCount) ?? 0) - elapsedOn(worker, running, nowMs));
}

function markOverdue(draft: Draft, slot: number, nowMs: number): void {
  const before = draft.workers[slot]!;
  const attempt = before.inFlight[0]!;
  const { attemptId, firstItem, itemCount, role } = attempt;
  if (!attempt.isOverdue) {
    if (role !== "dropped") {
      draft.actions.push({ type: "attempt-overdue", attemptId, workerId: before.workerId, firstItem, itemCount });
    }
    stall(draft, replaceAttempt(draft, before, attempt, { ...attempt, isOverdue: true }));
  }
  const overdue = findAttempt(draft, attemptId)!;
  if (role !== "own" || earlierCount(draft, overdue.attempt) >= MAX_COPIES - 1) return;
  if (haveEndedEnough(overdue.attempt.trials, overdue.attempt.itemCount)) return;
  backUp(draft, overdue.worker, overdue.attempt);
  startAtOnce(draft, attemptId, nowMs);
  refillAll(draft, nowMs);
}

/** The worker gets nothing more before the attempt that it is on has ended. */
export function stall(draft: Draft, { slot }: WorkerState): void {
  recallWaiting(draft, slot);
  const worker = draft.workers[slot]!;
  if (worker.status === "ready") putWorker(draft, worker, { ...worker, status: "stalled", quotaItemCount: 0 });
  redealItems(draft);
}

/** Send what backs an attempt up to the worker that will be free first, in place of what waits there. */
function startAtOnce(draft: Draft, attemptId: number, nowMs: number): void {
  if (draft.phase !== "running") return;
  for (;;) {
    const index = draft.returned.findIndex(({ backsUp }) => backsUp[0] === attemptId);
    if (index < 0) return;
    const { failedOn } = draft.returned[index]!.trials;
    let taker = soonestFree(draft, failedOn, nowMs);
    if (taker === undefined) return;
    if (taker.inFlight.length >= draft.options.depth && taker.inFlight.length > 1) taker = recallLast(draft, taker);
    const at = draft.returned.findIndex(({ backsUp }) => backsUp[0] === attemptId);
    dispatchTo(draft, taker, taker.shardItemCount, nowMs, at);
  }
}

/** Of the workers on which nothing, or nothing but one attempt of other items, has to be waited for: the one that is free first. */
function soonestFree(draft: Draft, failedOn: readonly number[], nowMs: number): WorkerState | undefined {
  let best: WorkerState | undefined;
  let leastMs = Infinity;
  for (const slot of draft.readySlots) {
    const worker = draft.workers[slot]!;
    const last = worker.inFlight.at(-1);
    const isTaken = worker.inFlight.length > 1 && (last!.backsUp.length > 0 || last!.role !== "own");
    const hasNoRoom = draft.options.depth === 1 && worker.inFlight.length > 0;
    if (isTaken || hasNoRoom || failedOn.includes(slot)) continue;
    // Another job's work comes first there.
    const freeMs = leftMs(worker, nowMs) + (worker.isElsewhere ? 1e6 : 0);
    if (freeMs < leastMs) [best, leastMs] = [worker, freeMs];
  }
  return best;
}
