import type { RecurrentActivation } from "../../../../src/model/recurrent-ops.js";

/** The activations of the compiled kernels, in the order of their numbers in workers/kernels/activations.ts. */
export const KERNEL_ACTIVATIONS: readonly RecurrentActivation[] = [
  ...(["linear", "tanh", "sigmoid", "hard_sigmoid", "hard_sigmoid_2", "relu", "softsign"] as const),
];

/** The number of an activation in the kernels; `undefined` for one that they lack. */
export function kernelActivation(name: RecurrentActivation): number | undefined {
  const index = KERNEL_ACTIVATIONS.indexOf(name);
  return index === -1 ? undefined : index;
}
