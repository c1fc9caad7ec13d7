import { elementCountOf } from "../../protocol/tensors.js";
import type { StoredWeight, WeightRecipe } from "../../protocol/weight-recipe.js";
import { emitActivation, nameOfActivation } from "./activations.js";
import type { JsonObject } from "../artifacts.js";
import { inEitherFormat } from "./data-format.js";
import { attrs, type Emitter, FLOAT, type Symbolic, Untranslatable } from "./emitter.js";
import type { EmitLayer } from "./emit-layer.js";
import type { LayerConfig } from "./layer-config.js";

/** Size of an axis after a window has slid over it. */
export function slidSize(
  size: number | undefined,
  window: number,
  stride: number,
  padding: string,
): number | undefined {
  if (size === undefined) return undefined;
  return padding === "same" ? Math.ceil(size / stride) : Math.ceil((size - window + 1) / stride);
}

export function requireRank({ shape, dtype }: Symbolic, rank: number): void {
  if (shape.length !== rank || dtype !== "float32") {
    throw new Untranslatable(`a ${dtype} input of rank ${shape.length}`);
  }
}

export function paddingOf(layer: LayerConfig): "same" | "valid" {
  const padding = layer.string("padding", "valid").toLowerCase();
  if (padding === "same" || padding === "valid") return padding;
  throw new Untranslatable(`padding "${padding}"`);
}

export function windowAttrs(strides: readonly number[], dilations: readonly number[], padding: string) {
  return {
    ...FLOAT,
    strides: attrs.ints([1, ...strides, 1]),
    dilations: attrs.ints([1, ...dilations, 1]),
    padding: attrs.string(padding.toUpperCase()),
    data_format: attrs.string("NHWC"),
  };
}

/** Emit the bias, then the activation. The last node gets the layer's name. */
export function finish(emitter: Emitter, layer: LayerConfig, name: string, x: Symbolic): Symbolic {
  const { activation } = layer.config;
  const isLast = nameOfActivation(activation) === "linear";
  if (!layer.boolean("use_bias", true)) return emitActivation(emitter, name, x, activation);
  const bias = emitter.constant(`${layer.name}/bias`, emitter.stored(layer.name, "bias"));
  const attr = { ...FLOAT, data_format: attrs.string("NHWC") };
  const biased = emitter.node(isLast ? name : `${name}/BiasAdd`, "BiasAdd", [x.reference, bias], attr);
  return emitActivation(emitter, name, { ...x, reference: biased }, activation);
}

export function requireShape(weight: StoredWeight, shape: readonly (number | undefined)[]): void {
  const fits = weight.shape.length === shape.length && shape.every((size, axis) => size === weight.shape[axis]);
  if (!fits || weight.dtype !== "float32") throw new Untranslatable("a kernel whose shape doesn't fit its layer");
}

export const emitConv2d: EmitLayer = inEitherFormat((emitter, layer, [x], name) => {
  requireRank(x!, 4);
  const kernelSize = layer.sizes("kernel_size", 2);
  const strides = layer.sizes("strides", 2, [1, 1]);
  const dilations = layer.sizes("dilation_rate", 2, [1, 1]);
  const kernel = emitter.stored(layer.name, "kernel");
  const filters = layer.number("filters");
  const groupCount = groupsOf(layer, x!, filters);
  requireShape(kernel, [...kernelSize, x!.shape[3]! / groupCount, filters]);
  const padding = paddingOf(layer);
  const weight = emitter.constant(`${layer.name}/kernel`, kernel);
  const convolution = { op: "Conv2D", attr: windowAttrs(strides, dilations, padding), groupCount };
  const shape = slide(x!, kernelSize, strides, dilations, padding, filters);
  const reference = convolve(emitter, name, x!, { reference: weight, shape: kernel.shape }, convolution);
  return finish(emitter, layer, name, { ...x!, reference, shape });
});

/** @throws Untranslatable if channels or filters can't be divided into the layer's groups. */
export function groupsOf(layer: LayerConfig, { shape }: Symbolic, filters: number): number {
  const [groupCount] = layer.sizes("groups", 1, [1]) as [number];
  const isFitting = groupCount === 1 || ((shape.at(-1) ?? 1) % groupCount === 0 && filters % groupCount === 0);
  if (!isFitting) throw new Untranslatable(`${groupCount} groups`);
  return groupCount;
}

