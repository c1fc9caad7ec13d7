import { asNumber } from "../artifacts.js";
import { elementCountOf } from "../../protocol/tensors.js";
import { Composer } from "./composer.js";
import type { EmitLayer } from "./emit-layer.js";
import { channelsLast, hasChannelsFirst } from "./data-format.js";
import {
  attrs,
  castAttrs,
  type Emitter,
  FLOAT,
  knownSizes,
  type Symbolic,
  toFloat,
  Untranslatable,
} from "./emitter.js";
import { embeddingMask } from "./masking.js";
import type { LayerConfig } from "./layer-config.js";

/** All axes after the batch become one, with the channels last in either format. */
export const emitFlatten: EmitLayer = (emitter, layer, [given], name) => {
  const composer = new Composer(emitter, name);
  const rank = given!.shape.length;
  if (rank === 1) return composer.named(composer.expand(given!, 1));
  const x = hasChannelsFirst(layer) && rank > 2 ? channelsLast(composer, given!) : given!;
  if (x.shape.slice(1).includes(undefined)) return composer.named(composer.reshape(x, [{ of: x, axis: 0 }, "rest"]));
  const size = elementCountOf(knownSizes(x.shape));
  const flat = composer.reshape(x, ["rest", size]);
  return composer.named({ ...flat, shape: [x.shape[0], size] });
};

export const emitReshape: EmitLayer = (emitter, layer, [x], name) => {
  const target = layer.config.target_shape;
  const isList = Array.isArray(target) && target.every((size) => Number.isSafeInteger(size) || size === null);
  if (!isList) throw new Untranslatable("Reshape to an unknown shape");
  const composer = new Composer(emitter, name);
  const wanted = target.map((size) => (size === null ? -1 : asNumber(size)));
  const openCount = wanted.filter((size) => size < 0).length;
  if (openCount > 1) throw new Untranslatable("Reshape to a shape of several unknown sizes");
  if (x!.shape.slice(1).includes(undefined)) {
    const sizes = wanted.map((size) => (size < 0 ? "rest" : size));
    return composer.named(composer.reshape(x!, [{ of: x!, axis: 0 }, ...sizes]));
  }
  const total = elementCountOf(knownSizes(x!.shape));
  const known = elementCountOf(wanted.filter((size) => size >= 0));
  const sizes = wanted.map((size) => (size >= 0 ? size : total / known));
  const isFitting = elementCountOf(sizes) === total;
  if (!isFitting || !sizes.every(Number.isInteger)) throw new Untranslatable("Reshape to a shape of another size");
  const result = composer.reshape(x!, ["rest", ...sizes]);
  return composer.named({ ...result, shape: [x!.shape[0], ...sizes] });
};

export const emitPermute: EmitLayer = (emitter, layer, [x], name) => {
  const dims = layer.sizes("dims", x!.shape.length - 1);
  const permutation = [0, ...dims];
  if (new Set(permutation).size !== x!.shape.length || Math.max(...dims) >= x!.shape.length) {
    throw new Untranslatable("dims");
  }
  const composer = new Composer(emitter, name);
  return composer.named(composer.transpose(x!, permutation));
};

export const emitRepeatVector: EmitLayer = (emitter, layer, [x], name) => {
  if (x!.shape.length !== 2) throw new Untranslatable(`an input of rank ${x!.shape.length}`);
  const [count] = layer.sizes("n", 1) as [number];
  const composer = new Composer(emitter, name);
  return composer.named(composer.tile(composer.expand(x!, 1), [1, count, 1]));
};

export const emitEmbedding: EmitLayer = (emitter, layer, [x], name) => {
  const mask = layer.boolean("mask_zero", false) ? embeddingMask(emitter, name, x!) : undefined;
  const table = emitter.stored(layer.name, "embeddings");
  const params = emitter.constant(`${layer.name}/embeddings`, table);
  const indices =
    x!.dtype === "int32"
      ? x!.reference
      : emitter.node(`${name}/Cast`, "Cast", [x!.reference], castAttrs(x!.dtype, "int32"));
  const axis = emitter.int32(`${name}/axis`, [0], []);
  const reference = emitter.node(name, "GatherV2", [params, indices, axis], { ...FLOAT, batch_dims: attrs.int(0) });
  return { reference, shape: [...x!.shape, table.shape[1]], dtype: "float32", mask };
};

/** An embedding that, called in reverse, gives the scores of all its entries. */
export const emitReversibleEmbedding: EmitLayer = (emitter, layer, inputs, name, call) => {
  if (call?.options.reverse !== true) return emitEmbedding(emitter, layer, inputs, name, call);
  const composer = new Composer(emitter, name);
  const x = toFloat(emitter, name, inputs[0]!);
  const isTied = layer.boolean("tie_weights", true);
  const weight = isTied ? "embeddings" : "reverse_embeddings";
  const stored = emitter.stored(layer.name, weight);
  const [rows, columns] = stored.shape as [number, number];
  const kernel: Symbolic = {
    reference: emitter.constant(`${layer.name}/${weight}`, stored),
    shape: stored.shape,
    dtype: "float32",
  };
  const flat = composer.reshape(x, ["rest", isTied ? columns : rows]);
  const attr = { transpose_a: attrs.bool(false), transpose_b: attrs.bool(isTied) };
  const units = isTied ? rows : columns;
  const product = composer.op("MatMul", [flat, kernel], { shape: [flat.shape[0], units] }, attr);
  const sizes = x.shape.slice(0, -1).map((_, axis) => ({ of: x, axis }));
  const scores =
    x.shape.length === 2 ? { ...product, shape: [x.shape[0], units] } : composer.reshape(product, [...sizes, units]);
  const cap = layer.config.logit_soft_cap ?? undefined;
  if (cap === undefined) return composer.named(scores);
  const most = composer.scalar(layer.number("logit_soft_cap"));
  return composer.named(composer.mul(composer.unary("Tanh", composer.div(scores, most)), most));
};

/** Layers that do something only during training return their input. */
export function passOn(_: Emitter, __: LayerConfig, [x]: readonly Symbolic[]): Symbolic {
  return x!;
}

/** Layers of pictures that do something only during training. They make floats of whole numbers. */
export const passOnFloats: EmitLayer = (emitter, _, [x], name) => toFloat(emitter, name, x!);

/** Like `passOnFloats` in Keras 2, like `passOn` in Keras 3. */
export const passOnPixels: EmitLayer = (emitter, _, [x], name) =>
  emitter.kerasMajor === 3 ? x! : toFloat(emitter, name, x!);
