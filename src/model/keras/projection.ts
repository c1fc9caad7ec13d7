import { elementCountOf } from "../../protocol/tensors.js";
import type { StoredWeight } from "../../protocol/weight-recipe.js";
import { requireShape, reshapeTo, reshaped } from "./convolutions.js";
import { attrs, type Emitter, FLOAT, knownSizes, type Symbolic } from "./emitter.js";
import { einsum } from "./free-sizes.js";
import type { LayerConfig } from "./layer-config.js";

/** Emit `[…, features…]` times a kernel `[features…, …to]`, plus its bias: a dense layer whose features span several axes. */
export function projection(
  emitter: Emitter,
  layer: LayerConfig,
  name: string,
  x: Symbolic,
  part: string,
  to: readonly number[],
): string {
  const hasBias = layer.boolean("use_bias", true);
  const kernel = emitter.stored(layer.name, `${part}/kernel`);
  const free = x.shape.length - (kernel.shape.length - to.length);
  const features = knownSizes(x.shape, free);
  requireShape(kernel, [...features, ...to]);
  if (x.shape.slice(1, free).includes(undefined)) {
    const weight = emitter.constant(`${layer.name}/${part}/kernel`, kernel);
    const ranks = { free, summed: features.length, added: to.length };
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
  return reshapeTo(emitter, name, product, [-1, ...knownSizes(x.shape.slice(0, free)), ...to]);
}
