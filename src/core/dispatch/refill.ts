import { earlierCount } from "./backups.js";
import { dispatchTo, putWorker } from "./draft.js";
import { cleanCount, horizonMs, isFarFromEnd, planCounts, workerAt } from "./plan.js";
import type { Attempt, Draft, WorkerState } from "./state.js";
import { equalShares } from "./policies.js";
import { haveEndedEnough, UNTRIED } from "../item-trials.js";
import type { Trials } from "./pending-ranges.js";

/**
 * Dispatch to every worker that has room. Far from the end each takes shards of a quantum. Near the end a plan decides how many items
 * each gets, in O(W), and a worker may idle rather than finish last.
 * Every worker gets its first attempt before any gets a second, so that a small batch spreads.
 */
export function refillAll(draft: Draft, nowMs: number): void {
  if (draft.phase !== "running") return;
  const kept = dispatchFailedRanges(draft, nowMs);
  const itemCount = cleanCount(draft);
  if (itemCount === 0 || draft.readySlots.length === 0) return;
  draft.plannedMs = nowMs;

  const horizon = horizonMs(draft);
  const slots = draft.readySlots;
  const wanted: number[] = [];
  let planned: ArrayLike<number> | undefined;
  for (let index = 0; index < slots.length; index++) {
    const worker = workerAt(draft, slots[index]!);
    if (!hasRoom(draft, worker) || kept.has(worker.slot)) wanted.push(0);
    else if (draft.options.policy === "equal") wanted.push(worker.quotaItemCount);
    else if (isFarFromEnd(draft, worker, horizon, nowMs)) wanted.push(Infinity);
    else wanted.push((planned ??= planCounts(draft, itemCount, nowMs).counts)[index]!);
  }
  for (let round = 0; round < draft.options.depth && cleanCount(draft) > 0; round++) {
    for (let index = 0; index < slots.length; index++) {
      if (!(wanted[index]! > 0)) continue;
      const worker = workerAt(draft, slots[index]!);
      if (worker.inFlight.length === round) {
        wanted[index]! -= dispatchShard(draft, worker, wanted[index]!, nowMs).itemCount;
      }
    }
  }
  keepMoving(draft, nowMs);
}

/** Dispatch to the worker in `slot`, which has room again, in O(depth); or to all of them where a plan is due. */
export function refillAfter(draft: Draft, slot: number, nowMs: number): void {
  if (draft.phase !== "running") return;
  const planIsOld = draft.idleCount > 1 && nowMs - draft.plannedMs >= draft.options.quantumMs;
  if (draft.failedItemCount > 0 || planIsOld) return refillAll(draft, nowMs);
  let worker = workerAt(draft, slot);
  const isEqual = draft.options.policy === "equal";
  while (worker.status === "ready" && hasRoom(draft, worker)) {
    if (cleanCount(draft) === 0) return;
    if (!isEqual && !isFarFromEnd(draft, worker, horizonMs(draft), nowMs)) return refillAll(draft, nowMs);
    const wantedCount = isEqual ? worker.quotaItemCount : Infinity;
    const result = dispatchShard(draft, worker, wantedCount, nowMs);
    if (result.itemCount === 0) break;
    worker = result.worker;
  }
  keepMoving(draft, nowMs);
}

/**
 * Whether the worker may get another attempt. Nothing queues behind an item that is run by itself: if the worker ended, one of both would
 * be blamed for the other's doing, as the answer to the first may be on its way.
 */
function hasRoom({ options }: Draft, { inFlight }: WorkerState): boolean {
  return inFlight.length < options.depth && inFlight.every(isShared);
}

/** Dispatch a shard of at most a quantum. While the source is open, none that is less than half full queues behind a running one. */
function dispatchShard(draft: Draft, worker: WorkerState, wantedCount: number, nowMs: number) {
  const available = Math.min(wantedCount, cleanCount(draft));
  const isWorthQueueing = draft.sourceEnded || worker.inFlight.length === 0 || 2 * available >= worker.shardItemCount;
  return dispatchTo(draft, worker, isWorthQueueing ? shardItemCount(draft, worker, wantedCount, available) : 0, nowMs);
}

/** A shard is at most this fraction of its worker's share: with two in flight, three quarters can still be given to others. */
const LARGEST_PART = 1 / 8;

/** Items of the next shard: of a quantum, or more where that amortises overhead and the worker's share is large. Whole calls, if it can. */
function shardItemCount(draft: Draft, worker: WorkerState, wantedCount: number, available: number): number {
  const { shardItemCount: quantumCount, amortisedItemCount, callItemCount } = worker;
  let most = quantumCount;
  if (amortisedItemCount > quantumCount && draft.sourceEnded && worker.shardMs !== undefined) {
    const part = quantumCount / worker.shardMs / draft.rateSum;
    const shareCount = Math.min(wantedCount, part * cleanCount(draft));
    most = Math.max(quantumCount, Math.min(amortisedItemCount, Math.floor(LARGEST_PART * shareCount)));
  }
  if (available <= most) return available;
  return most > callItemCount ? most - (most % callItemCount) : most;
}

