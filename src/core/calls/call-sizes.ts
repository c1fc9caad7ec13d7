import { compareTrial, emptyTrial, noteBlock, type Trial } from "./call-trial.js";

/** The largest call, items. */
const MAX_CALL_ITEM_COUNT = 4096;
/** While nothing has been rejected yet, sizes are this many doublings apart: few steps lead from one item to hundreds. */
const CLIMB_BITS = 2;
/** Calls that take so long are not made larger, ms: a cancel waits for the running one. */
const LONG_CALL_MS = 200;
/** After a trial, its kind rests until this many times the time of its candidate's calls has been worked: that bounds what trials cost. */
const REST_FACTOR = 25;
/** The rest doubles with each rejection, up to this many times. */
const MAX_REST_DOUBLINGS = 4;
/** The shortest rest, ms. */
const LEAST_REST_MS = 200;
/** The rest of a shard is one call where it has up to this many times the items of a call. */
const LAST_CALL_FACTOR = 1.5;

/** Larger calls, or smaller ones. */
type Direction = "larger" | "smaller";

/** When the neighbour on one side of the size in use is tried again. */
interface Rest {
  /** By the worker's time in calls, ms. */
  readonly untilMs: number;
  readonly rejectionCount: number;
}

const NO_REST: Rest = { untilMs: 0, rejectionCount: 0 };

/**
 * How large the calls are in which one worker carries out shards of one model and shape class. Plain immutable data.
 *
 * One size, a power of two, is in use. Its neighbours are tried beside it, in blocks of calls that alternate, so that a machine that
 * becomes slower or faster meanwhile does so for both. A neighbour that takes less time per item replaces it. One that does not is tried
 * again more and more rarely.
 */
export interface CallSizes {
  /** Items of a call as far as is known, a power of two. */
  readonly itemCount: number;
  /** Whether sizes have been compared, here or elsewhere. */
  readonly isMeasured: boolean;
  /** The most items of a call, for which there has shown to be memory. */
  readonly limitItemCount: number;
  /** Doublings between the size in use and its neighbours. */
  readonly strideBits: number;
  /** Time in calls so far, ms. */
  readonly workedMs: number;
  /** Bit k is set once a call of 2^k items has run: the first one of a size allocates, and is not compared. */
  readonly runBits: number;
  readonly larger: Rest;
  readonly smaller: Rest;
  /** What is being tried; `undefined` while nothing is due. */
  readonly trial: (Trial & { readonly direction: Direction }) | undefined;
}

/** @param itemCount what is known from elsewhere, such as an earlier visit; `undefined` for nothing. */
export function createCallSizes(itemCount?: number): CallSizes {
  const bits = Math.floor(Math.log2(Math.max(1, Math.min(MAX_CALL_ITEM_COUNT, itemCount ?? 1))));
  return {
    itemCount: 2 ** bits,
    isMeasured: itemCount !== undefined,
    limitItemCount: MAX_CALL_ITEM_COUNT,
    strideBits: itemCount === undefined ? CLIMB_BITS : 1,
    workedMs: 0,
    runBits: 0,
    larger: NO_REST,
    smaller: NO_REST,
    trial: undefined,
  };
}

/**
 * How many items the next call has.
 * @param leftItemCount those of the shard that have not run yet, ≥ 1.
 */
export function nextCallItemCount({ itemCount, trial }: CallSizes, leftItemCount: number): number {
  const size = trial?.isOnCandidate === true && trial.candidate <= leftItemCount ? trial.candidate : itemCount;
  return leftItemCount < LAST_CALL_FACTOR * size ? leftItemCount : size;
}

/**
 * Learn from a call, in the order of running. O(1).
 * @param shardItemCount of the shard that it belongs to: no call has more.
 * @param ms from the upload of its inputs to the reading of its outputs, ≥ 0.
 */
export function observeCall(sizes: CallSizes, callItemCount: number, ms: number, shardItemCount: number): CallSizes {
  const worked = { ...sizes, workedMs: sizes.workedMs + ms };
  const bit = Number.isInteger(Math.log2(callItemCount)) ? callItemCount : 0;
  if ((sizes.runBits & bit) !== bit) return { ...worked, runBits: sizes.runBits | bit };
  const { trial, itemCount } = worked;
  if (trial === undefined) return beginTrial(worked, callItemCount, ms, shardItemCount);
  if (trial.candidate > shardItemCount) return { ...worked, trial: undefined };
  if (callItemCount !== (trial.isOnCandidate ? trial.candidate : itemCount)) return worked;
  const noted = { ...noteBlock(trial, itemCount, callItemCount, ms), direction: trial.direction };
  switch (compareTrial(noted)) {
    case "open":
      return { ...worked, trial: noted };
    case "quicker":
      return accept(worked, noted.direction, noted.candidate);
    case "not-quicker":
      return reject(worked, noted.direction, noted.candidateMs);
  }
}

/** A call had too many items for the worker's memory. */
export function limitCalls(sizes: CallSizes, tooLargeItemCount: number): CallSizes {
  const limitItemCount = Math.max(1, Math.min(sizes.limitItemCount, 2 ** Math.floor(Math.log2(tooLargeItemCount) - 1)));
  const itemCount = Math.min(sizes.itemCount, limitItemCount);
  return { ...sizes, isMeasured: true, limitItemCount, itemCount, trial: undefined };
}

/** Begin to try a neighbour that fits into shards like this one, if one is due. */
function beginTrial(sizes: CallSizes, callItemCount: number, ms: number, shardItemCount: number): CallSizes {
  const { itemCount, limitItemCount, strideBits, workedMs } = sizes;
  // What is compared with must have shown how long it takes.
  if (callItemCount !== itemCount) return sizes;
  const most = Math.min(limitItemCount, shardItemCount);
  const larger = [...new Set([itemCount << strideBits, 2 * itemCount])].find((size) => size <= most);
  const isLargerDue = larger !== undefined && ms < LONG_CALL_MS && workedMs >= sizes.larger.untilMs;
  if (isLargerDue) return { ...sizes, trial: { ...emptyTrial(larger), direction: "larger" } };
  if (itemCount === 1 || workedMs < sizes.smaller.untilMs) return sizes;
  return { ...sizes, trial: { ...emptyTrial(itemCount / 2), direction: "smaller" } };
}

/** The candidate takes the place of the size in use, which is then the neighbour on its other side, and rests. */
function accept(sizes: CallSizes, direction: Direction, itemCount: number): CallSizes {
  const from = rest(sizes, NO_REST, 0);
  return {
    ...sizes,
    itemCount,
    isMeasured: true,
    // Between two sizes that are four times apart, nothing is known.
    larger: direction === "larger" || sizes.strideBits > 1 ? NO_REST : from,
    smaller: direction === "smaller" || sizes.strideBits > 1 ? NO_REST : from,
    trial: undefined,
  };
}

function reject(sizes: CallSizes, direction: Direction, candidateMs: number): CallSizes {
  if (sizes.strideBits > 1) return { ...sizes, strideBits: 1, trial: undefined };
  return { ...sizes, isMeasured: true, [direction]: rest(sizes, sizes[direction], candidateMs), trial: undefined };
}

function rest({ workedMs }: CallSizes, { rejectionCount }: Rest, candidateMs: number): Rest {
  const restMs = Math.max(LEAST_REST_MS, REST_FACTOR * candidateMs) * 2 ** Math.min(MAX_REST_DOUBLINGS, rejectionCount);
  return { untilMs: workedMs + restMs, rejectionCount: rejectionCount + 1 };
}
