import { IndexHeap } from "./binary-heap.js";
import { ShardError } from "../errors.js";

/** Affine cost of one worker: n ≥ 1 items take `overheadMs + n · msPerItem`; 0 items take nothing. */
export interface ShareCost {
  /** Fixed ms, paid only by a worker that gets items, ≥ 0. */
  readonly overheadMs: number;
  /** ms per item, ≥ 0; 0 means that any number of items takes `overheadMs`. */
  readonly msPerItem: number;
}

/**
 * Split a batch over workers so that the last one finishes as early as possible.
 *
 * @param itemCount N ≥ 0, whole items.
 * @param costs     one per worker: fixed ms and ms per item, finite, ≥ 0.
 * @returns items per worker, whole, summing to N; 0 where a worker's overhead is not worth paying.
 * @throws ShardError "invalid-cost" naming the worker and the value received, or that there is no worker for N > 0 items.
 *
 * Exact. Every worker's finish times form a rising sequence, and the N earliest of all of them are the answer. Those
 * below the continuous water level are taken at once, and the at most W that are left one by one from a heap.
 * O(W log W) plus the passes of `waterLevelMs`. Oracle: brute force in tests/unit/core/dispatch/shares.test.ts.
 * Source: water-filling on the finish time (divisible load theory, affine costs).
 */
export function planShares(itemCount: number, costs: readonly ShareCost[]): number[] {
  return Array.from(planColumns(itemCount, toColumns(itemCount, costs)));
}

/** `planShares` for callers that plan at every event, with costs that are valid by construction: no objects, no checks. */
export function planColumns(itemCount: number, columns: CostColumns): Float64Array {
  const { overheadMs, msPerItem } = columns;
  const counts = new Float64Array(overheadMs.length);
  if (itemCount === 0 || counts.length === 0) return counts;
  const levelMs = solveLevel(itemCount, columns);

  let leftCount = itemCount;
  // Stay slightly below the level, since rounding must never assign an item that belongs to another worker. The heap
  // assigns what is held back. The loop repeats only for costs of very different magnitudes.
  for (let slack = 1e-12; ; slack = Math.min(1, slack * 32)) {
    leftCount = itemCount - takeBelow(levelMs * (1 - slack), columns, counts);
    if (leftCount >= 0) break;
  }

  const heap = new IndexHeap(counts.length);
  for (let i = 0; i < counts.length; i++) heap.push(i, overheadMs[i]! + (counts[i]! + 1) * msPerItem[i]!);
  while (leftCount > 0) {
    const index = heap.topId;
    const takeCount = msPerItem[index] === 0 ? leftCount : 1;
    counts[index]! += takeCount;
    leftCount -= takeCount;
    heap.replaceTop(overheadMs[index]! + (counts[index]! + 1) * msPerItem[index]!);
  }
  return counts;
}

/**
 * Finish time of the last worker, ms; 0 for no items.
 *
 * @param counts items per worker, same order as `costs`.
 */
export function makespanMs(counts: readonly number[], costs: readonly ShareCost[]): number {
  let latestMs = 0;
  counts.forEach((count, index) => {
    const cost = costs[index];
    if (count > 0 && cost !== undefined) {
      latestMs = Math.max(latestMs, cost.overheadMs + count * cost.msPerItem);
    }
  });
  return latestMs;
}

/**
 * The makespan if items could be divided at will: a lower bound of the makespan of whole items, and the linear programme's optimum.
 *
 * It is the root T of Σ max(0, (T − o)/m) = N. The function is convex, rising and piecewise linear, so Newton's method from the right
 * visits a falling sequence of lines and ends exactly, dropping workers whose overhead lies above the level. It takes O(W) per pass,
 * 2–6 passes in practice, and needs no sort.
 *
 * @throws ShardError "invalid-cost" as `planShares`.
 */