/** Emit a convolution; one with groups as one for each, side by side, since TF.js has none. */
export function convolve(
  emitter: Emitter,
  name: string,
  x: Pick<Symbolic, "reference" | "shape">,
  kernel: Pick<Symbolic, "reference" | "shape">,
  { op, attr, groupCount }: { readonly op: string; readonly attr: JsonObject; readonly groupCount: number },
): string {
  if (groupCount === 1) return emitter.node(`${name}/${op}`, op, [x.reference, kernel.reference], attr);
  const part = ({ reference, shape }: Pick<Symbolic, "reference" | "shape">, group: number): string => {
    const size = shape.at(-1)! / groupCount;
    const begin = emitter.int32(`${name}/begin`, [...shape.slice(1).map(() => 0), group * size]);
    const count = emitter.int32(`${name}/count`, [...shape.slice(1).map(() => -1), size]);
    return emitter.node(`${name}/group`, "Slice", [reference, begin, count], FLOAT);
  };
  const parts = Array.from({ length: groupCount }, (_, group) =>
    emitter.node(`${name}/${op}`, op, [part(x, group), part(kernel, group)], attr),
  );
  const axis = emitter.int32(`${name}/channels`, [x.shape.length - 1], []);
  return emitter.node(`${name}/groups`, "ConcatV2", [...parts, axis], { ...FLOAT, N: attrs.int(groupCount) });
}

function slide(
  x: Symbolic,
  kernelSize: readonly number[],
  strides: readonly number[],
  dilations: readonly number[],
  padding: string,
  channels: number,
): Symbolic["shape"] {
  const sizes = kernelSize.map((size, axis) =>
    slidSize(x.shape[axis + 1], (size - 1) * dilations[axis]! + 1, strides[axis]!, padding),
  );
  return [x.shape[0], ...sizes, channels];
}

export const emitConv1d: EmitLayer = inEitherFormat((emitter, layer, [x], name) => {
  requireRank(x!, 3);
  const [kernelSize] = layer.sizes("kernel_size", 1) as [number];
  const [stride] = layer.sizes("strides", 1, [1]) as [number];
  const [dilation] = layer.sizes("dilation_rate", 1, [1]) as [number];
  const filters = layer.number("filters");
  const isCausal = layer.string("padding", "valid") === "causal";
  const padding = isCausal ? "valid" : paddingOf(layer);
  const kernel = emitter.stored(layer.name, "kernel");
  const groupCount = groupsOf(layer, x!, filters);
  requireShape(kernel, [kernelSize, x!.shape[2]! / groupCount, filters]);
  const left = isCausal ? dilation * (kernelSize - 1) : 0;
  const padded = left === 0 ? x!.reference : padBefore(emitter, name, x!.reference, left);
  const length = x!.shape[1] === undefined ? undefined : x!.shape[1] + left;
  const wide = emitter.node(
    `${name}/ExpandDims`,
    "ExpandDims",
    [padded, emitter.int32(`${name}/axis`, [1], [])],
    FLOAT,
  );
  const weight = emitter.constant(`${layer.name}/kernel`, reshaped(kernel, [1, ...kernel.shape]));
  const convolved = convolve(
    emitter,
    name,
    { reference: wide, shape: [x!.shape[0], 1, ...x!.shape.slice(1)] },
    { reference: weight, shape: [1, ...kernel.shape] },
    { op: "Conv2D", attr: windowAttrs([1, stride], [1, dilation], padding), groupCount },
  );
  const squeezed = emitter.node(`${name}/Squeeze`, "Squeeze", [convolved], { ...FLOAT, squeeze_dims: attrs.ints([1]) });
  const size = slidSize(length, (kernelSize - 1) * dilation + 1, stride, padding);
  return finish(emitter, layer, name, { ...x!, reference: squeezed, shape: [x!.shape[0], size, filters] });
});

function padBefore(emitter: Emitter, name: string, x: string, count: number): string {
  const paddings = emitter.int32(`${name}/paddings`, [0, 0, count, 0, 0, 0], [3, 2]);
  return emitter.node(`${name}/Pad`, "Pad", [x, paddings], FLOAT);
}

export function reshaped(weight: StoredWeight, shape: readonly number[]): WeightRecipe {
  return { kind: "computed", shape, dtype: "float32", value: { op: "reshape", a: { op: "weight", weight }, shape } };
}

export function reshapeTo(emitter: Emitter, name: string, x: string, sizes: readonly number[]): string {
  if (elementCountOf(sizes.slice(1)) === 0) throw new Untranslatable("an empty tensor");
  return emitter.node(name, "Reshape", [x, emitter.int32(`${name}/shape`, sizes)], FLOAT);
}
