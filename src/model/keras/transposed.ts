import { asNumber } from "../artifacts.js";
import { Composer } from "./composer.js";
import { finish, paddingOf, requireRank, requireShape, reshaped, windowAttrs } from "./convolutions.js";
import type { EmitLayer } from "./emit-layer.js";
import { inEitherFormat } from "./data-format.js";
import { attrs, FLOAT, type Symbolic, Untranslatable } from "./emitter.js";
import type { LayerConfig } from "./layer-config.js";

/**
 * Conv1DTranspose, Conv2DTranspose and Conv3DTranspose, as the gradient of a convolution. A sequence is a picture one pixel high.
 * A dilated kernel has zeros written between its values, since the gradient has no dilation in TF.js.
 */
export const emitTransposed = (rank: 1 | 2 | 3): EmitLayer =>
  inEitherFormat((emitter, layer, [given], name) => {
    requireRank(given!, rank + 2);
    const composer = new Composer(emitter, name);
    const ones = Array.from({ length: rank }, () => 1);
    const window = layer.sizes("kernel_size", rank);
    const strides = layer.sizes("strides", rank, ones);
    const dilations = layer.sizes("dilation_rate", rank, ones);
    const filters = layer.number("filters");
    const padding = paddingOf(layer);
    const stored = emitter.stored(layer.name, "kernel");
    requireShape(stored, [...window, filters, given!.shape[rank + 1]]);
    const spans = window.map((size, axis) => (size - 1) * dilations[axis]! + 1);
    const added = addedSizes(layer, rank, spans, strides, padding);
    const sizes = spans.map((_, axis) => {
      const size = given!.shape[axis + 1];
      return size === undefined ? undefined : size * strides[axis]! + added[axis]!;
    });
    const isSequence = rank === 1;
    const x = isSequence ? composer.expand(given!, 1) : given!;
    const shape = [x.shape[0], ...(isSequence ? [1] : []), ...sizes, filters];
    const weight = isSequence ? reshaped(stored, [1, ...stored.shape]) : stored;
    const kernel: Symbolic = {
      reference: emitter.constant(`${layer.name}/kernel`, weight),
      shape: weight.shape,
      dtype: "float32",
    };
    const offset = isSequence ? 1 : 0;
    const dilated = dilations.reduce((each, rate, axis) => dilate(composer, each, axis + offset, rate), kernel);
    const outputShape = outputShapeOf(composer, x, shape, isSequence ? [1, ...strides] : strides, [
      ...(isSequence ? [0] : []),
      ...added,
    ]);
    const inputs = [outputShape, dilated, x];
    const wideStrides = isSequence ? [1, ...strides] : strides;
    const attr = windowAttrs(
      wideStrides,
      wideStrides.map(() => 1),
      padding,
    );
    const isVolume = rank === 3;
    const op = isVolume ? "Conv3DBackpropInputV2" : "Conv2DBackpropInput";
    const format = isVolume ? { data_format: attrs.string("NDHWC"), Tshape: { type: "DT_INT32" } } : {};
    const result = composer.op(op, inputs, { shape, dtype: "float32" }, { ...attr, ...format, ...FLOAT });
    return finish(emitter, layer, name, isSequence ? composer.squeeze(result, 1) : result);
  });

/** By how much each output is larger than its input times the stride. */
function addedSizes(
  layer: LayerConfig,
  rank: number,
  spans: readonly number[],
  strides: readonly number[],
  padding: "same" | "valid",
): number[] {
  const value = layer.config.output_padding;
  if (value === undefined || value === null)
    return spans.map((span, axis) => (padding === "valid" ? Math.max(span - strides[axis]!, 0) : 0));
  const given: unknown[] = Array.isArray(value) ? value : Array.from({ length: rank }, () => value);
  return spans.map((span, axis) => {
    const extra = given[axis];
    if (typeof extra !== "number" || !Number.isSafeInteger(extra) || extra < 0 || given.length !== rank) {
      throw new Untranslatable("output_padding");
    }
    return (padding === "valid" ? span : span % 2) + extra - strides[axis]!;
  });
}

function outputShapeOf(
  composer: Composer,
  x: Symbolic,
  shape: Symbolic["shape"],
  strides: readonly number[],
  added: readonly number[],
): Symbolic {
  const given = composer.shapeOf(x);
  const parts = shape.map((size, axis) => {
    if (axis > 0 && size !== undefined) return composer.ints([size]);
    const part = composer.slice(given, [axis], [1]);
    if (axis === 0) return part;
    const scaled = composer.mul(part, composer.ints([strides[axis - 1]!]));
    return composer.add(scaled, composer.ints([added[axis - 1]!]));
  });
  return composer.concat(parts, 0);
}

/** Write `rate - 1` zeros between the values along an axis. */
function dilate(composer: Composer, kernel: Symbolic, axis: number, rate: number): Symbolic {
  if (rate === 1 || kernel.shape[axis] === 1) return kernel;
  const { shape } = kernel;
  const count = (sizes: Symbolic["shape"]): number => sizes.reduce<number>((total, size) => total * size!, 1);
  const [before, size, after] = [count(shape.slice(0, axis)), shape[axis]!, count(shape.slice(axis + 1))];
  const apart = composer.pad(composer.reshape(kernel, [before, size, 1, after]), [
    [0, 0],
    [0, 0],
    [0, rate - 1],
    [0, 0],
  ]);
  const joined = composer.reshape(apart, [before, size * rate, after]);
  const span = (size - 1) * rate + 1;
  const trimmed = composer.slice(joined, [0, 0, 0], [before, span, after]);
  return composer.reshape(trimmed, [
    ...shape.slice(0, axis).map(asNumber),
    span,
    ...shape.slice(axis + 1).map(asNumber),
  ]);
}
