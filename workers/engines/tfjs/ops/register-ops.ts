import { registerOp, type OpExecutor } from "@tensorflow/tfjs-converter";
import { BITCAST_OPS } from "./bitcast.js";
import { BOX_OPS } from "./boxes.js";
import { COMPLEX_OPS } from "./complex-numbers.js";
import { COUNT_OPS } from "./counts.js";
import { CROSSED_HASH_OPS } from "./crossed-hash.js";
import { ENCODING_OPS } from "./encodings.js";
import { HASH_OPS } from "./hashes.js";
import { KERNEL_EXECUTORS } from "./kernel-ops.js";
import { MOVEMENT_OPS } from "./movement.js";
import { NGRAM_OPS } from "./ngrams.js";
import { NUMBER_TEXT_OPS } from "./number-text.js";
import { PARTITION_OPS } from "./partition.js";
import { RAGGED_OPS } from "./ragged.js";
import { RANKING_OPS } from "./ranking.js";
import { REGEXP_OPS } from "./regexps.js";
import { SCATTER_OPS } from "./scatter.js";
import { SEGMENT_OPS } from "./segments.js";
import { PICTURE_OPS } from "./pictures.js";
import { CELL_OPS } from "./block-cells.js";
import { FORMAT_OPS } from "./string-format.js";
import { SEQUENCE_OPS } from "./sequences.js";
import { SET_OPS } from "./sets.js";
import { SPARSE_ARITHMETIC_OPS } from "./sparse-arithmetic.js";
import { SPARSE_OPS } from "./sparse.js";
import { SPECTRAL_OPS } from "./spectra.js";
import { TABLE_OPS } from "./tables.js";
import { TEXT_OPS } from "./text.js";
import { VOCABULARY_OPS } from "./vocabulary.js";
import type { PlainOp } from "./plain-node.js";
import { RECURRENT_EXECUTORS } from "./recurrent.js";
import { runPlain } from "./run-plain.js";

/** Ops in plain code, by TensorFlow's names. src/model/own-ops.ts lists the same. */
export const PLAIN_OPS: Readonly<Record<string, PlainOp>> = {
  ...BITCAST_OPS,
  ...BOX_OPS,
  ...COMPLEX_OPS,
  ...COUNT_OPS,
  ...CROSSED_HASH_OPS,
  ...ENCODING_OPS,
  ...HASH_OPS,
  ...MOVEMENT_OPS,
  ...NGRAM_OPS,
  ...NUMBER_TEXT_OPS,
  ...PARTITION_OPS,
  ...RAGGED_OPS,
  ...RANKING_OPS,
  ...REGEXP_OPS,
  ...SCATTER_OPS,
  ...SEGMENT_OPS,
  ...SET_OPS,
  ...SEQUENCE_OPS,
  ...FORMAT_OPS,
  ...CELL_OPS,
  ...PICTURE_OPS,
  ...SPARSE_ARITHMETIC_OPS,
  ...SPARSE_OPS,
  ...SPECTRAL_OPS,
  ...TABLE_OPS,
  ...TEXT_OPS,
  ...VOCABULARY_OPS,
};

/**
 * Every op that this engine implements itself. One that calls kernels instead of computing in plain code is added here as an executor
 * of its own; it disposes of its intermediate tensors.
 */
export const OWN_EXECUTORS: Readonly<Record<string, OpExecutor>> = {
  ...KERNEL_EXECUTORS,
  ...Object.fromEntries(
    Object.entries(PLAIN_OPS).map(([op, plain]): [string, OpExecutor] => [op, (node) => runPlain(op, plain, node)]),
  ),
  ...RECURRENT_EXECUTORS,
};

/** Register the ops with TF.js, in place of its own of the same names. More calls change nothing. */
export function registerOwnOps(): void {
  for (const [op, executor] of Object.entries(OWN_EXECUTORS)) registerOp(op, executor);
}
