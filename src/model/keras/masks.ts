import { isJsonObject } from "../artifacts.js";
import { attrs, type Emitter, type Symbolic, Untranslatable } from "./emitter.js";
import { TensorArgument, type LayerCall } from "./layer-call.js";
import type { LayerConfig } from "./layer-config.js";

/** Layers whose emitter says itself which mask each output has. */
const OWN = new Set([
  ...["Masking", "Embedding", "TimeDistributed", "Bidirectional"],
  ...["RNN", "SimpleRNN", "LSTM", "GRU", "CuDNNLSTM", "CuDNNGRU", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D"],
]);

/** Layers that pass on the mask of their first input, in Keras 2 and in Keras 3. For attention, that is the query. */
const PASS_ON = new Set([
  ...["Dense", "Activation", "Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D"],
  ...["GaussianNoise", "GaussianDropout", "AlphaDropout", "ActivityRegularization"],
  ...["ReLU", "LeakyReLU", "PReLU", "ELU", "ThresholdedReLU", "Softmax"],
  ...["BatchNormalization", "SyncBatchNormalization", "LayerNormalization", "GroupNormalization", "UnitNormalization"],
  ...["Attention", "AdditiveAttention", "MultiHeadAttention", "GroupQueryAttention", "GroupedQueryAttention"],
]);

/** Layers that pass a mask on in Keras 3 only. */
const PASS_ON_IN_KERAS_3 = new Set(["Rescaling", "Normalization", "Identity"]);

/**
 * The inputs of a call with the masks that it passes as its argument `mask`: one for the first input, or a list for all. These replace
 * the masks that the tensors carry.
 */
export function withGivenMasks(inputs: readonly Symbolic[], { tensors, options }: LayerCall): readonly Symbolic[] {
  const mask = tensors.get("mask");
  if (mask !== undefined) return inputs.map((each, index) => (index === 0 ? { ...each, mask } : each));
  const list: unknown = options.mask;
  if (list === undefined || (isJsonObject(list) && Object.values(list).every((entry) => entry === null))) return inputs;
  if (!Array.isArray(list) || list.length > inputs.length) throw new Untranslatable("a mask that is not a tensor");
  return inputs.map((each, index) => {
    const entry: unknown = list[index];
    if (entry instanceof TensorArgument) return { ...each, mask: entry.tensor };
    if (entry === null || entry === undefined) return { ...each, mask: undefined };
    throw new Untranslatable("a mask that is not a tensor");
  });
}

/**
 * Whether a layer takes the masks off its inputs, for the layers after it that read them too: a sum with the attention's result has
 * then no mask. Source: `MultiHeadAttention.call` in Keras 3.15.
 */
export function takesMasks(className: string, kerasMajor: 2 | 3): boolean {
  return kerasMajor === 3 && className === "MultiHeadAttention";
}

const MERGES = new Set(["Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum"]);

/**
 * The outputs of a layer with the masks that Keras gives them. A mask is a bool tensor `[batch, time]` (or of more axes, for
 * sequences of sequences), false for the steps that layers after it skip. A layer that doesn't support masks drops it.
 *
 * Source: `supports_masking` and `compute_mask` of the layers of Keras 2.19 and 3.15, which differ for merges and concatenations.
 * Oracle: the masks of Keras' own layers, in tests/unit/model/keras/masks.test.ts.
 */
export function withMasks(
  emitter: Emitter,
  layer: LayerConfig,
  inputs: readonly Symbolic[],
  outputs: readonly Symbolic[],
  name: string,
): Symbolic[] {
  const { className } = layer;
  if (OWN.has(className)) return [...outputs];
  const isMasked = inputs.some(({ mask }) => mask !== undefined);
  const mask = isMasked ? maskAfter(emitter, layer, inputs, `${name}/mask`) : undefined;
  return outputs.map((output, index) => ({ ...output, mask: index === 0 ? mask : undefined }));
}

function maskAfter(
  emitter: Emitter,
  layer: LayerConfig,
  inputs: readonly Symbolic[],
  name: string,
): Symbolic | undefined {
  const { className } = layer;
  if (PASS_ON.has(className)) return inputs[0]!.mask;
  if (PASS_ON_IN_KERAS_3.has(className)) return emitter.kerasMajor === 3 ? inputs[0]!.mask : undefined;
  if (MERGES.has(className)) return mergedMask(emitter, inputs, name);
  if (className === "Concatenate") return concatenatedMask(emitter, layer, inputs, name);
  return undefined;
}

/** Keras 2: a step is kept if every input that has a mask keeps it. Keras 3: if all have masks and one of them keeps it. */
function mergedMask(emitter: Emitter, inputs: readonly Symbolic[], name: string): Symbolic | undefined {
  const masks = inputs.flatMap(({ mask }) => mask ?? []);
  if (emitter.kerasMajor === 3 && masks.length < inputs.length) return undefined;
  return joined(emitter, masks, emitter.kerasMajor === 3 ? "LogicalOr" : "LogicalAnd", name);
}

function joined(
  emitter: Emitter,
  masks: readonly Symbolic[],
  op: "LogicalOr" | "LogicalAnd",
  name: string,
): Symbolic | undefined {
  const [first, ...others] = distinct(masks);
  return others.reduce((merged, other) => {
    if (merged!.shape.length !== other.shape.length) throw new Untranslatable("masks of different ranks");
    return { ...merged!, reference: emitter.node(name, op, [merged!.reference, other.reference]) };
  }, first);
}

function distinct(masks: readonly Symbolic[]): Symbolic[] {
  return [...new Map(masks.map((mask) => [mask.reference, mask])).values()];
}

/**
 * Along the last axis, the masks are combined: in Keras 2 a step is kept if all inputs keep it, in Keras 3 if one does; an input
 * without a mask keeps all. Along an axis of the mask, the masks stand one after another.
 */
function concatenatedMask(
  emitter: Emitter,
  layer: LayerConfig,
  inputs: readonly Symbolic[],
  name: string,
): Symbolic | undefined {
  const rank = inputs[0]!.shape.length;
  const given = layer.number("axis", -1);
  const axis = given < 0 ? given + rank : given;
  const masks = inputs.map(({ mask }) => mask);
  const maskRank = masks.find((mask) => mask !== undefined)!.shape.length;
  if (masks.some((mask) => mask !== undefined && mask.shape.length !== maskRank) || maskRank !== rank - 1) {
    throw new Untranslatable("a concatenation of masks that don't have one value for each vector");
  }
  const complete = inputs.map((input) => input.mask ?? allKept(emitter, input, maskRank, name));
  if (axis === rank - 1) {
    if (emitter.kerasMajor === 2)
      return joined(emitter, distinct(masks.flatMap((mask) => mask ?? [])), "LogicalAnd", name);
    return joined(emitter, complete, "LogicalOr", name);
  }
  const place = emitter.int32(`${name}/axis`, [axis], []);
  const references = [...complete.map(({ reference }) => reference), place];
  const reference = emitter.node(name, "ConcatV2", references, { T: { type: "DT_BOOL" }, N: attrs.int(inputs.length) });
  const sizes = complete.map(({ shape }) => shape[axis]);
  const size = sizes.reduce((sum, each) => (sum === undefined || each === undefined ? undefined : sum + each), 0);
  return { ...complete[0]!, reference, shape: complete[0]!.shape.map((each, index) => (index === axis ? size : each)) };
}

/** A mask that keeps every step of an input. */
function allKept(emitter: Emitter, x: Symbolic, rank: number, name: string): Symbolic {
  const shape = emitter.node(`${name}/Shape`, "Shape", [x.reference], { out_type: { type: "DT_INT32" } });
  const bounds = [emitter.int32(`${name}/begin`, [0]), emitter.int32(`${name}/size`, [rank])];
  const sizes = emitter.node(`${name}/sizes`, "Slice", [shape, ...bounds], { T: { type: "DT_INT32" } });
  const kept = emitter.constant(`${name}/true`, {
    kind: "computed",
    shape: [],
    dtype: "bool",
    value: { op: "literal", tensor: { shape: [], values: [1] } },
  });
  const reference = emitter.node(`${name}/kept`, "Fill", [sizes, kept], { T: { type: "DT_BOOL" } });
  return { reference, shape: x.shape.slice(0, rank), dtype: "bool" };
}
