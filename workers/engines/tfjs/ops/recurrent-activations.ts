import * as tf from "@tensorflow/tfjs-core";
import type { RecurrentActivation } from "../../../../src/model/recurrent-ops.js";

type Activation = (x: tf.Tensor) => tf.Tensor;

/** 0.2·x + 0.5 within 0 … 1, for Keras 2; relu6(x + 3) / 6 for Keras 3. */
const hardSigmoid2: Activation = (x) => tf.clipByValue(tf.add(tf.mul(x, 0.2), 0.5), 0, 1);
const hardSigmoid3: Activation = (x) => tf.clipByValue(tf.add(tf.mul(x, 1 / 6), 0.5), 0, 1);

/** Source: the definitions in Keras 3's documentation (keras.activations), with their default parameters. */
export const ACTIVATIONS: Readonly<Record<RecurrentActivation, Activation>> = {
  linear: (x) => x,
  tanh: (x) => tf.tanh(x),
  sigmoid: (x) => tf.sigmoid(x),
  hard_sigmoid: hardSigmoid3,
  hard_sigmoid_2: hardSigmoid2,
  relu: (x) => tf.relu(x),
  relu6: (x) => tf.relu6(x),
  elu: (x) => tf.elu(x),
  selu: (x) => tf.selu(x),
  celu: (x) => tf.elu(x),
  softplus: (x) => tf.softplus(x),
  softsign: (x) => tf.div(x, tf.add(tf.abs(x), 1)),
  softmax: (x) => tf.softmax(x),
  log_softmax: (x) => tf.logSoftmax(x),
  exponential: (x) => tf.exp(x),
  silu: (x) => tf.mul(x, tf.sigmoid(x)),
  hard_silu: (x) => tf.mul(x, hardSigmoid3(x)),
  gelu: (x) => tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1)),
  mish: (x) => tf.mul(x, tf.tanh(tf.softplus(x))),
  hard_tanh: (x) => tf.clipByValue(x, -1, 1),
  log_sigmoid: (x) => tf.neg(tf.softplus(tf.neg(x))),
  tanh_shrink: (x) => tf.sub(x, tf.tanh(x)),
  squareplus: (x) => tf.mul(tf.add(x, tf.sqrt(tf.add(tf.square(x), 4))), 0.5),
};
