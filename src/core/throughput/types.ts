import type { AffineFit } from "./affine-fit.js";

/** One finished attempt. */
export interface ThroughputSample {
  /** Items in the shard, whole, ≥ 1. */
  readonly itemCount: number;
  /** Service time on the worker, ms, ≥ 0. */
  readonly serviceMs: number;
  /** The first run of a new shape (shader compile): remembered as completed, left out of the fit. */
  readonly warmUp?: boolean;
}

/** What is known from workers of the same kind about one that has not run yet. */
export interface ThroughputPrior {
  readonly overheadMs: number;
  readonly msPerItem: number;
  /** How many samples it counts for. Default 3. */
  readonly weight?: number;
}

/**
 * What is known of one worker's speed for one shape class. Plain immutable data: store it, clone it, post it.
 * Predicted ms for n items = `overheadMs + n · msPerItem`.
 */
export interface Throughput {
  /** Fixed ms per shard; `undefined` until a sample after warm-up, or a prior. */
  readonly overheadMs: number | undefined;
  readonly msPerItem: number | undefined;
  /** Rate at the largest shard size seen, overhead included. */
  readonly itemsPerSecond: number | undefined;
  /** Samples taken, warm-ups left out. */
  readonly sampleCount: number;
  /** Largest shard completed, warm-ups included. 0 before the first. */
  readonly maxItemCount: number;
  /** Bit k is set once a shard of 2^k … 2^(k+1)-1 items has completed: which shapes are compiled. */
  readonly sizeBits: number;
  /** How often the history was forgotten because the speed had changed. */
  readonly changeCount: number;
  /** Observed / predicted ms of the last sample where it left the noise band, until the next confirms or refutes it; else 1. */
  readonly suspectRatio: number;
  /** Mean |ln(observed / predicted)|, online. */
  readonly noise: number;

  readonly warmedUp: boolean;
  readonly fit: AffineFit;
  /** Largest n in `fit`. Far above it a residual means extrapolation rather than change. */
  readonly fitMaxItemCount: number;
  /** Samples, up to 8, since the present drift began, or the two of a suspicion; the latest is last. */
  readonly recent: readonly ThroughputSample[];
  /** Page–Hinkley sums of slower and faster residuals in noise units, and the samples in each run. */
  readonly slowerSum: number;
  readonly slowerRun: number;
  readonly fasterSum: number;
  readonly fasterRun: number;
}
