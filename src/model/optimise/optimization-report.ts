/** What the optimiser did with a model, and what it left, for people. */
export interface OptimizationReport {
  /** Whether the model that runs differs from the one that came. */
  readonly isOptimized: boolean;
  /** How often each was done. */
  readonly done: Readonly<Record<OptimizationKind, number>>;
  /** What was left as it is, and why. */
  readonly notDone: readonly { readonly what: string; readonly reason: string }[];
}

export type OptimizationKind =
  /** Nodes that gave what they were given. */
  | "identities-dropped"
  /** Einsums written as matrix products. */
  | "einsums-lowered"
  /** Fused convolutions and products whose bias or activation TF.js's fused kernels don't take. */
  | "fused-operations-split"
  /** Zero paddings that convolutions now do themselves. */
  | "paddings-folded"
  /** Parametric ReLUs that were written out as several operations. */
  | "prelus-recognized"
  | "batch-normalizations-folded"
  /** Constants added, subtracted, multiplied or divided by, other than biases. */
  | "scales-and-shifts-folded"
  | "biases-fused"
  | "activations-fused"
  /** What was computed of weights alone in every run, and is now on loading. */
  | "constants-folded";

/** Of a model that runs exactly as it came. */
export const NOT_OPTIMISED: OptimizationReport = {
  isOptimized: false,
  done: {
    "identities-dropped": 0,
    "einsums-lowered": 0,
    "fused-operations-split": 0,
    "paddings-folded": 0,
    "prelus-recognized": 0,
    "batch-normalizations-folded": 0,
    "scales-and-shifts-folded": 0,
    "biases-fused": 0,
    "activations-fused": 0,
    "constants-folded": 0,
  },
  notDone: [],
};
