import { asNumber } from "../artifacts.js";
import { elementCountOf } from "../../protocol/tensors.js";
import { maskedSoftmax } from "./activation-layers.js";
import { allOf, asBools, causalMask, slidingMask } from "./attention-masks.js";
import { type AxisOf, Composer } from "./composer.js";
import type { EmitLayer } from "./emit-layer.js";
import { type Emitter, FLOAT, knownSizes, requireFloat, type Symbolic, Untranslatable } from "./emitter.js";
import { type LayerCall, PLAIN_CALL } from "./layer-call.js";
import type { LayerConfig } from "./layer-config.js";
import { projection } from "./projection.js";

/** What Keras 3's own attention puts in the place of masked scores: −0.7 times the largest float. */
const HIDDEN_SCORE = Math.fround(-0.7 * 3.4028234663852886e38);

/** How many heads there are, and of which sizes. */
interface Heads {
  readonly queryHeads: number;
  readonly keyHeads: number;
  readonly keySize: number;
  readonly valueSize: number;
  /** Axes of the inputs over which queries attend to keys, ascending. */
  readonly axes: readonly number[];
  readonly outputSizes: readonly number[];
}

/**
 * Inputs: query, value and, if given, key, each `[batch, …, features]`. Source: Vaswani et al., Attention Is All You Need (2017),
 * section 3.2.2, with weights of the shapes that Keras uses.
 */
export const emitMultiHeadAttention: EmitLayer = (emitter, layer, inputs, name, call) => {
  const rank = inputs[0]!.shape.length;
  const [headCount] = layer.sizes("num_heads", 1) as [number];
  const [keySize] = layer.sizes("key_dim", 1) as [number];
  const [valueSize] = layer.sizes("value_dim", 1, [keySize]) as [number];
  const heads: Heads = {
    queryHeads: headCount,
    keyHeads: headCount,
    keySize,
    valueSize,
    axes: attentionAxes(layer, rank, emitter.kerasMajor),
    outputSizes: outputSizesOf(layer, inputs[0]!),
  };
  return attend(emitter, layer, inputs, name, call ?? PLAIN_CALL, heads);
};

/** Groups of query heads share one head of keys and values. Source: Ainslie et al., GQA (2023). */
export const emitGroupedQueryAttention: EmitLayer = (emitter, layer, inputs, name, call) => {
  const [queryHeads] = layer.sizes("num_query_heads", 1) as [number];
  const [keyHeads] = layer.sizes("num_key_value_heads", 1) as [number];
  const [size] = layer.sizes("head_dim", 1) as [number];
  if (queryHeads % keyHeads !== 0) throw new Untranslatable("num_query_heads");
  const outputSizes = knownSizes(inputs[0]!.shape.slice(-1), 0);
  const heads: Heads = { queryHeads, keyHeads, keySize: size, valueSize: size, axes: [1], outputSizes };
  return attend(emitter, layer, inputs, name, call ?? PLAIN_CALL, heads);
};

