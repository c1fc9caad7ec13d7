import { deadlineMs } from "../deadline.js";
import type { Attempt, Mutable, WorkerState } from "./state.js";
import type { DispatchOptions, WorkerProfile } from "./types.js";
import type { Throughput } from "../throughput/types.js";
import { createThroughput, hasRunSize, predictMs } from "../throughput/throughput.js";

/** A shard is stretched beyond the quantum until its overhead is at most a third of its time. */
const OVERHEAD_STRETCH = 3;
/** A shard may be this many times the largest that the worker has completed at its present speed: predictions are not extrapolated further. */
const GROWTH_LIMIT = 4;
/** A shard is stretched to amortise overhead up to this many quanta. */
const MAX_STRETCH_QUANTA = 4;
/** Shards of fewer items than this are not simply rounded down to whole items. */
const FEW_ITEMS = 4;
/** Where the items that remain allow, a shard takes so many times its overhead: then that is less than 5 % of the whole job, its end included. */
const AMORTISED_STRETCH = 33;
/** From so many samples on, an overhead is believed enough for shards that are larger than a quantum because of it. */
const BELIEVED_SAMPLE_COUNT = 20;
/** A shard of this size amortises any overhead. Where clocks are too coarse to time an item, nothing else would end its growth. */
const MAX_SHARD_ITEM_COUNT = 16_384;
/** An attempt that still runs after this many times its prediction shows a slowdown rather than noise. */
const OVERDUE_RATIO = 1.3;

/** What bounds the size of a job's shards. */
export interface ShardBounds {
  readonly quantumMs: number;
  /** The most items of any shard. */
  readonly maxItemCount: number;
}

export function createWorker(slot: number, profile: WorkerProfile, bounds: ShardBounds, nowMs: number): WorkerState {
  const { throughput = createThroughput(), bucketed = false } = profile;
  const worker: Mutable<WorkerState> = {
    slot,
    workerId: profile.workerId,
    status: "ready",
    bucketed,
    availability: profile.availability ?? 1,
    kind: profile.kind,
    maxItemCount: profile.maxItemCount ?? Infinity,
    callItemCount: profile.callItemCount ?? 1,
    throughput,
    shardItemCount: 1,
    shardMs: undefined,
    amortisedItemCount: 1,
    inFlight: [],
    freeSinceMs: nowMs,
    isElsewhere: false,
    elsewhereMs: -Infinity,
    firstRunMs: undefined,
    completedItemCount: 0,
    failuresInRow: 0,
    quotaItemCount: 0,
  };
  setThroughput(worker, throughput, bounds);
  return worker;
}

/** Give a worker under construction a throughput, and the shard size that follows from it. */
export function setThroughput(worker: Mutable<WorkerState>, throughput: Throughput, bounds: ShardBounds): void {
  const { quantumMs, maxItemCount } = bounds;
  const limits = { bucketed: worker.bucketed, maxItemCount: Math.min(maxItemCount, worker.maxItemCount) };
  worker.throughput = throughput;
  worker.shardItemCount = shardSize(throughput, quantumMs, limits);
  worker.amortisedItemCount = Math.max(worker.shardItemCount, amortisedSize(throughput, limits));
  worker.shardMs = expectedMs(throughput, worker.shardItemCount);
}

interface SizeLimits {
  readonly maxItemCount: number;
  readonly bucketed: boolean;
}

/**
 * Items of a shard that takes about `quantumMs`: at least 1, at most `maxItemCount` and 4 × the largest completed, a power of two if
 * bucketed.
 */
function shardSize(throughput: Throughput, quantumMs: number, limits: SizeLimits): number {
  const { overheadMs, msPerItem, maxItemCount: largestCount } = throughput;
  if (overheadMs === undefined || msPerItem === undefined || largestCount === 0) return 1;
  const slowdown = Math.max(1, throughput.suspectRatio);
  // Stalls of a busy machine may look like overhead. Without a bound, a slow worker would get the whole job.
  const stretchedMs = Math.min(OVERHEAD_STRETCH * overheadMs, MAX_STRETCH_QUANTA * quantumMs);
  const targetMs = Math.max(quantumMs / slowdown, stretchedMs);
  const roomMs = targetMs - overheadMs;
  // Where stalls look like overhead, items may seem to cost nothing at all, and 0 ÷ 0 is no size.
  const ratio = roomMs > 0 ? roomMs / msPerItem : 0;
  // One item more or less matters where there are few. Somewhat more than a quantum is better than twice as many calls.
  const fitting = ratio < FEW_ITEMS ? Math.ceil(ratio - 0.25) : Math.floor(ratio + 1e-9);
  return withinLimits(fitting, throughput, limits);
}

