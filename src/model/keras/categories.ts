import { asNumber, asText } from "../artifacts.js";
import { show } from "../malformed.js";
import { Composer } from "./composer.js";
import type { EmitLayer } from "./emit-layer.js";
import { attrs, type Symbolic, Untranslatable } from "./emitter.js";
import { dtypeOf, type LayerConfig } from "./layer-config.js";
import { numbersIn } from "./preprocessing.js";

/** How categories that are whole numbers are written as floats. */
export interface Encoding {
  readonly mode: string;
  /** How many categories there are; others count for none. */
  readonly depth: number;
  readonly weights?: Symbolic | undefined;
}

/**
 * Emit whole numbers `[batch, …]` as they are ("int"), one vector for each ("one_hot"), or one for all of an item: which there are
 * ("multi_hot") or how many of each ("count", perhaps weighted). As Keras does, for up to two axes.
 */
export function encode(composer: Composer, x: Symbolic, { mode, depth, weights }: Encoding): Symbolic {
  if (mode === "int") return x;
  const rank = x.shape.length;
  if (mode === "one_hot") {
    const flat = rank > 1 && x.shape[rank - 1] === 1 ? composer.squeeze(x, rank - 1) : x;
    if (composer.emitter.kerasMajor === 2 && flat.shape.length > 1)
      throw new Untranslatable("several values to encode");
    return hits(composer, flat, depth);
  }
  if (mode !== "multi_hot" && mode !== "count") throw new Untranslatable(`output_mode "${mode}"`);
  if (rank !== 2) throw new Untranslatable(`output_mode "${mode}" of an input of rank ${rank}`);
  const all = hits(composer, x, depth);
  if (mode === "multi_hot") return composer.reduce("Max", all, [1]);
  return composer.reduce("Sum", weights === undefined ? all : composer.mul(all, composer.expand(weights, 2)), [1]);
}

/** 1 where a number is that of a category, in a new last axis. */
function hits(composer: Composer, x: Symbolic, depth: number): Symbolic {
  const categories = composer.ints(Array.from({ length: depth }, (_, index) => index));
  return composer.cast(composer.compare("Equal", composer.expand(x, x.shape.length), categories), "float32");
}

/** @throws Untranslatable for sparse outputs. */
export function modeOf(layer: LayerConfig, fallback: string): string {
  if (layer.boolean("sparse", false)) throw new Untranslatable("sparse");
  return layer.string("output_mode", fallback);
}

/**
 * Keras computes whole numbers of 64 bits; here they have 32. Layers of another dtype give theirs, but in Keras 3 discretised values
 * and look-ups stay whole numbers, encoded or not.
 */
export function asLayerDtype(composer: Composer, layer: LayerConfig, x: Symbolic, mode: string): Symbolic {
  if (composer.emitter.kerasMajor === 3) {
    if (mode === "int" && layer.className === "Discretization") return x;
    if (/Lookup$|^TextVectorization$/.test(layer.className)) return mode === "tf_idf" ? x : composer.cast(x, "int32");
  }
  const dtype = dtypeOf(layer) ?? "";
  if (mode === "int") return dtype.startsWith("float") ? composer.cast(x, "float32") : x;
  return /^u?int/.test(dtype) ? composer.cast(x, "int32") : x;
}

export const emitCategoryEncoding: EmitLayer = (emitter, layer, inputs, name, call) => {
  const composer = new Composer(emitter, name);
  const [depth] = layer.sizes("num_tokens", 1) as [number];
  const mode = modeOf(layer, "multi_hot");
  const x = composer.cast(inputs[0]!, "int32");
  const given = call?.tensors.get("count_weights") ?? inputs[1];
  const weights = given === undefined ? undefined : composer.cast(given, "float32");
  return composer.named(asLayerDtype(composer, layer, encode(composer, x, { mode, depth, weights }), mode));
};