function attend(
  emitter: Emitter,
  layer: LayerConfig,
  inputs: readonly Symbolic[],
  name: string,
  call: LayerCall,
  heads: Heads,
): Symbolic | readonly Symbolic[] {
  const [query, value, key = value] = inputs;
  if (query === undefined || value === undefined || inputs.length > 3)
    throw new Untranslatable("a call without a value");
  const rank = query.shape.length;
  for (const input of [query, value, key!]) {
    if (requireFloat(input).shape.length !== rank || rank < 3)
      throw new Untranslatable(`an input of rank ${input.shape.length}`);
  }
  const composer = new Composer(emitter, name);
  const { axes, queryHeads, keyHeads, keySize, valueSize } = heads;
  const batchAxes = query.shape.map((_, axis) => axis).filter((axis) => axis < rank - 1 && !axes.includes(axis));
  /** `[batch…, heads, places, size]` */
  const project = (x: Symbolic, part: string, headCount: number, size: number): Symbolic => {
    const projected = projection(emitter, layer, `${name}/${part}`, x, part, [headCount, size]);
    const scale = part === "query" ? emitter.float32(`${name}/scale`, [1 / Math.sqrt(keySize)], []) : undefined;
    const reference =
      scale === undefined ? projected : emitter.node(`${name}/scaled`, "Mul", [projected, scale], FLOAT);
    const shaped: Symbolic = { reference, shape: [...x.shape.slice(0, -1), headCount, size], dtype: "float32" };
    const repeated = headCount < queryHeads ? repeatHeads(composer, shaped, queryHeads / headCount) : shaped;
    const apart = composer.transpose(repeated, [...batchAxes, rank - 1, ...axes, rank]);
    if (axes.length === 1) return apart;
    const before = [...batchAxes, rank - 1].map((_, index) => ({ of: apart, axis: index }));
    return composer.reshape(apart, [...before, "rest", size]);
  };
  const queries = project(query, "query", queryHeads, keySize);
  const keys = project(key!, "key", keyHeads, keySize);
  const scores = composer.matmul(queries, keys, { adjointB: true });
  const mask = maskOf(composer, layer, [query, value, inputs[2]], call, heads, scores);
  const returnsScores = call.options.return_attention_scores === true;
  const isFused = emitter.kerasMajor === 3 && layer.number("dropout", 0) === 0 && !returnsScores && rank === 3;
  const weights = weigh(composer, scores, mask, isFused);
  const mixed = composer.matmul(weights, project(value, "value", keyHeads, valueSize));
  const joined = join(composer, mixed, query, batchAxes, heads);
  const gated = layer.boolean("use_gate", false) ? gate(composer, layer, query, joined, heads) : joined;
  const reference = projection(emitter, layer, name, gated, "attention_output", heads.outputSizes);
  const output: Symbolic = { ...query, reference, shape: [...query.shape.slice(0, -1), ...heads.outputSizes] };
  if (!returnsScores) return output;
  return [output, apartFromPlaces(composer, weights, query, key!, axes)];
}

/** Softmax over the keys that the mask leaves. */
function weigh(composer: Composer, scores: Symbolic, mask: Symbolic | undefined, isFused: boolean): Symbolic {
  if (mask === undefined || !isFused) return maskedSoftmax(composer, scores, [scores.shape.length - 1], mask);
  return composer.unary("Softmax", composer.select(mask, scores, composer.scalar(HIDDEN_SCORE)));
}

/** From `[batch…, heads, places, size]` back to the axes of the query: `[batch, …, heads, size]`. */
function join(
  composer: Composer,
  mixed: Symbolic,
  query: Symbolic,
  batchAxes: readonly number[],
  { axes, queryHeads, valueSize }: Heads,
): Symbolic {
  const rank = query.shape.length;
  const order = [...batchAxes, rank - 1, ...axes, rank];
  const sizes = order.map((axis): number | AxisOf => {
    if (axis === rank - 1) return queryHeads;
    return axis === rank ? valueSize : { of: query, axis };
  });
  const apart = axes.length === 1 ? mixed : composer.reshape(mixed, sizes);
  const back = Array.from({ length: rank + 1 }, (_, axis) => order.indexOf(axis));
  return composer.transpose(apart, back);
}

function apartFromPlaces(
  composer: Composer,
  weights: Symbolic,
  query: Symbolic,
  key: Symbolic,
  axes: readonly number[],
): Symbolic {
  if (axes.length === 1) return weights;
  const before = weights.shape.slice(0, -2).map((_, axis) => ({ of: weights, axis }));
  const sizes = [...before, ...axes.map((axis) => ({ of: query, axis })), ...axes.map((axis) => ({ of: key, axis }))];
  return composer.reshape(weights, sizes);
}

function gate(composer: Composer, layer: LayerConfig, query: Symbolic, x: Symbolic, heads: Heads): Symbolic {
  const sizes = [heads.queryHeads, heads.valueSize];
  const reference = projection(composer.emitter, layer, `${composer.name}/gate`, query, "gate", sizes);
  const opening: Symbolic = { reference, shape: [...query.shape.slice(0, -1), ...sizes], dtype: "float32" };
  return composer.mul(x, composer.unary("Sigmoid", opening));
}

/** Repeat each head of `[…, heads, size]` `count` times, one after another. */
function repeatHeads(composer: Composer, x: Symbolic, count: number): Symbolic {
  const rank = x.shape.length;
  const apart = composer.expand(x, rank - 1);
  const tiled = composer.tile(
    apart,
    apart.shape.map((_, axis) => (axis === rank - 1 ? count : 1)),
  );
  const sizes = x.shape.map((size, axis) => (axis === rank - 2 ? size! * count : { of: x, axis }));
  return composer.reshape(tiled, sizes);
}

