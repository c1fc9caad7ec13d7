import { elementCountOf } from "../../protocol/tensors.js";
import type { StoredWeight } from "../../protocol/weight-recipe.js";
import { requireRank, requireShape, reshapeTo, reshaped, type EmitLayer } from "./convolutions.js";
import { attrs, type Emitter, FLOAT, knownSizes, type Symbolic, Untranslatable } from "./emitter.js";
import { einsum } from "./free-sizes.js";
import type { LayerConfig } from "./layer-config.js";

/**
 * Inputs: query, value and, if given, key, each `[batch, length, features]`. Source: Vaswani et al., Attention Is All You Need (2017),
 * section 3.2.2, with weights of the shapes that Keras uses.
 */
export const emitMultiHeadAttention: EmitLayer = (emitter, layer, inputs, name) => {
  const [query, value, key = value] = inputs;
  if (query === undefined || value === undefined || inputs.length > 3)
    throw new Untranslatable("a call without a value");
  for (const input of [query, value, key!]) requireRank(input, 3);
  if (layer.config.attention_axes !== undefined && layer.config.attention_axes !== null) {
    const axes = JSON.stringify(layer.config.attention_axes);
    if (axes !== "[1]" && axes !== "1") throw new Untranslatable(`attention_axes ${axes.slice(0, 40)}`);
  }
  const [headCount] = layer.sizes("num_heads", 1) as [number];
  const [keySize] = layer.sizes("key_dim", 1) as [number];
  const [valueSize] = layer.sizes("value_dim", 1, [keySize]) as [number];
  const project = (x: Symbolic, part: string, size: number, permutation: readonly number[]): string => {
    const heads = projection(emitter, layer, `${name}/${part}`, x, part, [headCount, size]);
    const scale = part === "query" ? emitter.float32(`${name}/scale`, [1 / Math.sqrt(keySize)], []) : undefined;
    const scaled = scale === undefined ? heads : emitter.node(`${name}/scaled`, "Mul", [heads, scale], FLOAT);
    return transpose(emitter, `${name}/${part}/heads`, scaled, permutation);
  };
  const multiply = (suffix: string, a: string, b: string): string => {
    const attr = { ...FLOAT, adj_x: attrs.bool(false), adj_y: attrs.bool(false) };
    return emitter.node(`${name}/${suffix}`, "BatchMatMulV2", [a, b], attr);
  };
  const scores = multiply(
    "scores",
    project(query, "query", keySize, [0, 2, 1, 3]),
    project(key!, "key", keySize, [0, 2, 3, 1]),
  );
  const weights = emitter.node(`${name}/softmax`, "Softmax", [scores], FLOAT);
  const mixed = multiply("mixed", weights, project(value, "value", valueSize, [0, 2, 1, 3]));
  const joined = transpose(emitter, `${name}/joined`, mixed, [0, 2, 1, 3]);
  const heads: Symbolic = { ...query, reference: joined, shape: [...query.shape.slice(0, 2), headCount, valueSize] };
  const outputSizes = outputSizesOf(layer, query);
  const reference = projection(emitter, layer, name, heads, "attention_output", outputSizes);
  return { ...query, reference, shape: [...query.shape.slice(0, 2), ...outputSizes] };
};

function outputSizesOf({ config }: LayerConfig, query: Symbolic): number[] {
  const given = config.output_shape ?? query.shape[2];
  const sizes: unknown[] = Array.isArray(given) ? given : [given];
  const isFitting = sizes.length === 1 && sizes.every((size) => Number.isSafeInteger(size) && Number(size) > 0);
  if (!isFitting) throw new Untranslatable("output_shape");
  return sizes.map(Number);
}

/** Emit `[batch, length, …]` times a kernel `[…, …to]`, plus its bias: a dense layer whose features span several axes. */
function projection(
  emitter: Emitter,
  layer: LayerConfig,
  name: string,
  x: Symbolic,
  part: string,
  to: readonly number[],
): string {
  const features = knownSizes(x.shape, 2);
  const length = x.shape[1];
  const hasBias = layer.boolean("use_bias", true);
  const kernel = emitter.stored(layer.name, `${part}/kernel`);
  requireShape(kernel, [...features, ...to]);
  if (length === undefined) {
    const weight = emitter.constant(`${layer.name}/${part}/kernel`, kernel);
    const ranks = { free: 2, summed: features.length, added: to.length };
    const product = einsum(emitter, hasBias ? `${name}/Einsum` : name, x.reference, weight, ranks);
    if (!hasBias) return product;
    const bias = emitter.constant(`${layer.name}/${part}/bias`, emitter.stored(layer.name, `${part}/bias`));
    return emitter.node(name, "AddV2", [product, bias], FLOAT);
  }
  const [from, units] = [elementCountOf(features), elementCountOf(to)];
  const flat = (suffix: string, weight: StoredWeight, shape: readonly number[]): string =>
    emitter.constant(`${layer.name}/${part}/${suffix}`, reshaped(weight, shape));
  const rows = reshapeTo(emitter, `${name}/rows`, x.reference, [-1, from]);
  const attr = { ...FLOAT, transpose_a: attrs.bool(false), transpose_b: attrs.bool(false) };
  let product = emitter.node(`${name}/MatMul`, "MatMul", [rows, flat("kernel", kernel, [from, units])], attr);
  if (hasBias) {
    const bias = emitter.stored(layer.name, `${part}/bias`);
    requireShape(bias, to);
    const inputs = [product, flat("bias", bias, [units])];
    product = emitter.node(`${name}/BiasAdd`, "BiasAdd", inputs, { ...FLOAT, data_format: attrs.string("NHWC") });
  }
  return reshapeTo(emitter, name, product, [-1, length, ...to]);
}

function transpose(emitter: Emitter, name: string, x: string, permutation: readonly number[]): string {
  return emitter.node(name, "Transpose", [x, emitter.int32(`${name}/perm`, permutation)], FLOAT);
}