/** So long items that have failed wait for a worker to come, ms: it may never do. */
const PATIENCE_MS = 20_000;

/**
 * Dispatch items that were tried in vain before all others: to workers on which they have not failed, or to any where there are no such
 * workers and none is expected, or none has come for long.
 *
 * @returns the workers that are kept for items that are run by themselves: they finish what they have first.
 */
function dispatchFailedRanges(draft: Draft, nowMs: number): ReadonlySet<number> {
  const kept = new Set<number>();
  let index = 0;
  while (draft.failedItemCount > 0 && index < draft.returned.length) {
    const range = draft.returned[index]!;
    const { trials } = range;
    // Those that are on them decide.
    const isDecided = haveEndedEnough(trials, range.itemCount) && earlierCount(draft, range) > 0;
    const worker = trials === UNTRIED || isDecided ? undefined : freestWorker(draft, trials, kept, nowMs);
    if (worker === undefined) {
      index++;
    } else if (trials.isAlone && worker.inFlight.length > 0) {
      kept.add(worker.slot);
      index++;
    } else {
      dispatchTo(draft, worker, worker.shardItemCount, nowMs, index);
    }
  }
  return kept;
}

/** The worker with the fewest attempts, of those with room. */
function freestWorker(
  draft: Draft,
  { failedOn, isAlone }: Trials,
  kept: ReadonlySet<number>,
  nowMs: number,
): WorkerState | undefined {
  const untried = draft.readySlots.filter((slot) => !failedOn.includes(slot));
  if (untried.length === 0 && shouldWait(draft, nowMs)) return undefined;
  let best: WorkerState | undefined;
  for (const slot of untried.length > 0 ? untried : draft.readySlots) {
    const worker = workerAt(draft, slot);
    const isEligible = isAlone ? worker.inFlight.every(isShared) : hasRoom(draft, worker);
    if (isEligible && !kept.has(slot) && worker.inFlight.length < (best?.inFlight.length ?? Infinity)) best = worker;
  }
  return best;
}

function isShared({ trials }: Attempt): boolean {
  return !trials.isAlone;
}

/** Whether another worker will probably be ready. */
function shouldWait(draft: Draft, nowMs: number): boolean {
  // It answers, or is ended.
  if (draft.workers.some(({ status }) => status === "stalled")) return true;
  if (!draft.expectsWorkers && !draft.workers.some(({ status }) => status === "away")) return false;
  draft.waitingSinceMs ??= nowMs;
  return nowMs - draft.waitingSinceMs < PATIENCE_MS;
}

/** Dispatch to the fastest worker where items wait while nothing at all is in flight, whatever the plan says. */
function keepMoving(draft: Draft, nowMs: number): void {
  if (draft.inFlightCount > 0 || cleanCount(draft) === 0) return;
  let best: WorkerState | undefined;
  for (const slot of draft.readySlots) {
    const worker = workerAt(draft, slot);
    const isFaster = best === undefined || (worker.shardMs ?? Infinity) < (best.shardMs ?? Infinity);
    if (isFaster) best = worker;
  }
  if (best !== undefined) dispatchTo(draft, best, best.shardItemCount, nowMs);
}

/** Policy `equal`: deal new items round robin, from where the last deal ended. O(min(items, W)). */
export function dealItems(draft: Draft, itemCount: number): void {
  const slots = draft.readySlots;
  if (draft.options.policy !== "equal" || slots.length === 0 || itemCount === 0) return;
  const turn = draft.dealTurn % slots.length;
  equalShares(itemCount, Math.min(itemCount, slots.length)).forEach((count, index) => {
    const worker = workerAt(draft, slots[(turn + index) % slots.length]!);
    putWorker(draft, worker, { ...worker, quotaItemCount: worker.quotaItemCount + count });
  });
  draft.dealTurn = (turn + itemCount) % slots.length;
}

/** Policy `equal`: deal all undispatched items again, since workers have changed or items have come back. O(W). */
export function redealItems(draft: Draft): void {
  if (draft.options.policy !== "equal") return;
  for (const slot of draft.readySlots) {
    const worker = workerAt(draft, slot);
    if (worker.quotaItemCount > 0) putWorker(draft, worker, { ...worker, quotaItemCount: 0 });
  }
  draft.dealTurn = 0;
  dealItems(draft, cleanCount(draft));
}
