import type { OpExecutor } from "@tensorflow/tfjs-converter";
import { ARITHMETIC_OPS } from "./arithmetic.js";
import { BLOCK_OPS } from "./blocks.js";
import { CAST_OPS } from "./casts.js";
import { COLOUR_OPS } from "./colours.js";
import { CONVOLUTION_OPS } from "./convolutions.js";
import { DIAGONAL_OPS } from "./diagonals.js";
import { EINSUM_OPS } from "./einsum.js";
import { ERROR_FUNCTION_OPS } from "./error-functions.js";
import { kernelExecutor, type KernelOp } from "./kernel-node.js";
import { MATRIX_OPS } from "./matrices.js";
import { NORMALISATION_OPS } from "./normalisation.js";
import { POOL_OPS } from "./pools.js";
import { PROJECTIVE_TRANSFORM_OPS } from "./projective-transform.js";
import { QUANTISATION_OPS } from "./quantisation.js";
import { RESIZING_OPS } from "./resizing.js";
import { SELECTION_OPS } from "./selection.js";
import { TRANSPOSED_CONVOLUTION_OPS } from "./transposed-convolutions.js";
import { WHOLE_NUMBER_OPS } from "./whole-numbers.js";

const KERNEL_OPS: Readonly<Record<string, KernelOp>> = {
  ...ARITHMETIC_OPS,
  ...BLOCK_OPS,
  ...CAST_OPS,
  ...COLOUR_OPS,
  ...CONVOLUTION_OPS,
  ...DIAGONAL_OPS,
  ...EINSUM_OPS,
  ...ERROR_FUNCTION_OPS,
  ...MATRIX_OPS,
  ...NORMALISATION_OPS,
  ...POOL_OPS,
  ...PROJECTIVE_TRANSFORM_OPS,
  ...QUANTISATION_OPS,
  ...RESIZING_OPS,
  ...SELECTION_OPS,
  ...TRANSPOSED_CONVOLUTION_OPS,
  ...WHOLE_NUMBER_OPS,
};

/**
 * Ops that TF.js lacks or computes otherwise than TensorFlow, as compositions of its kernels. src/model/own-ops.ts lists the same, and
 * src/model/lower says why.
 */
export const KERNEL_EXECUTORS: Readonly<Record<string, OpExecutor>> = Object.fromEntries(
  Object.entries(KERNEL_OPS).map(([op, run]): [string, OpExecutor] => [op, kernelExecutor(op, run)]),
);
