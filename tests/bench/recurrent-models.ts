import type { ModelArtifacts, WeightSpec } from "inference-sharder";
import { seededRandom } from "../../src/core/random.js";
import type { BenchModel } from "./bench-models.js";
import { lstmLoops, type LstmWeights } from "./lstm-loops.js";

/** Steps, features of each, and units of the layers on top of each other. All layers but the last return sequences. */
export interface RecurrentSizes {
  readonly length: number;
  readonly features: number;
  readonly units: readonly number[];
}

const SIZES: RecurrentSizes = { length: 64, features: 32, units: [128, 64] };

/** Recurrent layers of 128 and 64 units over 64 steps of 32 features, from Keras and as a converted graph. 256 items each. */
export function recurrentModels(): BenchModel[] {
  const bounds = { itemShape: [SIZES.length, SIZES.features], minItemCount: 256, maxItemCount: 256 };
  return [
    { name: "LSTM 128 + 64, Keras", source: kerasRecurrent("LSTM", SIZES, 11), ...bounds },
    { name: "LSTM 128 + 64, converted", source: lstmLoops(SIZES.length, randomLayers(4, SIZES, 11)), ...bounds },
    { name: "GRU 128 + 64, Keras", source: kerasRecurrent("GRU", SIZES, 12), ...bounds },
  ];
}

/** Weights such that states neither die nor saturate. */
function randomLayers(gateCount: number, sizes: RecurrentSizes, seed: number): LstmWeights[] {
  const random = seededRandom(seed);
  const numbers = (length: number, limit: number): Float32Array =>
    Float32Array.from({ length }, () => limit * (2 * random() - 1));
  return sizes.units.map((units, index) => {
    const features = index === 0 ? sizes.features : sizes.units[index - 1]!;
    const columns = gateCount * units;
    return {
      ...{ features, units },
      kernel: numbers(features * columns, Math.sqrt(3 / features)),
      recurrentKernel: numbers(units * columns, Math.sqrt(3 / units)),
      bias: numbers(columns, 0.5),
    };
  });
}

/** Recurrent layers as Keras 2 writes them, with seeded random weights. */
export function kerasRecurrent(className: "LSTM" | "GRU", sizes: RecurrentSizes, seed: number): ModelArtifacts {
  const layers = randomLayers(className === "LSTM" ? 4 : 3, sizes, seed);
  const weightSpecs: WeightSpec[] = [];
  const values: number[] = [];
  const configs = layers.map(({ features, units, kernel, recurrentKernel, bias }, index) => {
    const name = `memory_${index}`;
    const columns = kernel.length / features;
    weightSpecs.push(
      { name: `${name}/kernel`, shape: [features, columns], dtype: "float32" },
      { name: `${name}/recurrent_kernel`, shape: [units, columns], dtype: "float32" },
      { name: `${name}/bias`, shape: [columns], dtype: "float32" },
    );
    values.push(...kernel, ...recurrentKernel, ...bias);
    const input = index === 0 ? { batch_input_shape: [null, sizes.length, sizes.features] } : {};
    const gates = {
      activation: "tanh",
      recurrent_activation: "sigmoid",
      ...(className === "GRU" ? { reset_after: false } : {}),
    };
    const options = { units, use_bias: true, return_sequences: index < layers.length - 1, ...gates };
    return { class_name: className, config: { name, dtype: "float32", ...input, ...options } };
  });
  return {
    format: "layers-model",
    modelTopology: {
      keras_version: "2.15.0",
      backend: "tensorflow",
      model_config: { class_name: "Sequential", config: { name: "recurrent", layers: configs } },
    },
    weightSpecs,
    weightData: Float32Array.from(values).buffer,
  };
}
