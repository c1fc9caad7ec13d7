import { confirmedRates, inFlightItemCount, meanMsPerItem, planCounts, undispatchedCount } from "./plan.js";
import { findAttempt } from "./backups.js";
import type { DispatchState, WorkerState } from "./state.js";
import type { JobPhase, PlannedShare } from "./types.js";
import { backlog, deadlineOf, elapsedOn, expectedMs } from "./worker.js";
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
 * The plan for what remains, with one entry per worker that is neither lost nor away, nor done with the last that it gets, in order of
 * arrival. O(W).
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
    if (worker.status === "draining" && worker.inFlight.length === 0) continue;
    const inFlight = inFlightItemCount(worker);
    const { itemsPerSecond, overheadMs } = worker.throughput;
    const { slowdown } = backlog(worker, nowMs, Infinity);
    shares.push({
      workerId: worker.workerId,
      share: (planned.get(worker.slot) ?? 0) + (state.sourceEnded ? inFlight / Math.max(1, remaining) : 0),
      itemsPerSecond: itemsPerSecond && itemsPerSecond / slowdown,
      overheadMs,
      completedItemCount: worker.completedItemCount,
      inFlightItemCount: inFlight,
    });
  }
  return shares;
}

/** Whether some worker takes so much longer for what it is on that its throughput is no longer what was learned. O(W). */
export function isAnyLate(state: DispatchState, nowMs: number): boolean {
  return state.workers.some((worker) => isPresent(worker) && backlog(worker, nowMs, Infinity).slowdown > 1);
}

/**
 * When the last item known so far will be done by the plan, ms from now; `undefined` while nothing is known of any worker, or of one whose
 * first shard takes longer than those of the others. O(W).
 *
 * Each worker first does what is in flight, then its part of the rest. What is overdue takes at least as long again as it has taken.
 */
export function remainingMs(state: DispatchState, nowMs: number): number | undefined {
  const undispatched = undispatchedCount(state);
  const { workers, counts } = planCounts(state, undispatched, nowMs);
  const present = state.workers.filter(isPresent);
  if (!present.some(({ shardMs }) => shardMs !== undefined)) return undefined;
  const means = meanMsPerItem(present);
  let latestMs = 0;
  let aloneMs = Infinity;
  for (const worker of present) {
    const { inFlight, throughput, shardMs, shardItemCount } = worker;
    const meanMs = worker.bucketed ? means.bucketed : means.plain;
    const { aheadMs, slowdown } = backlog(worker, nowMs, meanMs);
    const [running] = inFlight;
    const elapsedMs = running === undefined ? 0 : elapsedOn(worker, running, nowMs);
    const freeMs = Math.max(aheadMs, slowdown > 1 ? elapsedMs : 0);
    const msPerItem = (shardMs === undefined ? meanMs : shardMs / shardItemCount) * slowdown;
    aloneMs = Math.min(aloneMs, freeMs + undispatched * msPerItem);
    const count = counts[workers.indexOf(worker)] ?? 0;
    if (count === 0 && !inFlight.some(({ role }) => role === "own")) continue;
    if (slowdown > 1 && running !== undefined && expectedMs(throughput, running.itemCount) === undefined) {
      return undefined;
    }
    latestMs = Math.max(latestMs, freeMs + count * msPerItem);
  }
  // With nobody to take the rest, it waits for one of those that are late.
  return undispatched > 0 && workers.length === 0 ? Math.max(latestMs, aloneMs) : latestMs;
}

function isPresent({ status }: WorkerState): boolean {
  return status !== "lost" && status !== "away";
}
