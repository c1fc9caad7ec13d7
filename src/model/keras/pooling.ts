import { attrs, type Emitter, FLOAT, type Symbolic, Untranslatable } from "./emitter.js";
import { paddingOf, requireRank, slidSize, type EmitLayer } from "./convolutions.js";
import type { LayerConfig } from "./layer-config.js";

/** MaxPooling2D and AveragePooling2D. */
export function emitPool2d(op: "MaxPool" | "AvgPool"): EmitLayer {
  return (emitter, layer, [x], name) => {
    requireRank(x!, 4);
    layer.requireChannelsLast();
    const window = layer.sizes("pool_size", 2, [2, 2]);
    const strides = stridesOf(layer, 2, window);
    const padding = paddingOf(layer);
    const reference = emitter.node(name, op, [x!.reference], poolAttrs(window, strides, padding));
    const sizes = window.map((size, axis) => slidSize(x!.shape[axis + 1], size, strides[axis]!, padding));
    return { ...x!, reference, shape: [x!.shape[0], ...sizes, x!.shape[3]] };
  };
}

/** MaxPooling1D and AveragePooling1D, computed on pictures that are one pixel wide. */
export function emitPool1d(op: "MaxPool" | "AvgPool"): EmitLayer {
  return (emitter, layer, [x], name) => {
    requireRank(x!, 3);
    layer.requireChannelsLast();
    const [window] = layer.sizes("pool_size", 1, [2]) as [number];
    const [stride] = stridesOf(layer, 1, [window]) as [number];
    const padding = paddingOf(layer);
    const axis = emitter.int32(`${name}/axis`, [2], []);
    const wide = emitter.node(`${name}/ExpandDims`, "ExpandDims", [x!.reference, axis], FLOAT);
    const pooled = emitter.node(`${name}/${op}`, op, [wide], poolAttrs([window, 1], [stride, 1], padding));
    const reference = emitter.node(name, "Squeeze", [pooled], { ...FLOAT, squeeze_dims: attrs.ints([2]) });
    return { ...x!, reference, shape: [x!.shape[0], slidSize(x!.shape[1], window, stride, padding), x!.shape[2]] };
  };
}

export function stridesOf(layer: LayerConfig, rank: number, window: readonly number[]): number[] {
  return layer.config.strides === null ? [...window] : layer.sizes("strides", rank, window);
}

function poolAttrs(window: readonly number[], strides: readonly number[], padding: string) {
  return {
    ...FLOAT,
    ksize: attrs.ints([1, ...window, 1]),
    strides: attrs.ints([1, ...strides, 1]),
    padding: attrs.string(padding.toUpperCase()),
    data_format: attrs.string("NHWC"),
  };
}

/** GlobalAveragePooling and GlobalMaxPooling over all axes between batch and channels. */
export function emitGlobalPool(op: "Mean" | "Max", rank: 3 | 4): EmitLayer {
  return (emitter, layer, [x], name) => {
    requireRank(x!, rank);
    layer.requireChannelsLast();
    if (layer.boolean("keepdims", false)) throw new Untranslatable("keepdims");
    const axes = rank === 3 ? [1] : [1, 2];
    return reduce(emitter, name, x!, op, axes);
  };
}

function reduce(emitter: Emitter, name: string, x: Symbolic, op: string, axes: readonly number[]): Symbolic {
  const indices = emitter.int32(`${name}/reduction_indices`, axes);
  const reference = emitter.node(name, op, [x.reference, indices], { ...FLOAT, keep_dims: attrs.bool(false) });
  return { ...x, reference, shape: x.shape.filter((_, axis) => !axes.includes(axis)) };
}
