import { amendTrials, findAttempt, noteDone, takeAbandoned } from "./backups.js";
import { putWorker, removeAttempt, returnItems, shardBounds } from "./draft.js";
import type { PendingRange } from "./pending-ranges.js";
import { findWorker } from "./queries.js";
import { redealItems, refillAll } from "./refill.js";
import { copyWorker, type Attempt, type Draft, type WorkerState, type WorkerStatus } from "./state.js";
import type { DispatchEvent, WorkerEnd } from "./types.js";
import { setThroughput } from "./worker.js";
import type { ShardError } from "../errors.js";
import { countEnd, judgeEnd, judgeFailure, UNTRIED, type Verdict } from "../item-trials.js";

/** A worker is excluded from the job after this many failures in a row. */
const FAILURES_TO_EXCLUDE = 3;
/** Where nothing has succeeded, the job fails once items of this weight were given up. */
const HOPELESS_WEIGHT = 8;
/** Items that ended, or hung, their workers count for more: each costs several workers. */
const ENDING_WEIGHT = 4;

type Failure = DispatchEvent & { readonly type: "attempt-failed" };

/** The model threw, or the worker was out of memory. */
export function failAttempt(draft: Draft, failure: Failure, nowMs: number): void {
  const found = findAttempt(draft, failure.attemptId);
  if (found === undefined) return;
  const { worker, attempt } = found;
  const { role, trials, itemCount } = attempt;
  const changed = copyWorker(worker);
  changed.freeSinceMs = nowMs;
  const isTooLarge = failure.isTooLarge === true && itemCount > 1;
  if (failure.isTooLarge === true) limitShards(draft, changed, itemCount);
  // Parts of items that fail elsewhere, too, say nothing about this worker.
  else if (!trials.isSuspect) changed.failuresInRow++;
  removeAttempt(draft, worker, attempt, changed);
  if (role === "own") {
    const verdict: Verdict<number> = isTooLarge
      ? { type: "retry", ranges: [attempt], trials }
      : judgeFailure(attempt, trials, worker.slot);
    follow(draft, attempt, verdict, { error: failure.error, weight: 1, slot: worker.slot });
  } else if (role === "backed-up" && !isTooLarge) {
    judgeAbandoned(draft, attempt, (range) => judgeFailure(range, range.trials, worker.slot), {
      error: failure.error,
      weight: 1,
      slot: worker.slot,
    });
    amendTrials(draft, attempt, (each) => ({ ...each, failedOn: [...each.failedOn, worker.slot] }));
  }
  if (draft.phase === "failed") return;
  // The items may have been found to be to blame.
  const left = draft.workers[worker.slot]!;
  if (left.failuresInRow >= FAILURES_TO_EXCLUDE && canSpare(draft, left)) {
    draft.actions.push({ type: "exclude-worker", workerId: left.workerId });
    retireWorker(draft, left, "excluded", nowMs);
  } else {
    refillAll(draft, nowMs);
  }
}

/** Half as many items at a time from now on. */
function limitShards(draft: Draft, worker: ReturnType<typeof copyWorker>, itemCount: number): void {
  worker.maxItemCount = Math.max(1, Math.min(worker.maxItemCount, Math.floor(itemCount / 2)));
  setThroughput(worker, worker.throughput, shardBounds(draft));
}

/** Whether another worker does what this one can't. Otherwise the items, or the model, may be to blame. */
function canSpare(draft: Draft, { slot, status }: WorkerState): boolean {
  if (status !== "ready") return false;
  return draft.readySlots.some((other) => other !== slot && draft.workers[other]!.completedItemCount > 0);
}

/** How the latest attempt on some items ended. */
interface Ending {
  readonly error: ShardError | undefined;
  readonly weight: number;
  /** Of the worker that was on them. */
  readonly slot: number;
}

/** Nobody is on the items of a backed-up attempt any more, and none of those that were has had a result: a verdict is due. */
function judgeAbandoned(
  draft: Draft,
  attempt: Attempt,
  judge: (range: PendingRange) => Verdict<number>,
  ending: Ending,
): void {
  for (const range of takeAbandoned(draft, attempt)) follow(draft, range, judge(range), ending);
}