/** The number of boundaries that a value has reached. */
export const emitDiscretization: EmitLayer = (emitter, layer, [x], name) => {
  const composer = new Composer(emitter, name);
  const boundaries = numbersIn(layer.config.bin_boundaries)?.values;
  if (boundaries === undefined || boundaries.length === 0) {
    throw new Untranslatable(`bin_boundaries = ${show(layer.config.bin_boundaries, 40)}: pass them to the layer`);
  }
  const mode = modeOf(layer, "int");
  const values = composer.expand(composer.cast(x!, "float32"), x!.shape.length);
  const isReached = composer.compare("GreaterEqual", values, composer.literal(boundaries));
  const counts = composer.reduce("Sum", composer.cast(isReached, "float32"), [x!.shape.length]);
  const encoded = encode(composer, composer.cast(counts, "int32"), { mode, depth: boundaries.length + 1 });
  return composer.named(asLayerDtype(composer, layer, encoded, mode));
};

/** Strings, or whole numbers written as strings, by their hash. A mask value has the first bin for itself. */
export const emitHashing: EmitLayer = (emitter, layer, [x], name) => {
  const composer = new Composer(emitter, name);
  const [binCount] = layer.sizes("num_bins", 1) as [number];
  const mode = modeOf(layer, "int");
  const { mask_value: mask, salt } = layer.config;
  const hasMask = mask !== undefined && mask !== null && binCount > 1;
  const whole = x!.dtype === "string" ? x! : composer.cast(x!, "int32");
  const texts =
    whole.dtype === "string" ? whole : composer.op("AsString", [whole], { shape: whole.shape, dtype: "string" });
  const bins = { num_buckets: attrs.int(hasMask ? binCount - 1 : binCount) };
  const key = saltOf(salt);
  const op = key === undefined ? "StringToHashBucketFast" : "StringToHashBucketStrong";
  const attr = key === undefined ? bins : { ...bins, key: attrs.ints(key) };
  let hashed = composer.op(op, [texts], { shape: texts.shape, dtype: "int32" }, attr);
  if (hasMask) {
    const isMasked = maskedBy(composer, whole, mask);
    hashed = composer.add(hashed, composer.ints([1], []));
    hashed = composer.select(isMasked, composer.ints([0], []), hashed);
  }
  return composer.named(asLayerDtype(composer, layer, encode(composer, hashed, { mode, depth: binCount }), mode));
};

/** One whole number stands for two. */
export function saltOf(value: unknown): number[] | undefined {
  if (value === undefined || value === null) return undefined;
  const list: unknown[] = Array.isArray(value) ? value : [value, value];
  if (list.length !== 2 || !list.every(Number.isSafeInteger)) throw new Untranslatable("salt");
  return list.map(asNumber);
}

function maskedBy(composer: Composer, x: Symbolic, mask: unknown): Symbolic {
  if (x.dtype !== "string") {
    if (!Number.isSafeInteger(mask)) throw new Untranslatable(`mask_value = ${show(mask, 40)}`);
    return composer.compare("Equal", x, composer.ints([asNumber(mask)], []));
  }
  const attr = { keys: attrs.texts([asText(mask)]), values: attrs.ints([1]), unknown: attrs.int(0) };
  return composer.cast(composer.op("_VocabularyFind", [x], { shape: x.shape, dtype: "int32" }, attr), "bool");
}

/** Combinations of the inputs' values, by their hash. */
export const emitHashedCrossing: EmitLayer = (emitter, layer, inputs, name) => {
  const composer = new Composer(emitter, name);
  const [binCount] = layer.sizes("num_bins", 1) as [number];
  const mode = modeOf(layer, "int");
  const { shape } = inputs[0]!;
  if (inputs.length < 2 || shape.length > 2 || (shape.length === 2 && shape[1] !== 1)) {
    throw new Untranslatable("inputs that are not one value for each item");
  }
  const columns = inputs.map((x) => (x.dtype === "string" ? x : composer.cast(x, "int32")));
  const attr = { num_buckets: attrs.int(binCount) };
  const hashed = composer.op("_CrossedHash", columns, { shape, dtype: "int32" }, attr);
  return composer.named(asLayerDtype(composer, layer, encode(composer, hashed, { mode, depth: binCount }), mode));
};
