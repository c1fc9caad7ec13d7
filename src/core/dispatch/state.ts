import type { DispatchAction, DispatchOptions, JobPhase } from "./types.js";
import { ShardError } from "../errors.js";
import type { UntouchedItems } from "../untouched-items.js";
import type { PendingRange, Trials } from "./pending-ranges.js";
import type { Throughput } from "../throughput/types.js";

/**
 * Whose the items of an attempt are. "own": the attempt's. "backed-up": they are dispatched elsewhere, too, or will be, and are counted
 * there; whichever is first completes them. "dropped": others have completed them, but the worker may still be on it.
 */
export type AttemptRole = "own" | "backed-up" | "dropped";

/** One execution of a shard that is in flight. */
export interface Attempt {
  readonly attemptId: number;
  readonly firstItem: number;
  readonly itemCount: number;
  readonly dispatchedMs: number;
  /** What was tried with these items before. */
  readonly trials: Trials;
  /** Ids of attempts that ran these items when this one was dispatched. They may have ended since. */
  readonly backsUp: readonly number[];
  readonly role: AttemptRole;
  /** Of its items, those that are neither completed nor given up. */
  readonly openItemCount: number;
  /** It has taken much longer than predicted. */
  readonly isOverdue: boolean;
}

/**
 * `stalled`: gets nothing before the attempt that it is on has ended, which is overdue or backed up. `draining`: finishes what is in
 * flight. `excluded`: failed too often. `away`: gone with its attempts, but expected back. `lost`: gone for good, or back in another slot.
 */
export type WorkerStatus = "ready" | "stalled" | "draining" | "excluded" | "away" | "lost";

export interface WorkerState {
  /** Index of the worker in this job; a restarted worker gets a new one. */
  readonly slot: number;
  readonly workerId: string;
  readonly status: WorkerStatus;
  readonly bucketed: boolean;
  readonly availability: number;
  readonly kind: string | undefined;
  /** The most items of a shard for which it has memory. */
  readonly maxItemCount: number;
  /** Items of the calls in which it carries out a shard, as far as is known; else 1. */
  readonly callItemCount: number;
  readonly throughput: Throughput;
  /** Items of a quantum-sized shard, ≥ 1. */
  readonly shardItemCount: number;
  /** Predicted ms of such a shard; `undefined` while nothing is known. */
  readonly shardMs: number | undefined;
  /** Items of a shard whose overhead is less than 5 % of its time, ≥ `shardItemCount`: only for a job that is long enough. */
  readonly amortisedItemCount: number;
  /** Oldest first: the worker runs the first and queues the others. */
  readonly inFlight: readonly Attempt[];
  /** When it last finished an attempt, ms. The service time of the next one starts there at the earliest. */
  readonly freeSinceMs: number;
  /** It is on another job's work. */
  readonly isElsewhere: boolean;
  /** When it was last seen there, ms: before that it can't have begun what is in flight. */
  readonly elsewhereMs: number;
  /** The longest run of a new shape, which was left out of the throughput, ms; `undefined` before the first. */
  readonly firstRunMs: number | undefined;
  readonly completedItemCount: number;
  readonly failuresInRow: number;
  /** Policy `equal`: items dealt and not dispatched. */
  readonly quotaItemCount: number;
}

/**
 * A job: which items are where, and what is known of the workers. Immutable: `step` returns another.
 *
 * Invariant: every item of 0 … endItem-1 is in exactly one of: completed (which those of `doneAhead` and those given up are), one
 * attempt in flight that owns its items, one range of `returned`, or the untouched rest of nextItem … endItem-1. Attempts of other
 * roles own nothing: what of theirs is open is listed in `backsUp` of its owner.
 * The sums `inFlightCount` … `idleCount` are part of the state, so that an event touches one worker rather than all.
 */