/** Items of a shard whose overhead is 3 % of its time, within the same limits; 1 where too little is known. */
function amortisedSize(throughput: Throughput, limits: SizeLimits): number {
  const { overheadMs = 0, msPerItem = 0, sampleCount } = throughput;
  if (sampleCount < BELIEVED_SAMPLE_COUNT) return 1;
  const ratio = overheadMs > 0 ? ((AMORTISED_STRETCH - 1) * overheadMs) / msPerItem : 0;
  return withinLimits(Math.round(ratio), throughput, limits);
}

function withinLimits(
  wanted: number,
  { maxItemCount: largestCount, fitMaxItemCount }: Throughput,
  limits: SizeLimits,
): number {
  // After a change of speed, larger shards than those since then say nothing any more.
  const knownCount = fitMaxItemCount > 0 ? Math.min(largestCount, fitMaxItemCount) : largestCount;
  const most = Math.min(GROWTH_LIMIT * knownCount, MAX_SHARD_ITEM_COUNT, limits.maxItemCount);
  const itemCount = Math.max(1, Math.min(wanted, most));
  return limits.bucketed ? floorPowerOfTwo(itemCount) : itemCount;
}

/** Largest power of two ≤ n, for n ≥ 1. */
export function floorPowerOfTwo(n: number): number {
  return 2 ** Math.floor(Math.log2(n));
}

/** Predicted service ms, a suspected but unconfirmed slowdown included; `undefined` while nothing is known. */
export function expectedMs(throughput: Throughput, itemCount: number): number | undefined {
  const ms = predictMs(throughput, itemCount);
  return ms === undefined ? undefined : ms * Math.max(1, throughput.suspectRatio);
}

/** Whether a run of so many items is the first of its kind on the worker, in which it compiles and allocates. */
export function isFirstRun(
  { throughput, bucketed }: Pick<WorkerState, "throughput" | "bucketed">,
  itemCount: number,
): boolean {
  return !throughput.warmedUp || (bucketed && !hasRunSize(throughput, itemCount));
}

/**
 * How long an attempt may take, ms: at least the warm-up deadline where the worker has to compile first, and twice as long where another
 * worker has missed the deadline with these items.
 */
export function deadlineOf(
  options: DispatchOptions,
  worker: WorkerState,
  { itemCount, trials }: Pick<Attempt, "itemCount" | "trials">,
): number {
  const { deadlineFactor: factor, deadlineFloorMs: floorMs, warmUpDeadlineMs: warmUpMs } = options;
  const knownMs = deadlineMs({ factor, floorMs, warmUpMs }, expectedMs(worker.throughput, itemCount));
  const onceMs = isFirstRun(worker, itemCount) ? Math.max(knownMs, warmUpMs) : knownMs;
  return trials.timeoutCount > 0 ? 2 * onceMs : onceMs;
}

/** For how long the worker has been able to work on the first of its attempts, ms. Other jobs' work may have kept it from it. */
export function elapsedOn({ freeSinceMs }: WorkerState, { dispatchedMs }: Attempt, nowMs: number): number {
  return Math.max(0, nowMs - Math.max(freeSinceMs, dispatchedMs));
}

/** For how long a worker is expected to be busy, and how much slower than predicted it proves to be. */
export interface Backlog {
  /** Predicted ms until the worker is free, ≥ 0. */
  readonly aheadMs: number;
  /** ≥ 1. It is above 1 while the running attempt is overdue, whose elapsed time bounds the slowdown from below. */
  readonly slowdown: number;
}

const NO_BACKLOG: Backlog = { aheadMs: 0, slowdown: 1 };

/**
 * Predict for how long a worker is busy.
 *
 * An overdue attempt is expected to run for as long again as it is overdue, and what is queued behind it to be as slow. So a
 * sudden slowdown changes the plan before the slow shard returns.
 *
 * @param fallbackMsPerItem what an item takes where nothing is known of the worker, ms.
 */
export function backlog(worker: WorkerState, nowMs: number, fallbackMsPerItem: number): Backlog {
  const running = worker.inFlight[0];
  if (running === undefined) return NO_BACKLOG;
  const { throughput, inFlight } = worker;
  const runningMs = expectedMs(throughput, running.itemCount) ?? running.itemCount * fallbackMsPerItem;
  const elapsedMs = elapsedOn(worker, running, nowMs);
  const slowdown = elapsedMs > OVERDUE_RATIO * runningMs ? elapsedMs / runningMs : 1;
  let aheadMs = Math.abs(runningMs - elapsedMs);
  for (let index = 1; index < inFlight.length; index++) {
    const { itemCount } = inFlight[index]!;
    aheadMs += (expectedMs(throughput, itemCount) ?? itemCount * fallbackMsPerItem) * slowdown;
  }
  return { aheadMs, slowdown };
}