export function waterLevelMs(itemCount: number, costs: readonly ShareCost[]): number {
  const columns = toColumns(itemCount, costs);
  return itemCount === 0 ? 0 : solveLevel(itemCount, columns);
}

/** `ShareCost`s by column: typed arrays stay fast whatever kinds of objects the caller's costs are. */
export interface CostColumns {
  readonly overheadMs: Float64Array;
  readonly msPerItem: Float64Array;
}

function solveLevel(itemCount: number, columns: CostColumns): number {
  let ceilingMs = Infinity; // a worker that takes any number of items for its overhead alone
  let fastestMs = Infinity; // rates are relative to the fastest, so that they can't overflow
  const { length } = columns.msPerItem;
  for (let i = 0; i < length; i++) {
    const msPerItem = columns.msPerItem[i]!;
    if (msPerItem === 0) ceilingMs = Math.min(ceilingMs, columns.overheadMs[i]!);
    else if (msPerItem < fastestMs) fastestMs = msPerItem;
  }
  const overheads = new Float64Array(length);
  const rates = new Float64Array(length);
  let activeCount = 0;
  for (let i = 0; i < length; i++) {
    if (columns.msPerItem[i] === 0) continue;
    overheads[activeCount] = columns.overheadMs[i]!;
    rates[activeCount++] = fastestMs / columns.msPerItem[i]!;
  }
  let levelMs = Infinity;
  for (;;) {
    let rateSum = 0;
    let overheadSum = 0;
    let keptCount = 0;
    for (let i = 0; i < activeCount; i++) {
      const overheadMs = overheads[i]!;
      if (overheadMs >= levelMs) continue;
      const rate = rates[i]!;
      overheads[keptCount] = overheadMs;
      rates[keptCount++] = rate;
      rateSum += rate;
      overheadSum += overheadMs * rate;
    }
    const nextMs = (itemCount * fastestMs + overheadSum) / rateSum;
    if (!(nextMs < levelMs)) break; // exact, or no worker is left (NaN)
    levelMs = nextMs;
    activeCount = keptCount;
  }
  return Math.min(levelMs, ceilingMs);
}

/** Set each count to the items that are finished by `levelMs`, rounded down. @returns their sum. */
function takeBelow(levelMs: number, { overheadMs, msPerItem }: CostColumns, counts: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < counts.length; i++) {
    const spareMs = levelMs - overheadMs[i]!;
    const count = spareMs > 0 && msPerItem[i]! > 0 ? Math.floor(spareMs / msPerItem[i]!) : 0;
    counts[i] = count;
    sum += count;
  }
  return sum;
}

/** @throws ShardError "invalid-cost". */
function toColumns(itemCount: number, costs: readonly ShareCost[]): CostColumns {
  if (!Number.isSafeInteger(itemCount) || itemCount < 0) {
    throw new ShardError("invalid-cost", `Expected a whole number of items ≥ 0, received ${itemCount}.`);
  }
  if (costs.length === 0 && itemCount > 0) {
    throw new ShardError(
      "invalid-cost",
      `Expected at least one worker for ${itemCount} items, received no costs: add a worker.`,
    );
  }
  const columns = { overheadMs: new Float64Array(costs.length), msPerItem: new Float64Array(costs.length) };
  for (let index = 0; index < costs.length; index++) {
    const { overheadMs, msPerItem } = costs[index]!;
    columns.overheadMs[index] = overheadMs;
    columns.msPerItem[index] = msPerItem;
    // One comparison per bound: false for NaN, negatives and Infinity.
    if (overheadMs >= 0 && overheadMs < Infinity && msPerItem >= 0 && msPerItem < Infinity) continue;
    const bad = overheadMs >= 0 && overheadMs < Infinity ? "msPerItem" : "overheadMs";
    throw new ShardError(
      "invalid-cost",
      `Expected ${bad} of worker ${index} to be finite and ≥ 0, received ${costs[index]![bad]}.`,
    );
  }
  return columns;
}