/** The masks of the inputs, of the call and of the places, merged to the rank of the scores `[batch…, heads, queries, keys]`. */
function maskOf(
  composer: Composer,
  layer: LayerConfig,
  [query, value, key]: readonly [Symbolic, Symbolic, Symbolic | undefined],
  { tensors, options }: LayerCall,
  { axes }: Heads,
  scores: Symbolic,
): Symbolic | undefined {
  const [queryMask, valueMask, keyMask] = [query, value, key].map((input, index) => {
    // Keras 3's MultiHeadAttention takes the query's own mask instead of the one that a call passes.
    const isOwn = index === 0 && composer.emitter.kerasMajor === 3 && layer.className === "MultiHeadAttention";
    const given = isOwn ? undefined : tensors.get(["query_mask", "value_mask", "key_mask"][index]!);
    return asBools(composer, given ?? input?.mask, 2);
  });
  const window = layer.config.sliding_window ?? undefined;
  const isCausal = options.use_causal_mask === true;
  const hasOwn = [queryMask, valueMask, keyMask, window].some((each) => each !== undefined) || isCausal;
  if (hasOwn && axes.join() !== "1") throw new Untranslatable("masks over other axes than the first");
  const own = allOf(composer, [
    queryMask === undefined ? undefined : composer.expand(queryMask, 2),
    valueMask === undefined ? undefined : composer.expand(valueMask, 1),
    keyMask === undefined ? undefined : composer.expand(keyMask, 1),
    isCausal ? composer.expand(causalMask(composer, query, value, 1, 1), 0) : undefined,
    window === undefined
      ? undefined
      : composer.expand(slidingMask(composer, query, value, layer.number("sliding_window")), 0),
  ]);
  const given = asBools(composer, tensors.get("attention_mask"));
  let mask = allOf(composer, [given, own]);
  if (mask === undefined) return undefined;
  const full = scores.shape.length - 2 + 2 * axes.length;
  if (mask.shape.length > full || mask.shape.length < 2 * axes.length) {
    throw new Untranslatable(`an attention_mask of rank ${mask.shape.length}`);
  }
  // Keras adds the axes that are missing right before those of the queries.
  while (mask.shape.length < full) mask = composer.expand(mask, mask.shape.length - 2 * axes.length);
  if (axes.length === 1) return mask;
  const { shape } = mask;
  const before = shape.slice(0, -2 * axes.length).map((_, axis) => ({ of: mask!, axis }));
  const counts = [shape.slice(-2 * axes.length, -axes.length), shape.slice(-axes.length)].map((sizes) =>
    elementCountOf(knownSizes(sizes, 0)),
  );
  return composer.reshape(mask, [...before, ...counts]);
}

function attentionAxes({ config }: LayerConfig, rank: number, kerasMajor: 2 | 3): number[] {
  const given: unknown = config.attention_axes ?? undefined;
  if (given === undefined) return Array.from({ length: rank - 2 }, (_, index) => index + 1);
  const list: unknown[] = Array.isArray(given) ? given : [given];
  const axes = list.map((axis) => (asNumber(axis) < 0 && kerasMajor === 3 ? asNumber(axis) + rank : asNumber(axis)));
  const isFitting = axes.every((axis, index) => {
    const isAscending = index === 0 || axis > axes[index - 1]!;
    return Number.isInteger(axis) && axis > 0 && axis < rank - 1 && isAscending;
  });
  if (!isFitting || axes.length === 0) throw new Untranslatable(`attention_axes ${JSON.stringify(given).slice(0, 40)}`);
  return axes;
}

function outputSizesOf({ config }: LayerConfig, query: Symbolic): number[] {
  const given = config.output_shape ?? query.shape.at(-1);
  const sizes: unknown[] = Array.isArray(given) ? given : [given];
  const isFitting = sizes.length > 0 && sizes.every((size) => Number.isSafeInteger(size) && asNumber(size) > 0);
  if (!isFitting) throw new Untranslatable("output_shape");
  return sizes.map(asNumber);
}
