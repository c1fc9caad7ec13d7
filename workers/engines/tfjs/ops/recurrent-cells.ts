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
      return lstm(options, (h) => product(h, weights.recurrentKernel));
    case "_SharderConvLstm":
      return lstm(options, (h) => convolved(h, weights.recurrentKernel));
    case "_SharderGru":
      return options.resetAfter ? gruResetAfter(options, weights) : gruResetBefore(options, weights);
    case "_SharderRnn":
      return simple(options, weights);
  }
}

function product(h: tf.Tensor, kernel: tf.Tensor): tf.Tensor {
  return tf.matMul(h, kernel);
}

/** A convolution with stride 1 and padding "same", over one, two or three axes. */
function convolved(h: tf.Tensor, kernel: tf.Tensor): tf.Tensor {
  if (h.rank === 5) return tf.conv3d(h as tf.Tensor5D, kernel as tf.Tensor5D, 1, "same");
  if (h.rank === 4) return tf.conv2d(h as tf.Tensor4D, kernel as tf.Tensor4D, 1, "same");
  // A row is a picture that is one pixel high.
  const row = tf.expandDims<tf.Tensor4D>(h, 1);
  return tf.squeeze(tf.conv2d(row, tf.expandDims<tf.Tensor4D>(kernel, 0), 1, "same"), [1]);
}

function lstm({ activation, recurrentActivation }: CellOptions, recurrent: (h: tf.Tensor) => tf.Tensor): Cell {
  const gate = ACTIVATIONS[recurrentActivation];
  const shape = ACTIVATIONS[activation];
  return (x, [h, c]) => {
    const [input, forget, candidate, output] = tf.split(tf.add(x, recurrent(h!)), 4, x.rank - 1);
    const kept = tf.mul(gate(forget!), c!);
    const carry = tf.add(kept, tf.mul(gate(input!), shape(candidate!)));
    return [tf.mul(gate(output!), shape(carry)), carry];
  };
}

function gruResetAfter(options: CellOptions, { recurrentKernel, recurrentBias }: CellWeights): Cell {
  return (x, [h]) => {
    const plain = product(h!, recurrentKernel);
    const inner = recurrentBias === undefined ? plain : tf.add(plain, recurrentBias);
    const [xz, xr, xh] = tf.split(x, 3, 1);
    const [hz, hr, hh] = tf.split(inner, 3, 1);
    const reset = ACTIVATIONS[options.recurrentActivation](tf.add(xr!, hr!));
    return [mixed(options, h!, tf.add(xz!, hz!), tf.add(xh!, tf.mul(reset, hh!)))];
  };
}

function gruResetBefore(options: CellOptions, { recurrentKernel }: CellWeights): Cell {
  const units = recurrentKernel.shape[0]!;
  const ofGates = tf.slice(recurrentKernel, [0, 0], [units, 2 * units]);
  const ofCandidate = tf.slice(recurrentKernel, [0, 2 * units], [units, units]);
  return (x, [h]) => {
    const [xz, xr, xh] = tf.split(x, 3, 1);
    const [hz, hr] = tf.split(product(h!, ofGates), 2, 1);
    const reset = ACTIVATIONS[options.recurrentActivation](tf.add(xr!, hr!));
    return [mixed(options, h!, tf.add(xz!, hz!), tf.add(xh!, product(tf.mul(reset, h!), ofCandidate)))];
  };
}

/** z·h + (1 − z)·candidate, both before their activations. */
function mixed(options: CellOptions, h: tf.Tensor, update: tf.Tensor, candidate: tf.Tensor): tf.Tensor {
  const z = ACTIVATIONS[options.recurrentActivation](update);
  const shaped = ACTIVATIONS[options.activation](candidate);
  return tf.add(tf.mul(z, h), tf.mul(tf.sub(1, z), shaped));
}

function simple({ activation }: CellOptions, { recurrentKernel }: CellWeights): Cell {
  return (x, [h]) => [ACTIVATIONS[activation](tf.add(x, product(h!, recurrentKernel)))];
}
