/**
 * Weighted least squares of y = overhead + n · slope with overhead, slope ≥ 0, in recursive (information) form.
 * It keeps five sums instead of samples, so that adding a sample and forgetting old ones take O(1).
 */
export interface AffineFit {
  readonly w: number;
  readonly wn: number;
  readonly wnn: number;
  readonly wy: number;
  readonly wny: number;
  /** Samples in the sums, after forgetting (effective, not whole). */
  readonly count: number;
  /** The overhead that the ridge pulls to, ms. */
  readonly anchorMs: number;
  /** Strength of the ridge, in samples of average weight. */
  readonly anchorCount: number;
}

/** @param anchorMs the overhead that is assumed while all samples have the same n, which leaves it undetermined. */
export function emptyFit(anchorMs: number, anchorCount: number): AffineFit {
  return { w: 0, wn: 0, wnn: 0, wy: 0, wny: 0, count: 0, anchorMs, anchorCount };
}

/**
 * @param weight     relative certainty of the sample, e.g. 1/(expected y)² where noise is proportional to y.
 * @param forgetting factor by which earlier samples count for less; 1 keeps them. The anchor follows `overheadMs`, the present
 *                   estimate, at the same pace, so that the overhead is still known when the shard sizes that showed it are forgotten.
 */
export function addSample(
  fit: AffineFit,
  n: number,
  y: number,
  weight: number,
  forgetting = 1,
  overheadMs: number = fit.anchorMs,
): AffineFit {
  return {
    w: fit.w * forgetting + weight,
    wn: fit.wn * forgetting + weight * n,
    wnn: fit.wnn * forgetting + weight * n * n,
    wy: fit.wy * forgetting + weight * y,
    wny: fit.wny * forgetting + weight * n * y,
    count: fit.count * forgetting + 1,
    anchorMs: fit.anchorMs + (1 - forgetting) * (overheadMs - fit.anchorMs),
    anchorCount: fit.anchorCount,
  };
}

/**
 * The non-negative minimiser of Σ wᵢ(yᵢ − o − m·nᵢ)² + ρ(o − anchor)², ρ = anchorCount · mean weight.
 * Exact: the normal equations, or the better edge where a coefficient would be negative. O(1).
 * Oracle: batch least squares in tests/unit/core/throughput/throughput.test.ts.
 */
export function solveFit(fit: AffineFit): { readonly overheadMs: number; readonly msPerItem: number } {
  const ridge = (fit.anchorCount * fit.w) / fit.count;
  const a = fit.w + ridge;
  const by = fit.wy + ridge * fit.anchorMs;
  const determinant = a * fit.wnn - fit.wn * fit.wn;
  const overheadMs = (by * fit.wnn - fit.wn * fit.wny) / determinant;
  if (!(overheadMs > 0)) return { overheadMs: 0, msPerItem: fit.wny / fit.wnn };
  const msPerItem = (a * fit.wny - fit.wn * by) / determinant;
  if (!(msPerItem > 0)) return { overheadMs: by / a, msPerItem: 0 };
  return { overheadMs, msPerItem };
}
