import type { DispatchState, WorkerState } from "./state.js";
import { backlog } from "./worker.js";
import { capacityProportionalShares, equalShares, roundShares } from "./policies.js";
import { untouchedItemCount } from "../untouched-items.js";
import { planColumns, type CostColumns } from "./shares.js";

/** The end is far away only while the undispatched items take all workers together more than this many quanta. */
const FAR_QUANTA = 4;
/** And only for a worker that would finish its next shard within this fraction of the time that those items take. */
const FAR_FRACTION = 0.5;

/** How the undispatched items are divided over the ready workers, by slot: `workers[i]` gets `counts[i]` of them. */
export interface Plan {
  readonly workers: readonly WorkerState[];
  readonly counts: ArrayLike<number>;
}

export function workerAt(state: DispatchState, slot: number): WorkerState {
  return state.workers[slot]!;
}

export function undispatchedCount(state: DispatchState): number {
  return untouchedItemCount(state) + state.returnedItemCount;
}

/** Undispatched items that were not tried in vain, so that any worker may get them. */
export function cleanCount(state: DispatchState): number {
  return undispatchedCount(state) - state.failedItemCount;
}

/**
 * Divide `itemCount` undispatched items by the job's policy. O(W) for W ready workers.
 * A worker of which nothing is known counts as an average one of its kind.
 */
export function planCounts(state: DispatchState, itemCount: number, nowMs: number): Plan {
  const workers = state.readySlots.map((slot) => workerAt(state, slot));
  if (workers.length === 0) return { workers, counts: [] };
  switch (state.options.policy) {
    case "makespan":
      return { workers, counts: planMakespan(workers, itemCount, nowMs) };
    case "equal":
      return { workers, counts: planEqual(workers, itemCount) };
    case "capacity-proportional":
      return { workers, counts: planProportional(workers, itemCount) };
  }
}

/**
 * Each worker starts when it is free. An item takes its part of the time of a shard of a quantum, overhead included.
 * Where a worker gets less than a shard that way, a second plan charges it the whole overhead.
 */
function planMakespan(workers: readonly WorkerState[], itemCount: number, nowMs: number): ArrayLike<number> {
  const means = meanMsPerItem(workers);
  const overheadMs = new Float64Array(workers.length);
  const msPerItem = new Float64Array(workers.length);
  const columns: CostColumns = { overheadMs, msPerItem };
  for (let i = 0; i < workers.length; i++) {
    const worker = workers[i]!;
    const meanMs = worker.bucketed ? means.bucketed : means.plain;
    const { aheadMs, slowdown } = backlog(worker, nowMs, meanMs);
    overheadMs[i] = aheadMs;
    msPerItem[i] = (worker.shardMs === undefined ? meanMs : worker.shardMs / worker.shardItemCount) * slowdown;
  }
  const counts = planColumns(itemCount, columns);
  let isRefined = false;
  for (let i = 0; i < workers.length; i++) {
    const { throughput, shardItemCount } = workers[i]!;
    if (!throughput.overheadMs || counts[i]! >= shardItemCount) continue;
    const { slowdown } = backlog(workers[i]!, nowMs, 0);
    const factor = slowdown * Math.max(1, throughput.suspectRatio);
    overheadMs[i]! += throughput.overheadMs * factor;
    msPerItem[i] = throughput.msPerItem! * factor;
    isRefined = true;
  }
  return isRefined ? planColumns(itemCount, columns) : counts;
}

/** Quotas are dealt when items are added. Items that have come back since are divided equally on top of them. */
function planEqual(workers: readonly WorkerState[], itemCount: number): number[] {
  const quotaCount = workers.reduce((sum, worker) => sum + worker.quotaItemCount, 0);
  const extra = equalShares(Math.max(0, itemCount - quotaCount), workers.length);
  return workers.map((worker, index) => worker.quotaItemCount + extra[index]!);
}

