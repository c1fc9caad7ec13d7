import type { JsonObject } from "../artifacts.js";

const KERNEL_AND_BIAS = [
  ...["Dense", "EinsumDense", "LocallyConnected1D", "LocallyConnected2D"],
  ...["Conv1D", "Conv2D", "Conv3D", "Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose"],
];
const RECURRENT_CELLS = ["SimpleRNNCell", "GRUCell", "LSTMCell", "ConvLSTMCell"];
const GAMMA_AND_BETA = ["BatchNormalization", "SyncBatchNormalization", "LayerNormalization", "GroupNormalization"];

const ORDER: ReadonlyMap<string, readonly string[]> = new Map([
  ...KERNEL_AND_BIAS.map((name): [string, string[]] => [name, ["kernel", "bias"]]),
  ...RECURRENT_CELLS.map((name): [string, string[]] => [name, ["kernel", "recurrent_kernel", "bias"]]),
  ["DepthwiseConv1D", ["depthwise_kernel", "bias"]],
  ["DepthwiseConv2D", ["depthwise_kernel", "bias"]],
  ["SeparableConv1D", ["depthwise_kernel", "pointwise_kernel", "bias"]],
  ["SeparableConv2D", ["depthwise_kernel", "pointwise_kernel", "bias"]],
  ["Embedding", ["embeddings"]],
  ["ReversibleEmbedding", ["embeddings", "reverse_embeddings"]],
  ["RMSNormalization", ["scale"]],
  ["PReLU", ["alpha"]],
  ["LayerScale", ["gamma"]],
  ["Normalization", ["mean", "variance", "count"]],
  ["AdditiveAttention", ["scale"]],
]);

/**
 * The names of a layer's own weights in the order in which Keras makes and saves them. Options decide which of them there are.
 * Weights of layers inside it are in `inner-weights.ts`.
 * Source: the paths of the weights of Keras 3.15's and tf_keras 2.19's layers, beside the files that they write.
 */
export function weightOrder(className: string, config: JsonObject): readonly string[] {
  if (GAMMA_AND_BETA.includes(className)) {
    const isRms = config.rms_scaling === true;
    const scale = config.scale !== false || isRms ? ["gamma"] : [];
    const center = config.center !== false && !isRms ? ["beta"] : [];
    const moving = className.endsWith("BatchNormalization") ? ["moving_mean", "moving_variance"] : [];
    return [...scale, ...center, ...moving];
  }
  if (className === "Attention") {
    const scale = config.use_scale === true ? ["scale"] : [];
    return config.score_mode === "concat" ? [...scale, "concat_score_weight"] : scale;
  }
  if (className === "STFTSpectrogram") {
    const parts = config.mode === "imag" ? [] : ["real_kernel"];
    return config.mode === "real" ? parts : [...parts, "imag_kernel"];
  }
  return ORDER.get(className) ?? [];
}