export interface DispatchState extends Readonly<UntouchedItems> {
  readonly options: DispatchOptions;
  readonly phase: JobPhase;
  /** By slot. */
  readonly workers: readonly WorkerState[];
  /** Slots of the workers that may get items, ascending. */
  readonly readySlots: readonly number[];
  /** Attempts dispatched so far. */
  readonly attemptCount: number;
  /** Ranges that came back from attempts that did not complete, ascending. */
  readonly returned: readonly PendingRange[];
  readonly returnedItemCount: number;
  /** Those of `returnedItemCount` that were tried in vain. They go to workers on which they have not failed, rather than by plan. */
  readonly failedItemCount: number;
  /** Computed items, those included that are held. */
  readonly completedItemCount: number;
  /** Completed items that are not final. */
  readonly heldItemCount: number;
  /** Whether anything has been completed, now or before. */
  readonly hasSucceeded: boolean;
  /** How much speaks for it that nothing will ever succeed, from the items that were given up before anything did. */
  readonly failureWeight: number;
  /** Attempts in flight that own their items. */
  readonly inFlightCount: number;
  /** Σ shardItemCount over ready workers. */
  readonly shardItemSum: number;
  /** Σ shardItemCount / shardMs over ready workers that have a shardMs, items per ms. */
  readonly rateSum: number;
  /** Ready workers that have a shardMs. */
  readonly estimatedCount: number;
  /** Ready workers with nothing in flight. */
  readonly idleCount: number;
  /** The most items of any shard. */
  readonly maxShardItemCount: number;
  /** Workers that are not in `workers` are about to come. */
  readonly expectsWorkers: boolean;
  /** Since when items that have failed wait for workers that are away or expected, ms; `undefined` if none has since one came or went. */
  readonly waitingSinceMs: number | undefined;
  /** Time of the last plan over all workers, ms. */
  readonly plannedMs: number;
  /** Time of the last look for overdue attempts, ms. */
  readonly checkedMs: number;
  /** Policy `equal`: whose turn is next, as an index into `readySlots`. */
  readonly dealTurn: number;
  /** The actions of the step that led here. */
  readonly actions: readonly DispatchAction[];
}

const DEFAULT_DISPATCH_OPTIONS: DispatchOptions = {
  policy: "makespan",
  quantumMs: 100,
  depth: 2,
  deadlineFactor: 10,
  deadlineFloorMs: 10_000,
  warmUpDeadlineMs: 120_000,
};

/**
 * A job without workers or items, running.
 *
 * @param options what differs from `DEFAULT_DISPATCH_OPTIONS`.
 * @throws ShardError "invalid-options" naming the option, the bound and the value.
 */
export function createDispatch(options: Partial<DispatchOptions> = {}): DispatchState {
  const all = { ...DEFAULT_DISPATCH_OPTIONS, ...options };
  requireOption("quantumMs", all.quantumMs, all.quantumMs > 0 && all.quantumMs < Infinity, "a finite number > 0");
  requireOption("depth", all.depth, Number.isSafeInteger(all.depth) && all.depth >= 1, "a whole number ≥ 1");
  requireOption("deadlineFactor", all.deadlineFactor, all.deadlineFactor > 0, "a number > 0");
  requireOption("deadlineFloorMs", all.deadlineFloorMs, all.deadlineFloorMs >= 0, "a number ≥ 0");
  requireOption("warmUpDeadlineMs", all.warmUpDeadlineMs, all.warmUpDeadlineMs > 0, "a number > 0");
  requireOption(
    "policy",
    all.policy,
    ["makespan", "equal", "capacity-proportional"].includes(all.policy),
    '"makespan", "equal" or "capacity-proportional"',
  );
  return {
    options: all,
    phase: "running",
    workers: [],
    readySlots: [],
    attemptCount: 0,
    nextItem: 0,
    endItem: 0,
    sourceEnded: false,
    doneAhead: [],
    doneAheadItemCount: 0,
    returned: [],
    returnedItemCount: 0,
    failedItemCount: 0,
    completedItemCount: 0,
    heldItemCount: 0,
    hasSucceeded: false,
    failureWeight: 0,
    inFlightCount: 0,
    shardItemSum: 0,
    rateSum: 0,
    estimatedCount: 0,
    idleCount: 0,
    maxShardItemCount: Infinity,
    expectsWorkers: false,
    waitingSinceMs: undefined,
    plannedMs: -Infinity,
    checkedMs: -Infinity,
    dealTurn: 0,
    actions: [],
  };
}

