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
  | "identities-dropped"
  | "batch-normalizations-folded"
  | "scales-and-shifts-folded"
  | "biases-fused"
  | "activations-fused";

/** Of a model that runs exactly as it came. */
export const NOT_OPTIMISED: OptimizationReport = {
  isOptimized: false,
  done: {
    "identities-dropped": 0,
    "batch-normalizations-folded": 0,
    "scales-and-shifts-folded": 0,
    "biases-fused": 0,
    "activations-fused": 0,
  },
  notDone: [],
};
