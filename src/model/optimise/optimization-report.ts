/** What the optimiser did with a model and what it left unchanged, for people to read. */
export interface OptimizationReport {
  /** Whether the model that runs differs from the original. */
  readonly isOptimized: boolean;
  /** How often each optimisation was applied. */
  readonly done: Readonly<Record<OptimizationKind, number>>;
  /** What was left unchanged, and why. */
  readonly notDone: readonly { readonly what: string; readonly reason: string }[];
  /** Operations that TF.js lacks or computes otherwise than TensorFlow, and that run right all the same, optimised or not. */
  readonly corrections: readonly { readonly what: string; readonly reason: string }[];
}

export type OptimizationKind =
  /** Loops of recurrent layers that run as one operation now. */
  | "recurrences-recognized"
  /** Nodes that returned their input unchanged. */
  | "identities-dropped"
  /** Einsums written as matrix products. */
  | "einsums-lowered"
  /** Fused convolutions and products whose bias or activation TF.js's fused kernels don't support. */
  | "fused-operations-split"
  /** Zero paddings that are now part of convolutions. */
  | "paddings-folded"
  /** Parametric ReLUs that were written out as several operations. */
  | "prelus-recognized"
  | "batch-normalizations-folded"
  /** Additions, subtractions, multiplications and divisions by constants, other than biases. */
  | "scales-and-shifts-folded"
  | "biases-fused"
  | "activations-fused"
  /** Results that depend only on weights, now computed when the model is loaded instead of in every run. */
  | "constants-folded";

/** The report for a model that runs exactly as it came. */
export const NOT_OPTIMISED: OptimizationReport = {
  isOptimized: false,
  done: {
    "recurrences-recognized": 0,
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
  corrections: [],
};

/** Why a model that can't be cut into layers can't be, for the middle of a message. */
export function whyNotCut({ notDone }: OptimizationReport): string {
  return notDone[0]?.reason ?? "it is a single piece";
}
