import { elementCountOf } from "../../protocol/tensors.js";
import type { StoredWeight, WeightRecipe } from "../../protocol/weight-recipe.js";
import { emitActivation, nameOfActivation } from "./activations.js";
import { attrs, type Emitter, FLOAT, knownSizes, type Symbolic, Untranslatable } from "./emitter.js";
import { einsum, scaledSizes, shapeOf } from "./free-sizes.js";
import type { LayerCall } from "./layer-call.js";
import type { LayerConfig } from "./layer-config.js";

/** Emits a layer's nodes. Returns its output, or the list of its outputs. */
export type EmitLayer = (
  emitter: Emitter,
  layer: LayerConfig,
  inputs: readonly Symbolic[],
  name: string,
  call?: LayerCall,
) => Symbolic | readonly Symbolic[];

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

function windowAttrs(strides: readonly number[], dilations: readonly number[], padding: string) {
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

export const emitConv2d: EmitLayer = (emitter, layer, [x], name) => {
  requireRank(x!, 4);
  layer.requireChannelsLast();
  layer.requireUngrouped();
  const kernelSize = layer.sizes("kernel_size", 2);
  const strides = layer.sizes("strides", 2, [1, 1]);
  const dilations = layer.sizes("dilation_rate", 2, [1, 1]);
  const kernel = emitter.stored(layer.name, "kernel");
  const filters = layer.number("filters");
  requireShape(kernel, [...kernelSize, x!.shape[3], filters]);
  const padding = paddingOf(layer);
  const weight = emitter.constant(`${layer.name}/kernel`, kernel);
  const reference = emitter.node(
    `${name}/Conv2D`,
    "Conv2D",
    [x!.reference, weight],
    windowAttrs(strides, dilations, padding),
  );
  return finish(emitter, layer, name, {
    ...x!,
    reference,
    shape: slide(x!, kernelSize, strides, dilations, padding, filters),
  });
};

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

export const emitConv1d: EmitLayer = (emitter, layer, [x], name) => {
  requireRank(x!, 3);
  layer.requireChannelsLast();
  layer.requireUngrouped();
  const [kernelSize] = layer.sizes("kernel_size", 1) as [number];
  const [stride] = layer.sizes("strides", 1, [1]) as [number];
  const [dilation] = layer.sizes("dilation_rate", 1, [1]) as [number];
  const filters = layer.number("filters");
  const isCausal = layer.string("padding", "valid") === "causal";
  const padding = isCausal ? "valid" : paddingOf(layer);
  const kernel = emitter.stored(layer.name, "kernel");
  requireShape(kernel, [kernelSize, x!.shape[2], filters]);
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
  const convolved = emitter.node(
    `${name}/Conv2D`,
    "Conv2D",
    [wide, weight],
    windowAttrs([1, stride], [1, dilation], padding),
  );
  const squeezed = emitter.node(`${name}/Squeeze`, "Squeeze", [convolved], { ...FLOAT, squeeze_dims: attrs.ints([1]) });
  const size = slidSize(length, (kernelSize - 1) * dilation + 1, stride, padding);
  return finish(emitter, layer, name, { ...x!, reference: squeezed, shape: [x!.shape[0], size, filters] });
};

function padBefore(emitter: Emitter, name: string, x: string, count: number): string {
  const paddings = emitter.int32(`${name}/paddings`, [0, 0, count, 0, 0, 0], [3, 2]);
  return emitter.node(`${name}/Pad`, "Pad", [x, paddings], FLOAT);
}

export function reshaped(weight: StoredWeight, shape: readonly number[]): WeightRecipe {
  return { kind: "computed", shape, dtype: "float32", value: { op: "reshape", a: { op: "weight", weight }, shape } };
}

export const emitDepthwiseConv2d: EmitLayer = (emitter, layer, [x], name) => {
  requireRank(x!, 4);
  // TF.js's layer accepts the option but doesn't dilate.
  if (layer.sizes("dilation_rate", 2, [1, 1]).some((rate) => rate !== 1)) throw new Untranslatable("dilation_rate");
  return finish(emitter, layer, name, depthwise(emitter, layer, x!, name, "depthwise_kernel"));
};

function depthwise(emitter: Emitter, layer: LayerConfig, x: Symbolic, name: string, weightName: string): Symbolic {
  layer.requireChannelsLast();
  const kernelSize = layer.sizes("kernel_size", 2);
  const strides = layer.sizes("strides", 2, [1, 1]);
  const dilations = layer.sizes("dilation_rate", 2, [1, 1]);
  const multiplier = layer.number("depth_multiplier", 1);
  const kernel = emitter.stored(layer.name, weightName);
  requireShape(kernel, [...kernelSize, x.shape[3], multiplier]);
  const padding = paddingOf(layer);
  const weight = emitter.constant(`${layer.name}/${weightName}`, kernel);
  const attr = windowAttrs(strides, dilations, padding);
  const reference = emitter.node(`${name}/depthwise`, "DepthwiseConv2dNative", [x.reference, weight], attr);
  const channels = x.shape[3]! * multiplier;
  return { ...x, reference, shape: slide(x, kernelSize, strides, dilations, padding, channels) };
}

export const emitSeparableConv2d: EmitLayer = (emitter, layer, [x], name) => {
  requireRank(x!, 4);
  const filters = layer.number("filters");
  const between = depthwise(emitter, layer, x!, name, "depthwise_kernel");
  const pointwise = emitter.stored(layer.name, "pointwise_kernel");
  requireShape(pointwise, [1, 1, between.shape[3], filters]);
  const weight = emitter.constant(`${layer.name}/pointwise_kernel`, pointwise);
  const attr = windowAttrs([1, 1], [1, 1], "valid");
  const reference = emitter.node(`${name}/Conv2D`, "Conv2D", [between.reference, weight], attr);
  return finish(emitter, layer, name, { ...between, reference, shape: [...between.shape.slice(0, 3), filters] });
};

export const emitConv2dTranspose: EmitLayer = (emitter, layer, [x], name) => {
  requireRank(x!, 4);
  layer.requireChannelsLast();
  const kernelSize = layer.sizes("kernel_size", 2);
  const strides = layer.sizes("strides", 2, [1, 1]);
  const padding = paddingOf(layer);
  const filters = layer.number("filters");
  if (layer.config.output_padding !== undefined && layer.config.output_padding !== null) {
    throw new Untranslatable("output_padding");
  }
  const kernel = emitter.stored(layer.name, "kernel");
  requireShape(kernel, [...kernelSize, filters, x!.shape[3]]);
  const added = kernelSize.map((size, axis) => (padding === "valid" ? Math.max(size - strides[axis]!, 0) : 0));
  const sizes = [1, 2].map((axis) => {
    const size = x!.shape[axis];
    return size === undefined ? undefined : size * strides[axis - 1]! + added[axis - 1]!;
  });
  const inner = sizes.every((size) => size !== undefined)
    ? emitter.int32(`${name}/size`, sizes)
    : scaledSizes(emitter, `${name}/size`, x!.reference, strides, added);
  const outputShape = shapeOf(
    emitter,
    `${name}/shape`,
    x!.reference,
    inner,
    emitter.int32(`${name}/filters`, [filters]),
  );
  const weight = emitter.constant(`${layer.name}/kernel`, kernel);
  const inputs = [outputShape, weight, x!.reference];
  const attr = windowAttrs(strides, [1, 1], padding);
  const reference = emitter.node(`${name}/Conv2DBackpropInput`, "Conv2DBackpropInput", inputs, attr);
  return finish(emitter, layer, name, { ...x!, reference, shape: [x!.shape[0], ...sizes, filters] });
};

export const emitDense: EmitLayer = (emitter, layer, [x], name) => {
  const units = layer.number("units");
  if (x!.dtype !== "float32" || x!.shape.length < 2) throw new Untranslatable(`Dense of a ${x!.dtype} input`);
  const inputSize = x!.shape.at(-1);
  const kernel = emitter.stored(layer.name, "kernel");
  requireShape(kernel, [inputSize, units]);
  const weight = emitter.constant(`${layer.name}/kernel`, kernel);
  const rank = x!.shape.length;
  if (x!.shape.slice(1).includes(undefined)) {
    const reference = einsum(emitter, `${name}/Einsum`, x!.reference, weight, { free: rank - 1, summed: 1, added: 1 });
    return finish(emitter, layer, name, { ...x!, reference, shape: [...x!.shape.slice(0, -1), units] });
  }
  const attr = { ...FLOAT, transpose_a: attrs.bool(false), transpose_b: attrs.bool(false) };
  const isFlat = rank === 2;
  const rows = isFlat ? x!.reference : reshapeTo(emitter, `${name}/rows`, x!.reference, [-1, inputSize!]);
  const product = emitter.node(`${name}/MatMul`, "MatMul", [rows, weight], attr);
  if (isFlat) return finish(emitter, layer, name, { ...x!, reference: product, shape: [x!.shape[0], units] });
  const between = knownSizes(x!.shape.slice(0, -1));
  const shape = [x!.shape[0], ...between, units];
  const folded = reshapeTo(emitter, `${name}/folded`, product, [-1, ...between, units]);
  return finish(emitter, layer, name, { ...x!, reference: folded, shape });
};

export function reshapeTo(emitter: Emitter, name: string, x: string, sizes: readonly number[]): string {
  if (elementCountOf(sizes.slice(1)) === 0) throw new Untranslatable("an empty tensor");
  return emitter.node(name, "Reshape", [x, emitter.int32(`${name}/shape`, sizes)], FLOAT);
}