/** Dispatch the items again, or give them up. */
function follow(draft: Draft, range: PendingRange, verdict: Verdict<number>, ending: Ending): void {
  const { firstItem, itemCount, backsUp } = range;
  if (verdict.type === "retry") {
    for (const part of verdict.ranges) returnItems(draft, { ...part, trials: verdict.trials, backsUp });
    return;
  }
  const { error, weight, slot } = ending;
  draft.completedItemCount += itemCount;
  draft.actions.push({ type: "items-given-up", firstItem, itemCount, error });
  noteDone(draft, backsUp, itemCount);
  excuse(draft, [...range.trials.failedOn, slot]);
  if (draft.hasSucceeded) return;
  draft.failureWeight += weight;
  if (draft.failureWeight < HOPELESS_WEIGHT) return;
  cancelAll(draft);
  draft.phase = "failed";
  draft.actions.push({ type: "fail", reason: "items-failed", range: { firstItem, itemCount }, error });
}

/** The items were to blame for the failures of these workers. */
function excuse(draft: Draft, slots: readonly number[]): void {
  for (const slot of new Set(slots)) {
    const worker = draft.workers[slot]!;
    if (worker.failuresInRow > 0) putWorker(draft, worker, { ...worker, failuresInRow: 0 });
  }
}

/** The result could not be used, and nobody is to blame. */
export function rejectAttempt(draft: Draft, attemptId: number, nowMs: number): void {
  const found = findAttempt(draft, attemptId);
  if (found === undefined) return;
  const { worker, attempt } = found;
  removeAttempt(draft, worker, attempt, { ...worker, freeSinceMs: nowMs });
  if (attempt.role === "own") returnItems(draft, { ...attempt, trials: UNTRIED });
  redealItems(draft);
  refillAll(draft, nowMs);
}

/** The worker gets no more shards. Those in flight may still finish. */
export function retireWorker(draft: Draft, worker: WorkerState | undefined, status: WorkerStatus, nowMs: number): void {
  if (worker?.status !== "ready" && worker?.status !== "stalled") return;
  putWorker(draft, worker, { ...worker, status, quotaItemCount: 0 });
  redealItems(draft);
  refillAll(draft, nowMs);
}

/** The worker is gone with its attempts, for good (`lost`) or until it comes back (`away`). */
export function loseWorker(
  draft: Draft,
  workerId: string,
  status: "lost" | "away",
  end: WorkerEnd | undefined,
  nowMs: number,
): void {
  const found = findWorker(draft, workerId);
  if (found === undefined || found.status === "lost" || found.status === status) return;
  let worker = putWorker(draft, found, { ...found, status, quotaItemCount: 0 });
  for (const attempt of found.inFlight) {
    worker = removeAttempt(draft, worker, attempt);
    if (end !== undefined && attempt.attemptId === end.attemptId) blame(draft, worker, attempt, end);
    else if (attempt.role === "own") returnItems(draft, attempt);
  }
  if (draft.phase === "failed") return;
  draft.waitingSinceMs = undefined;
  redealItems(draft);
  refillAll(draft, nowMs);
}

function blame(draft: Draft, { slot }: WorkerState, attempt: Attempt, { cause, error }: WorkerEnd): void {
  const ending = { error, weight: ENDING_WEIGHT, slot };
  if (attempt.role === "own") {
    follow(draft, attempt, judgeEnd(attempt, attempt.trials, cause), ending);
  } else if (attempt.role === "backed-up") {
    judgeAbandoned(draft, attempt, (range) => judgeEnd(range, range.trials, cause), ending);
    amendTrials(draft, attempt, (trials) => countEnd(trials, cause));
  }
}

export function cancelAll(draft: Draft): void {
  for (let worker of draft.workers) {
    for (const attempt of worker.inFlight) {
      worker = removeAttempt(draft, worker, attempt);
      if (attempt.role === "own") returnItems(draft, attempt);
      if (attempt.role === "dropped") continue;
      draft.actions.push({ type: "cancel-attempt", attemptId: attempt.attemptId, workerId: worker.workerId });
    }
  }
}
