import type { EndCause, ItemRange } from "./dispatch/types.js";

export type { EndCause } from "./dispatch/types.js";

/** What was tried with some items that are not done yet, to tell items that can't be run from workers that can't run them. */
export interface ItemTrials<W> {
  /** Workers on which exactly these items failed, the latest last. One on which they failed twice is there twice. */
  readonly failedOn: readonly W[];
  /** More items, these among them, failed on two workers: one more failure divides these again. */
  readonly isSuspect: boolean;
  /** Each of them is run by itself, since workers have ended under more items, these among them. */
  readonly isAlone: boolean;
  /** How many workers have ended under them. An end that need not be their doing counts for a third. */
  readonly endedCount: number;
  /** How many workers missed the deadline with them and were ended. Each one doubles the next deadline. */
  readonly timeoutCount: number;
}

/** Items of which nothing is known: the same object for all of them, so that they are recognised by it. */
export const UNTRIED: ItemTrials<never> = {
  failedOn: [],
  isSuspect: false,
  isAlone: false,
  endedCount: 0,
  timeoutCount: 0,
};

/** What to do with the items: try each of these ranges again, or give them up. */
export type Verdict<W> =
  | { readonly type: "retry"; readonly ranges: readonly ItemRange[]; readonly trials: ItemTrials<W> }
  | { readonly type: "poison" };

/** Several items that failed this often are divided. */
const FAILURES_TO_DIVIDE = 2;
/** A single item that failed this often is to blame: two workers may have failed it by chance. */
const FAILURES_TO_BLAME = 3;
/** So many workers that ended are enough. */
const ENDS_TO_BLAME = 2;
/** So many that hung divide several items. A worker may hang for reasons of its own, and whole machines do, so a single item needs more. */
const TIMEOUTS_TO_DIVIDE = 2;
const TIMEOUTS_TO_BLAME = 3;
const UNCLEAR_END = 1 / 3;

/**
 * The model threw. Several items are retried once and then bisected, so that one bad item among n costs about 2 · log2 n runs; a single
 * one is poison after three failures.
 *
 * @param range of at least one item. @param worker on which it failed.
 */
export function judgeFailure<W>(range: ItemRange, trials: ItemTrials<W>, worker: W): Verdict<W> {
  const failedOn = [...trials.failedOn, worker];
  if (range.itemCount === 1) {
    if (failedOn.length >= FAILURES_TO_BLAME) return { type: "poison" };
    return { type: "retry", ranges: [range], trials: { ...trials, failedOn } };
  }
  if (!trials.isSuspect && failedOn.length < FAILURES_TO_DIVIDE) {
    return { type: "retry", ranges: [range], trials: { ...trials, failedOn } };
  }
  return { type: "retry", ranges: halve(range), trials: { ...trials, failedOn: [], isSuspect: true } };
}

/**
 * A worker ended while it ran these items. After the second time each is run by itself, and a single one is poison; if the workers hung,
 * after the third time, of which it was alone twice. Items under which a worker ran short of memory are halved at once.
 */
export function judgeEnd<W>(range: ItemRange, trials: ItemTrials<W>, cause: EndCause): Verdict<W> {
  const counted = countEnd(trials, cause);
  const { endedCount, timeoutCount } = counted;
  const isBlamed = haveEndedEnough(counted, range.itemCount);
  if (isBlamed && range.itemCount === 1) return { type: "poison" };
  if (isBlamed) {
    // One more end under a single item decides, or two more that hang.
    const left = { endedCount: Math.min(endedCount, 1), timeoutCount: Math.min(timeoutCount, 1) };
    return { type: "retry", ranges: [range], trials: { ...trials, ...left, isAlone: true } };
  }
  const isTooLarge = cause === "out-of-memory" && range.itemCount > 1;
  return {
    type: "retry",
    ranges: isTooLarge ? halve(range) : [range],
    trials: { ...trials, endedCount, timeoutCount },
  };
}

/** A worker ended while it ran these items, and others are still on them: the verdict has to wait. */
export function countEnd<W>(trials: ItemTrials<W>, cause: EndCause): ItemTrials<W> {
  const isHung = cause === "hung";
  const endedCount = trials.endedCount + (isHung ? 0 : cause === "unclear" ? UNCLEAR_END : 1);
  return { ...trials, endedCount, timeoutCount: trials.timeoutCount + (isHung ? 1 : 0) };
}

/** Whether so many workers have ended under the items that they are to blame, and no further one should have them together. */
export function haveEndedEnough({ endedCount, timeoutCount }: ItemTrials<unknown>, itemCount: number): boolean {
  const timeouts = itemCount === 1 ? TIMEOUTS_TO_BLAME : TIMEOUTS_TO_DIVIDE;
  return endedCount >= ENDS_TO_BLAME - 1e-9 || timeoutCount >= timeouts;
}

function halve({ firstItem, itemCount }: ItemRange): ItemRange[] {
  const firstCount = Math.ceil(itemCount / 2);
  return [
    { firstItem, itemCount: firstCount },
    { firstItem: firstItem + firstCount, itemCount: itemCount - firstCount },
  ];
}
