import * as tf from "@tensorflow/tfjs-core";
import type { RecurrentActivation, RecurrentOp } from "../../../../src/model/recurrent-ops.js";
import { ACTIVATIONS } from "./recurrent-activations.js";

/** One step: from the input's product `[batch, gates·units]` and the states before it to the states after it; h comes first. */
export type Cell = (x: tf.Tensor, states: readonly tf.Tensor[]) => tf.Tensor[];

export interface CellWeights {
  readonly recurrentKernel: tf.Tensor;
  /** Added to the recurrent product; only for a GRU with `resetAfter`. */
  readonly recurrentBias: tf.Tensor | undefined;
}

export interface CellOptions {
  readonly activation: RecurrentActivation;
  readonly recurrentActivation: RecurrentActivation;
  readonly resetAfter: boolean;
}

export function makeCell(op: RecurrentOp, weights: CellWeights, options: CellOptions): Cell {
  switch (op) {
    case "_SharderLstm":
      return lstm(options, (x, h) => plusProduct(x, h, weights.recurrentKernel));
    case "_SharderConvLstm":
      return lstm(options, (x, h) => tf.add(x, convolved(h, weights.recurrentKernel)));
    case "_SharderGru":
      return options.resetAfter ? gruResetAfter(options, weights) : gruResetBefore(options, weights);
    case "_SharderRnn":
      return simple(options, weights);
  }
}

/** x + h·kernel, in one kernel where that of TF.js takes a matrix as its bias: WASM's takes one row. */
function plusProduct(x: tf.Tensor, h: tf.Tensor, kernel: tf.Tensor): tf.Tensor {
  if (tf.getBackend() === "wasm") return tf.add(x, tf.matMul(h, kernel));
  return tf.fused.matMul({ a: h, b: kernel, bias: x });
}

/**
 * Some parts of a tensor along its last axis, activated: in one kernel for all of it, since a kernel's start costs a GPU more than the
 * elements that nobody needs.
 */
function activatedParts(
  activation: RecurrentActivation,
  x: tf.Tensor,
  partCount: number,
  wanted: readonly number[],
): tf.Tensor[] {
  const activate = ACTIVATIONS[activation];
  // These look at all units of a gate.
  const isElementwise = activation !== "softmax" && activation !== "log_softmax";
  const source = isElementwise ? activate(x) : x;
  return wanted.map((index) => {
    const part = partOf(source, partCount, index);
    return isElementwise ? part : activate(part);
  });
}

/** One of equal parts along the last axis. */
function partOf(x: tf.Tensor, partCount: number, index: number, length = 1): tf.Tensor {
  const size = x.shape.at(-1)! / partCount;
  const begin = x.shape.map((_, axis) => (axis === x.rank - 1 ? index * size : 0));
  return tf.slice(x, begin, [...x.shape.slice(0, -1), length * size]);
}

/** x·kernel + bias. @param bias one row; `undefined`: none. */
export function plusBias(x: tf.Tensor, kernel: tf.Tensor, bias: tf.Tensor | undefined): tf.Tensor {
  return bias === undefined ? tf.matMul(x, kernel) : tf.fused.matMul({ a: x, b: kernel, bias });
}

/** A convolution with stride 1 and padding "same", over one, two or three axes. */
function convolved(h: tf.Tensor, kernel: tf.Tensor): tf.Tensor {
  if (h.rank === 5) return tf.conv3d(h as tf.Tensor5D, kernel as tf.Tensor5D, 1, "same");
  if (h.rank === 4) return tf.conv2d(h as tf.Tensor4D, kernel as tf.Tensor4D, 1, "same");
  // A row is a picture that is one pixel high.
  const row = tf.expandDims<tf.Tensor4D>(h, 1);
  return tf.squeeze(tf.conv2d(row, tf.expandDims<tf.Tensor4D>(kernel, 0), 1, "same"), [1]);
}

function lstm(
  { activation, recurrentActivation }: CellOptions,
  sumOf: (x: tf.Tensor, h: tf.Tensor) => tf.Tensor,
): Cell {
  const shape = ACTIVATIONS[activation];
  return (x, [h, c]) => {
    const sum = sumOf(x, h!);
    const [input, forget, output] = activatedParts(recurrentActivation, sum, 4, [0, 1, 3]);
    const kept = tf.mul(forget!, c!);
    const carry = tf.add(kept, tf.mul(input!, shape(partOf(sum, 4, 2))));
    return [tf.mul(output!, shape(carry)), carry];
  };
}

function gruResetAfter(options: CellOptions, { recurrentKernel, recurrentBias }: CellWeights): Cell {
  return (x, [h]) => {
    const inner = plusBias(h!, recurrentKernel, recurrentBias);
    const sum = tf.add(partOf(x, 3, 0, 2), partOf(inner, 3, 0, 2));
    const [update, reset] = activatedParts(options.recurrentActivation, sum, 2, [0, 1]);
    const candidate = tf.add(partOf(x, 3, 2), tf.mul(reset!, partOf(inner, 3, 2)));
    return [mixed(options, h!, update!, candidate)];
  };
}

function gruResetBefore(options: CellOptions, { recurrentKernel }: CellWeights): Cell {
  const ofGates = partOf(recurrentKernel, 3, 0, 2);
  const ofCandidate = partOf(recurrentKernel, 3, 2);
  return (x, [h]) => {
    const sum = plusProduct(partOf(x, 3, 0, 2), h!, ofGates);
    const [update, reset] = activatedParts(options.recurrentActivation, sum, 2, [0, 1]);
    return [mixed(options, h!, update!, plusProduct(partOf(x, 3, 2), tf.mul(reset!, h!), ofCandidate))];
  };
}

/** z·h + (1 − z)·candidate. @param candidate before its activation. */
function mixed({ activation }: CellOptions, h: tf.Tensor, z: tf.Tensor, candidate: tf.Tensor): tf.Tensor {
  return tf.add(tf.mul(z, h), tf.mul(tf.sub(1, z), ACTIVATIONS[activation](candidate)));
}

function simple({ activation }: CellOptions, { recurrentKernel }: CellWeights): Cell {
  return (x, [h]) => [ACTIVATIONS[activation](plusProduct(x, h!, recurrentKernel))];
}
