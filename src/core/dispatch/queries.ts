import { inFlightItemCount, planCounts, confirmedRates, undispatchedCount } from "./plan.js";
import { findAttempt } from "./backups.js";
import type { DispatchState, WorkerState } from "./state.js";
import type { JobPhase, PlannedShare } from "./types.js";
import { deadlineOf } from "./worker.js";
import { UNTRIED } from "../item-trials.js";
import type { Throughput } from "../throughput/types.js";

export { openRanges } from "./backups.js";

/** Shards per worker that a stream keeps ready to dispatch. */
const BUFFERED_SHARD_COUNT = 2;

export function jobPhase(state: DispatchState): JobPhase {
  return state.phase;
}

/** Items that are known, not completed and in no attempt. */
export function undispatchedItemCount(state: DispatchState): number {
  return undispatchedCount(state);
}

/** Items that are known and not completed, undispatched or in flight. */
export function remainingItemCount(state: DispatchState): number {
  return state.endItem - state.completedItemCount;
}

export function completedItemCount(state: DispatchState): number {
  return state.completedItemCount;
}

/**
 * Whether a stream should pull from its source, which it does until two shards per worker wait. O(1).
 * Without workers it pulls once, so that a source that has ended still ends the job.
 */
export function wantsItems(state: DispatchState): boolean {
  const isActive = state.phase === "running" || state.phase === "paused";
  return (
    isActive && !state.sourceEnded && undispatchedCount(state) < Math.max(1, BUFFERED_SHARD_COUNT * state.shardItemSum)
  );
}

/** What the job has learned about a worker, for the next job to start with; `undefined` for an unknown id. O(W). */
export function workerThroughput(state: DispatchState, workerId: string): Throughput | undefined {
  return findWorker(state, workerId)?.throughput;
}

/** How many items an attempt in flight has; `undefined` for one that is not in flight. */
export function attemptItemCount(state: DispatchState, attemptId: number): number | undefined {
  return findAttempt(state, attemptId)?.attempt.itemCount;
}

/** Whether the items of an attempt in flight were tried in vain before. */
export function wasTried(state: DispatchState, attemptId: number): boolean {
  const found = findAttempt(state, attemptId);
  return found !== undefined && found.attempt.trials !== UNTRIED;
}

/**
 * How long an attempt in flight may take by what is known now, ms. The deadline of an attempt that was sent before anything was known
 * of its worker becomes shorter that way. `undefined` for an attempt that is not in flight.
 */
export function attemptDeadlineMs(state: DispatchState, attemptId: number): number | undefined {
  const found = findAttempt(state, attemptId);
  return found && deadlineOf(state.options, found.worker, found.attempt);
}

/** The latest worker with that id. O(W). */
export function findWorker(state: DispatchState, workerId: string): WorkerState | undefined {
  return state.workers.findLast((worker) => worker.workerId === workerId);
}

/**
 * The plan for what remains, with one entry per worker that is neither lost nor away, in order of arrival. O(W).
 *
 * `share` is (in flight + planned) / remaining items, or the worker's part of the total rate while the source is open.
 * The shares sum to 1 while items remain and a worker is ready.
 */
export function plannedShares(state: DispatchState, nowMs: number): PlannedShare[] {
  const plan = planCounts(state, undispatchedCount(state), nowMs);
  const remaining = remainingItemCount(state);
  const planned = new Map<number, number>();
  if (state.sourceEnded) {
    plan.workers.forEach(({ slot }, index) => planned.set(slot, plan.counts[index]! / Math.max(1, remaining)));
  } else {
    const rates = confirmedRates(plan.workers);
    const rateSum = rates.reduce((sum, rate) => sum + rate, 0);
    plan.workers.forEach(({ slot }, index) => planned.set(slot, rates[index]! / rateSum));
  }
  const shares: PlannedShare[] = [];
  for (const worker of state.workers) {
    if (worker.status === "lost" || worker.status === "away") continue;
    const inFlight = inFlightItemCount(worker);
    const { itemsPerSecond, overheadMs } = worker.throughput;
    shares.push({
      workerId: worker.workerId,
      share: (planned.get(worker.slot) ?? 0) + (state.sourceEnded ? inFlight / Math.max(1, remaining) : 0),
      itemsPerSecond,
      overheadMs,
      completedItemCount: worker.completedItemCount,
      inFlightItemCount: inFlight,
    });
  }
  return shares;
}
