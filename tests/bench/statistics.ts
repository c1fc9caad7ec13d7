import type { Summary } from "../../scripts/bench-report.mjs";

/** The middle value, or the mean of the two middle ones; NaN of an empty list. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

export function summarise(values: readonly number[]): Summary {
  return { min: Math.min(...values), median: median(values), max: Math.max(...values) };
}

/** |a ÷ b − 1|. */
export function relativeGap(a: number, b: number): number {
  return Math.abs(a / b - 1);
}

/** Elements of an output, whatever its dtype. */
export type Values = Float32Array | Int32Array | Uint8Array;

/**
 * max|a − b| ÷ max|b| of the worst output. Infinite if the number or the lengths of the outputs differ, if one contains
 * NaN, or if the reference is all zeros, which leaves nothing to compare.
 */
export function outputDifference(a: readonly Values[], b: readonly Values[]): number {
  if (a.length !== b.length || a.length === 0) return Infinity;
  return Math.max(...a.map((values, output) => valuesDifference(values, b[output]!)));
}

function valuesDifference(a: Values, b: Values): number {
  if (a.length !== b.length) return Infinity;
  let largest = 0;
  let worst = 0;
  for (let i = 0; i < b.length; i++) {
    const gap = Math.abs(a[i]! - b[i]!);
    // NaN would pass a comparison.
    if (!(gap <= worst)) worst = Number.isNaN(gap) ? Infinity : gap;
    largest = Math.max(largest, Math.abs(b[i]!));
  }
  return largest === 0 ? Infinity : worst / largest;
}

/** Run it and measure the time. */
export async function timed<T>(run: () => Promise<T>): Promise<{ value: T; ms: number }> {
  const startMs = performance.now();
  const value = await run();
  return { value, ms: performance.now() - startMs };
}