/** Slots per attempt number in an attempt's id. */
const SLOT_LIMIT = 1_000_000;

/** An attempt's id. It holds the worker's slot, so that finding the attempt needs no table. Ids are unique within a job, and rise. */
export function attemptIdOf(attemptNumber: number, slot: number): number {
  return attemptNumber * SLOT_LIMIT + slot;
}

export function slotOfAttempt(attemptId: number): number {
  return attemptId % SLOT_LIMIT;
}

/** A `T` under construction within one `step`: its fields may be replaced, but what they hold never changes. */
export type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * A copy to change. It is spelled out because Node 20 is slow at spreads: with spreads here and in `copyState`, a million shards of one
 * item on a thousand workers took about 1.4 times the processor time. Chromium 156 takes the same time either way.
 */
export function copyWorker(from: WorkerState): Mutable<WorkerState> {
  return {
    slot: from.slot,
    workerId: from.workerId,
    status: from.status,
    bucketed: from.bucketed,
    availability: from.availability,
    kind: from.kind,
    maxItemCount: from.maxItemCount,
    throughput: from.throughput,
    shardItemCount: from.shardItemCount,
    amortisedItemCount: from.amortisedItemCount,
    callItemCount: from.callItemCount,
    shardMs: from.shardMs,
    inFlight: from.inFlight,
    freeSinceMs: from.freeSinceMs,
    isElsewhere: from.isElsewhere,
    elsewhereMs: from.elsewhereMs,
    firstRunMs: from.firstRunMs,
    completedItemCount: from.completedItemCount,
    failuresInRow: from.failuresInRow,
    quotaItemCount: from.quotaItemCount,
  };
}

/** The next state under construction. Its workers may be replaced, too. */
export interface Draft extends Mutable<Omit<DispatchState, "actions" | "workers">> {
  workers: WorkerState[];
  actions: DispatchAction[];
}

/** A draft of the next state, with no actions yet. Spelled out as `copyWorker` is. */
export function copyState(from: DispatchState): Draft {
  return {
    options: from.options,
    phase: from.phase,
    workers: from.workers.slice(),
    readySlots: from.readySlots,
    attemptCount: from.attemptCount,
    nextItem: from.nextItem,
    endItem: from.endItem,
    sourceEnded: from.sourceEnded,
    doneAhead: from.doneAhead,
    doneAheadItemCount: from.doneAheadItemCount,
    returned: from.returned,
    returnedItemCount: from.returnedItemCount,
    failedItemCount: from.failedItemCount,
    completedItemCount: from.completedItemCount,
    heldItemCount: from.heldItemCount,
    hasSucceeded: from.hasSucceeded,
    failureWeight: from.failureWeight,
    inFlightCount: from.inFlightCount,
    shardItemSum: from.shardItemSum,
    rateSum: from.rateSum,
    estimatedCount: from.estimatedCount,
    idleCount: from.idleCount,
    maxShardItemCount: from.maxShardItemCount,
    expectsWorkers: from.expectsWorkers,
    waitingSinceMs: from.waitingSinceMs,
    plannedMs: from.plannedMs,
    checkedMs: from.checkedMs,
    dealTurn: from.dealTurn,
    actions: [],
  };
}

function requireOption(name: string, value: unknown, ok: boolean, expected: string): void {
  if (!ok) throw new ShardError("invalid-options", `Expected ${name} to be ${expected}, received ${String(value)}.`);
}
