import type { ModelArtifacts, WeightSpec } from "inference-sharder";
import { seededRandom } from "../../src/core/random.js";

export interface MobileNetOptions {
  readonly seed: number;
  /** Side of the square RGB input. */
  readonly size: number;
  /** Width multiplier. */
  readonly alpha: number;
  readonly classCount?: number;
}

/** Channels (before the width multiplier) and stride of the thirteen depthwise-separable blocks. */
const BLOCKS: readonly (readonly [channels: number, stride: number])[] = [
  [64, 1],
  [128, 2],
  [128, 1],
  [256, 2],
  [256, 1],
  [512, 2],
  [512, 1],
  [512, 1],
  [512, 1],
  [512, 1],
  [512, 1],
  [1024, 2],
  [1024, 1],
];

interface KerasLayer {
  readonly class_name: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly name: string;
  readonly inbound_nodes: readonly unknown[];
}

/**
 * MobileNet V1 as Keras exports it: convolution, batch normalisation and ReLU6 are separate layers. The weights are
 * seeded noise, scaled so that the signal reaches the last layer. The speed does not depend on them. Source: Howard et
 * al., MobileNets (2017); layer names after keras.applications.
 */
export function kerasMobileNet({ seed, size, alpha, classCount = 1000 }: MobileNetOptions): ModelArtifacts {
  const random = seededRandom(seed);
  const layers: KerasLayer[] = [];
  const weightSpecs: WeightSpec[] = [];
  const weights: Float32Array[] = [];

  const add = (className: string, name: string, config: Record<string, unknown>): void => {
    const last = layers.at(-1);
    const inbound = last === undefined ? [] : [[[last.name, 0, 0, {}]]];
    layers.push({ class_name: className, config: { name, ...config }, name, inbound_nodes: inbound });
  };
  const weight = (name: string, shape: number[], low: number, high: number): void => {
    const length = shape.reduce((product, axis) => product * axis, 1);
    weightSpecs.push({ name, shape, dtype: "float32" });
    weights.push(Float32Array.from({ length }, () => low + (high - low) * random()));
  };
  /** He initialisation, uniform. */
  const kernel = (name: string, shape: number[], fanIn: number): void => {
    const limit = Math.sqrt(6 / fanIn);
    weight(name, shape, -limit, limit);
  };
  const normAndRelu = (suffix: string, channels: number): void => {
    const name = `${suffix}_bn`;
    add("BatchNormalization", name, { axis: -1, momentum: 0.99, epsilon: 0.001, center: true, scale: true });
    weight(`${name}/gamma`, [channels], 0.8, 1.2);
    weight(`${name}/beta`, [channels], -0.1, 0.1);
    weight(`${name}/moving_mean`, [channels], -0.1, 0.1);
    weight(`${name}/moving_variance`, [channels], 0.8, 1.2);
    add("ReLU", `${suffix}_relu`, { max_value: 6 });
  };
  const convolution = (name: string, side: number, stride: number, from: number, to: number, padding: string): void => {
    const shared = { strides: [stride, stride], padding, data_format: "channels_last", dilation_rate: [1, 1] };
    add("Conv2D", name, { filters: to, kernel_size: [side, side], ...shared, activation: "linear", use_bias: false });
    kernel(`${name}/kernel`, [side, side, from, to], side * side * from);
  };
  const padForStride = (name: string, stride: number): string => {
    if (stride === 1) return "same";
    add("ZeroPadding2D", name, {
      padding: [
        [0, 1],
        [0, 1],
      ],
      data_format: "channels_last",
    });
    return "valid";
  };

  add("InputLayer", "image", { batch_input_shape: [null, size, size, 3], dtype: "float32", sparse: false });
  let channels = Math.round(32 * alpha);
  convolution("conv1", 3, 2, 3, channels, padForStride("conv1_pad", 2));
  normAndRelu("conv1", channels);
  BLOCKS.forEach(([baseChannels, stride], index) => {
    const block = index + 1;
    const padding = padForStride(`conv_pad_${block}`, stride);
    const name = `conv_dw_${block}`;
    const shared = { strides: [stride, stride], padding, data_format: "channels_last", dilation_rate: [1, 1] };
    add("DepthwiseConv2D", name, {
      kernel_size: [3, 3],
      ...shared,
      depth_multiplier: 1,
      activation: "linear",
      use_bias: false,
    });
    kernel(`${name}/depthwise_kernel`, [3, 3, channels, 1], 9);
    normAndRelu(name, channels);
    const outChannels = Math.round(baseChannels * alpha);
    convolution(`conv_pw_${block}`, 1, 1, channels, outChannels, "same");
    normAndRelu(`conv_pw_${block}`, outChannels);
    channels = outChannels;
  });
  add("GlobalAveragePooling2D", "pool", { data_format: "channels_last" });
  add("Dense", "scores", { units: classCount, activation: "softmax", use_bias: true });
  kernel("scores/kernel", [channels, classCount], channels);
  weight("scores/bias", [classCount], -0.1, 0.1);

  const modelConfig = {
    name: "mobilenet",
    layers,
    input_layers: [["image", 0, 0]],
    output_layers: [["scores", 0, 0]],
  };
  return {
    format: "layers-model",
    generatedBy: "tests/bench/keras-mobilenet.ts",
    modelTopology: {
      keras_version: "2.2.4",
      backend: "tensorflow",
      model_config: { class_name: "Model", config: modelConfig },
    },
    weightSpecs,
    weightData: joined(weights),
  };
}

function joined(parts: readonly Float32Array[]): ArrayBuffer {
  const all = new Float32Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    all.set(part, offset);
    offset += part.length;
  }
  return all.buffer;
}
