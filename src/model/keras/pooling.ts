import { type AxisOf, Composer } from "./composer.js";
import { paddingOf, requireRank, slidSize } from "./convolutions.js";
import type { EmitLayer } from "./emit-layer.js";
import { hasChannelsFirst, inEitherFormat } from "./data-format.js";
import { attrs, FLOAT, type Symbolic, Untranslatable } from "./emitter.js";
import type { LayerConfig } from "./layer-config.js";

/** MaxPooling2D and AveragePooling2D. */
export function emitPool2d(op: "MaxPool" | "AvgPool"): EmitLayer {
  return inEitherFormat((emitter, layer, [x], name) => {
    requireRank(x!, 4);
    const window = layer.sizes("pool_size", 2, [2, 2]);
    const strides = stridesOf(layer, 2, window);
    const padding = paddingOf(layer);
    const reference = emitter.node(name, op, [x!.reference], poolAttrs(window, strides, padding));
    const sizes = window.map((size, axis) => slidSize(x!.shape[axis + 1], size, strides[axis]!, padding));
    return { ...x!, reference, shape: [x!.shape[0], ...sizes, x!.shape[3]] };
  });
}

/** MaxPooling1D and AveragePooling1D, computed on pictures that are one pixel wide. */
export function emitPool1d(op: "MaxPool" | "AvgPool"): EmitLayer {
  return inEitherFormat((emitter, layer, [x], name) => {
    requireRank(x!, 3);
    const [window] = layer.sizes("pool_size", 1, [2]) as [number];
    const [stride] = stridesOf(layer, 1, [window]) as [number];
    const padding = paddingOf(layer);
    const axis = emitter.int32(`${name}/axis`, [2], []);
    const wide = emitter.node(`${name}/ExpandDims`, "ExpandDims", [x!.reference, axis], FLOAT);
    const pooled = emitter.node(`${name}/${op}`, op, [wide], poolAttrs([window, 1], [stride, 1], padding));
    const reference = emitter.node(name, "Squeeze", [pooled], { ...FLOAT, squeeze_dims: attrs.ints([2]) });
    return { ...x!, reference, shape: [x!.shape[0], slidSize(x!.shape[1], window, stride, padding), x!.shape[2]] };
  });
}

/**
 * MaxPooling3D and AveragePooling3D: over height and width of every slice, then over depth. That is exact, averages included, since
 * every slice's window leaves out the same pixels. TF.js's own volumes are wrong with padding.
 */
export function emitPool3d(op: "MaxPool" | "AvgPool"): EmitLayer {
  return inEitherFormat((emitter, layer, [x], name) => {
    requireRank(x!, 5);
    const window = layer.sizes("pool_size", 3, [2, 2, 2]);
    const strides = stridesOf(layer, 3, window);
    const padding = paddingOf(layer);
    const composer = new Composer(emitter, name);
    const pool = (pictures: Symbolic, sides: readonly number[], steps: readonly number[]): Symbolic => {
      const sizes = sides.map((side, axis) => slidSize(pictures.shape[axis + 1], side, steps[axis]!, padding));
      const shape = [pictures.shape[0], ...sizes, pictures.shape[3]];
      return composer.op(op, [pictures], { shape }, poolAttrs(sides, steps, padding));
    };
    const slices = composer.reshape(x!, ["rest", ...axesOf(x!, [2, 3, 4])]);
    const flat = pool(slices, window.slice(1), strides.slice(1));
    const lines = composer.reshape(flat, [{ of: x!, axis: 0 }, { of: x!, axis: 1 }, "rest", { of: x!, axis: 4 }]);
    const deep = pool(lines, [window[0]!, 1], [strides[0]!, 1]);
    const sizes = [...axesOf(deep, [0, 1]), ...axesOf(flat, [1, 2, 3])];
    return composer.named(composer.reshape(deep, sizes));
  });
}

function axesOf(of: Symbolic, axes: readonly number[]): AxisOf[] {
  return axes.map((axis) => ({ of, axis }));
}

function stridesOf(layer: LayerConfig, rank: number, window: readonly number[]): number[] {
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
export function emitGlobalPool(op: "Mean" | "Max", rank: 3 | 4 | 5): EmitLayer {
  return (emitter, layer, [x], name) => {
    requireRank(x!, rank);
    const composer = new Composer(emitter, name);
    const first = hasChannelsFirst(layer) ? 2 : 1;
    const axes = Array.from({ length: rank - 2 }, (_, index) => first + index);
    const keeps = layer.boolean("keepdims", false);
    const takesMask = op === "Mean" && rank === 3;
    const result =
      takesMask && x!.mask !== undefined
        ? maskedMean(composer, x!, x!.mask, axes[0]!, keeps)
        : composer.reduce(op, x!, axes, keeps);
    return composer.named(result);
  };
}

/** The mean over the steps that the mask keeps. */
function maskedMean(composer: Composer, x: Symbolic, mask: Symbolic, axis: number, keeps: boolean): Symbolic {
  const weights = composer.expand(composer.cast(mask, "float32"), axis === 1 ? 2 : 1);
  const sum = composer.reduce("Sum", composer.mul(x, weights), [axis], keeps);
  return composer.div(sum, composer.reduce("Sum", weights, [axis], keeps));
}

/** AdaptiveAveragePooling and AdaptiveMaxPooling: each output is pooled from its share of the input, of which shares may overlap. */
export function emitAdaptivePool(op: "Mean" | "Max", rank: 1 | 2 | 3): EmitLayer {
  return inEitherFormat((emitter, layer, [x], name) => {
    requireRank(x!, rank + 2);
    const composer = new Composer(emitter, name);
    const targets = layer.sizes("output_size", rank);
    const pooled = targets.reduce((each, target, index) => adapt(composer, each, index + 1, target, op), x!);
    return composer.named(pooled);
  });
}

function adapt(composer: Composer, x: Symbolic, axis: number, target: number, op: "Mean" | "Max"): Symbolic {
  const size = x.shape[axis];
  if (size === undefined) throw new Untranslatable("a size that is not known before the run");
  const bounds = Array.from({ length: target }, (_, index) => ({
    begin: Math.floor((index * size) / target),
    end: Math.ceil(((index + 1) * size) / target),
  }));
  const longest = Math.max(...bounds.map(({ begin, end }) => end - begin));
  const places = Array.from({ length: longest }, (_, place) => place);
  const indices = bounds.flatMap(({ begin, end }) => places.map((place) => Math.min(begin + place, end - 1)));
  const windows = composer.gather(x, composer.ints(indices, [target, longest]), axis);
  if (op === "Max") return composer.reduce("Max", windows, [axis + 1]);
  const weights = bounds.flatMap(({ begin, end }) =>
    places.map((place) => (place < end - begin ? 1 / (end - begin) : 0)),
  );
  const after = x.shape.slice(axis + 1).map(() => 1);
  const weighted = composer.mul(windows, composer.literal(weights, [target, longest, ...after]));
  return composer.reduce("Sum", weighted, [axis + 1]);
}