/** Divide all remaining items in proportion to rate × availability, and subtract what each worker has in flight. */
function planProportional(workers: readonly WorkerState[], itemCount: number): number[] {
  const inFlight = workers.map(inFlightItemCount);
  const total = itemCount + inFlight.reduce((sum, count) => sum + count, 0);
  const rates = rateEstimates(workers);
  const targets = capacityProportionalShares(
    total,
    rates,
    workers.map((worker) => worker.availability),
  );
  const open = targets.map((target, index) => Math.max(0, target - inFlight[index]!));
  const openSum = open.reduce((sum, count) => sum + count, 0);
  if (openSum === 0) return equalShares(itemCount, workers.length);
  return roundShares(
    open.map((count) => (count * itemCount) / openSum),
    itemCount,
  );
}

/** Items per ms of each worker at its shard size, overhead included. Where nothing is known of it, the mean of its kind. */
function rateEstimates(workers: readonly WorkerState[]): number[] {
  const means = meanMsPerItem(workers);
  return workers.map(({ shardMs, shardItemCount, bucketed }) =>
    shardMs === undefined ? 1 / (bucketed ? means.bucketed : means.plain) : shardItemCount / shardMs,
  );
}

/** As `rateEstimates`, but from confirmed samples only: a single slow shard may be an outlier and does not count yet. */
export function confirmedRates(workers: readonly WorkerState[]): number[] {
  return rateEstimates(workers).map((rate, index) => rate * Math.max(1, workers[index]!.throughput.suspectRatio));
}

/** Mean ms per item, overhead included, of each kind of worker; of all where nothing is known of a kind; 1 where nothing is known at all. */
export function meanMsPerItem(workers: readonly WorkerState[]): { readonly plain: number; readonly bucketed: number } {
  let [plainSum, plainCount, bucketedSum, bucketedCount] = [0, 0, 0, 0];
  for (const { shardMs, shardItemCount, bucketed } of workers) {
    if (shardMs === undefined) continue;
    if (bucketed) {
      bucketedSum += shardMs / shardItemCount;
      bucketedCount++;
    } else {
      plainSum += shardMs / shardItemCount;
      plainCount++;
    }
  }
  const allCount = plainCount + bucketedCount;
  const all = allCount > 0 ? (plainSum + bucketedSum) / allCount : 1;
  return {
    plain: plainCount > 0 ? plainSum / plainCount : all,
    bucketed: bucketedCount > 0 ? bucketedSum / bucketedCount : all,
  };
}

/** The items that the worker's attempts own. */
export function inFlightItemCount(worker: WorkerState): number {
  let sum = 0;
  for (const attempt of worker.inFlight) if (attempt.role === "own") sum += attempt.itemCount;
  return sum;
}

/**
 * Time in which all ready workers together would do the undispatched items, ms. While the source is open: Infinity where there is a
 * shard for every worker, else 0. O(1), from the sums in the state.
 */
export function horizonMs(state: DispatchState): number {
  const itemCount = cleanCount(state);
  const readyCount = state.readySlots.length;
  if (!state.sourceEnded) return itemCount >= state.shardItemSum ? Infinity : 0;
  if (state.estimatedCount === 0) return itemCount > 2 * readyCount * state.options.depth ? Infinity : 0;
  return (itemCount * state.estimatedCount) / (state.rateSum * readyCount);
}

/** Whether the worker may take a whole shard without a plan, because the end is far away. */
export function isFarFromEnd(state: DispatchState, worker: WorkerState, horizon: number, nowMs: number): boolean {
  if (horizon <= FAR_QUANTA * state.options.quantumMs) return false;
  const meanMs = state.estimatedCount > 0 ? state.estimatedCount / state.rateSum : 1;
  const { aheadMs } = backlog(worker, nowMs, meanMs);
  return aheadMs + (worker.shardMs ?? 0) < FAR_FRACTION * horizon;
}
