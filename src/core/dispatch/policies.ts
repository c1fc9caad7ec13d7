import { ShardError } from "../errors.js";

/**
 * Share in proportion to capacity, which is capability times available time: π_i = C · (c_i·T_i) / Σ_j (c_j·T_j).
 *
 * @param total          C ≥ 0, in items (or any unit; the result has the same).
 * @param capabilities   c_i ≥ 0, one per worker, e.g. items per second.
 * @param availableTimes T_i ≥ 0, one per worker, any common unit or fraction.
 * @returns real-valued shares that sum to `total`.
 * @throws ShardError "invalid-cost" for lengths that differ, negative or non-finite numbers, or no capacity at all for total > 0.
 *
 * It is the zero-overhead, divisible case of `planShares` with msPerItem = 1/(c_i·T_i), and is tested as such.
 */
export function capacityProportionalShares(
  total: number,
  capabilities: readonly number[],
  availableTimes: readonly number[],
): number[] {
  if (capabilities.length !== availableTimes.length) {
    throw new ShardError(
      "invalid-cost",
      `Expected one available time per capability (${capabilities.length}), received ${availableTimes.length}.`,
    );
  }
  checkAmount(total, "total");
  const capacities = capabilities.map((capability, index) => {
    checkAmount(capability, `capability of worker ${index}`);
    checkAmount(availableTimes[index]!, `available time of worker ${index}`);
    return capability * availableTimes[index]!;
  });
  const capacitySum = capacities.reduce((sum, capacity) => sum + capacity, 0);
  if (capacitySum === 0) {
    if (total === 0) return capacities;
    throw new ShardError("invalid-cost", `Expected some capacity for a total of ${total}, received none.`);
  }
  return capacities.map((capacity) => (total * capacity) / capacitySum);
}

/**
 * Round real-valued shares to whole numbers: all are rounded down, then the largest remainders get one more (Hamilton's method).
 *
 * @param shares finite, ≥ 0, summing to `total` up to rounding.
 * @param total  whole number ≥ 0.
 * @returns whole shares that sum to `total`; each within 1 of its real value. Ties go to the first. O(W log W).
 * @throws ShardError "invalid-cost" for invalid numbers, or shares whose sum is further from `total` than rounding can be.
 */
export function roundShares(shares: readonly number[], total: number): number[] {
  checkWhole(total, "total");
  const counts = shares.map((share, index) => {
    checkAmount(share, `share ${index}`);
    return Math.floor(share);
  });
  const leftCount = total - counts.reduce((sum, count) => sum + count, 0);
  if (leftCount === 0) return counts;
  if (leftCount < 0 || leftCount > shares.length) {
    throw new ShardError(
      "invalid-cost",
      `Expected shares that sum to about ${total}, received a sum of ${shares.reduce((sum, share) => sum + share, 0)}.`,
    );
  }
  const byRemainder = shares
    .map((share, index) => ({ index, remainder: share - counts[index]! }))
    .sort((a, b) => b.remainder - a.remainder || a.index - b.index);
  for (const { index } of byRemainder.slice(0, leftCount)) counts[index]! += 1;
  return counts;
}

/**
 * Share equally: item k goes to worker k mod W.
 *
 * @returns whole shares that sum to `total` and differ by at most 1, the larger ones first.
 * @throws ShardError "invalid-cost" for invalid numbers, or total > 0 without workers.
 */
export function equalShares(total: number, workerCount: number): number[] {
  checkWhole(total, "total");
  checkWhole(workerCount, "worker count");
  if (workerCount === 0 && total > 0) {
    throw new ShardError("invalid-cost", `Expected at least one worker for ${total} items, received none.`);
  }
  const base = Math.floor(total / Math.max(1, workerCount));
  const extraCount = total - base * workerCount;
  return Array.from({ length: workerCount }, (_, index) => base + (index < extraCount ? 1 : 0));
}

function checkAmount(value: number, what: string): void {
  if (!(value >= 0 && value < Infinity)) {
    throw new ShardError("invalid-cost", `Expected ${what} to be finite and ≥ 0, received ${value}.`);
  }
}

function checkWhole(value: number, what: string): void {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new ShardError("invalid-cost", `Expected ${what} to be a whole number ≥ 0, received ${value}.`);
  }
}
