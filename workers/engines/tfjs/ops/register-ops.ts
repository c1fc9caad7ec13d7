import { registerOp, type OpExecutor } from "@tensorflow/tfjs-converter";
import { BITCAST_OPS } from "./bitcast.js";
import type { PlainOp } from "./plain-node.js";
import { runPlain } from "./run-plain.js";

/** Ops in plain code, by TensorFlow's names. src/model/own-ops.ts lists the same. */
const PLAIN_OPS: Readonly<Record<string, PlainOp>> = { ...BITCAST_OPS };

/**
 * Every op that this engine implements itself. One that calls kernels instead of computing in plain code is added here as an executor
 * of its own; it disposes of its intermediate tensors.
 */
export const OWN_EXECUTORS: Readonly<Record<string, OpExecutor>> = Object.fromEntries(
  Object.entries(PLAIN_OPS).map(([op, plain]): [string, OpExecutor] => [op, (node) => runPlain(op, plain, node)]),
);

/** Register the ops with TF.js, in place of its own of the same names. More calls change nothing. */
export function registerOwnOps(): void {
  for (const [op, executor] of Object.entries(OWN_EXECUTORS)) registerOp(op, executor);
}
