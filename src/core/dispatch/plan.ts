import type { DispatchState, WorkerState } from "./state.js";
import { backlog } from "./worker.js";
import { capacityProportionalShares, equalShares, roundShares } from "./policies.js";
import { untouchedItemCount } from "../untouched-items.js";
import { planColumns, type CostColumns } from "./shares.js";

/** Far from the end: this many quanta of work for everybody are not dispatched yet. */
const FAR_QUANTA = 4;
/** … and a worker finishes its next shard in this fraction of the time that those items take. */
const FAR_FRACTION = 0.5;

/** How the undispatched items are divided: `counts[i]` go to `workers[i]`. Ready workers only, by slot. */
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

/** Undispatched items that any worker may have. */
export function cleanCount(state: DispatchState): number {
  return undispatchedCount(state) - state.failedItemCount;
}

/**
 * Plan `itemCount` undispatched items by the job's policy. O(W), W ready workers.
 * A worker of which nothing is known is taken for an average one of its kind.
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
 * Each worker starts when it is free and spends its quantum-sized shard's time per item, overhead spread over the shard.
 * Where that gives less than a shard, a second plan charges the whole overhead for it.
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

/** Quotas are dealt when items come; items that came back are on top. */
function planEqual(workers: readonly WorkerState[], itemCount: number): number[] {
  const quotaCount = workers.reduce((sum, worker) => sum + worker.quotaItemCount, 0);
  const extra = equalShares(Math.max(0, itemCount - quotaCount), workers.length);
  return workers.map((worker, index) => worker.quotaItemCount + extra[index]!);
}

/** Remaining items (in flight too) in proportion to rate × availability, less what each already has in flight. */
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

/** Items per ms of every worker at its shard size, overhead included; the mean of its kind where nothing is known. */
function rateEstimates(workers: readonly WorkerState[]): number[] {
  const means = meanMsPerItem(workers);
  return workers.map(({ shardMs, shardItemCount, bucketed }) =>
    shardMs === undefined ? 1 / (bucketed ? means.bucketed : means.plain) : shardItemCount / shardMs,
  );
}

/** The same from what has been confirmed: a single slow shard, which may be an outlier, does not count yet. */
export function confirmedRates(workers: readonly WorkerState[]): number[] {
  return rateEstimates(workers).map((rate, index) => rate * Math.max(1, workers[index]!.throughput.suspectRatio));
}

/** Mean effective ms per item of workers bucketed alike, else of all, else 1. */
function meanMsPerItem(workers: readonly WorkerState[]): { readonly plain: number; readonly bucketed: number } {
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

export function inFlightItemCount(worker: WorkerState): number {
  let sum = 0;
  for (const attempt of worker.inFlight) sum += attempt.itemCount;
  return sum;
}

/**
 * ms in which all ready workers together would do the undispatched items; for an open source, Infinity while there is a
 * shard for everybody, else 0. O(1), from the kept sums.
 */
export function horizonMs(state: DispatchState): number {
  const itemCount = cleanCount(state);
  const readyCount = state.readySlots.length;
  if (!state.sourceEnded) return itemCount >= state.shardItemSum ? Infinity : 0;
  if (state.estimatedCount === 0) return itemCount > 2 * readyCount * state.options.depth ? Infinity : 0;
  return (itemCount * state.estimatedCount) / (state.rateSum * readyCount);
}

/** May the worker take a whole shard without a plan, because the end is far away? */
export function isFarFromEnd(state: DispatchState, worker: WorkerState, horizon: number, nowMs: number): boolean {
  if (horizon <= FAR_QUANTA * state.options.quantumMs) return false;
  const meanMs = state.estimatedCount > 0 ? state.estimatedCount / state.rateSum : 1;
  const { aheadMs } = backlog(worker, nowMs, meanMs);
  return aheadMs + (worker.shardMs ?? 0) < FAR_FRACTION * horizon;
}
