import { asNumber } from "../artifacts.js";
import { type AxisOf, Composer, type Size } from "./composer.js";
import { requireShape, reshaped } from "./convolutions.js";
import { attrs, type Emitter, FLOAT, type Symbolic, toFloat, Untranslatable } from "./emitter.js";
import type { EmitLayer } from "./emit-layer.js";
import type { LayerConfig } from "./layer-config.js";
import { show } from "../malformed.js";

/** At inference: with the moving statistics. Along the last axis of rank ≤ 4 as one op, which the optimiser can fold. */
export const emitBatchNormalization: EmitLayer = (emitter, layer, [given], name) => {
  const x = toFloat(emitter, name, given!);
  const rank = x.shape.length;
  const axes = axesOf(layer.config.axis ?? -1, rank);
  const sizes = axes.map((axis) => x.shape[axis]);
  if (rank < 2 || sizes.includes(undefined)) throw new Untranslatable("an axis of unknown size");
  // Keras stores the weights of several axes with a size for every axis.
  const isSingle = axes.length === 1;
  const broadcast = x.shape.map((size, axis) => (axes.includes(axis) ? size! : 1));
  requireShape(emitter.stored(layer.name, "moving_mean"), isSingle ? sizes : broadcast);
  const isFused = isSingle && axes[0] === rank - 1 && rank <= 4;
  const shape = isFused ? sizes.map(asNumber) : broadcast;
  const part = (isThere: boolean, weight: string, fallback: number): string => {
    const constant = `${layer.name}/${weight}`;
    if (!isThere)
      return emitter.float32(
        constant,
        Array.from({ length: product(shape) }, () => fallback),
        shape,
      );
    const stored = emitter.stored(layer.name, weight);
    return emitter.constant(constant, isFused ? stored : reshaped(stored, shape));
  };
  const isScaled = layer.boolean("scale", true);
  const isCentred = layer.boolean("center", true);
  const epsilon = layer.number("epsilon", 1e-3);
  if (isFused) {
    const inputs = [
      x.reference,
      part(isScaled, "gamma", 1),
      part(isCentred, "beta", 0),
      part(true, "moving_mean", 0),
      part(true, "moving_variance", 1),
    ];
    const attr = {
      ...FLOAT,
      U: { type: "DT_FLOAT" },
      epsilon: attrs.float(epsilon),
      data_format: attrs.string("NHWC"),
      is_training: attrs.bool(false),
    };
    return { ...x, reference: emitter.node(name, "FusedBatchNormV3", inputs, attr) };
  }
  const composer = new Composer(emitter, name);
  const weight = (isThere: boolean, key: string, fallback: number): Symbolic => ({
    reference: part(isThere, key, fallback),
    shape,
    dtype: "float32",
  });
  const variance = composer.add(weight(true, "moving_variance", 1), composer.scalar(epsilon));
  const inverse = composer.unary("Rsqrt", variance);
  const factor = isScaled ? composer.mul(inverse, weight(true, "gamma", 1)) : inverse;
  const scaled = composer.mul(composer.sub(x, weight(true, "moving_mean", 0)), factor);
  return composer.named(isCentred ? composer.add(scaled, weight(true, "beta", 0)) : scaled);
};

function product(sizes: readonly number[]): number {
  return sizes.reduce((total, size) => total * size, 1);
}

/** Over any axes. With `rms_scaling`, as in Keras, divided by the deviation without taking the mean away. */
export const emitLayerNormalization: EmitLayer = (emitter, layer, [given], name) => {
  const x = toFloat(emitter, name, given!);
  const axes = axesOf(layer.config.axis ?? -1, x.shape.length);
  const composer = new Composer(emitter, name);
  const mean = composer.reduce("Mean", x, axes, true);
  const centred = composer.sub(x, mean);
  const variance = composer.reduce("Mean", composer.unary("Square", centred), axes, true);
  const epsilon = composer.scalar(layer.number("epsilon", 1e-3));
  const inverse = composer.unary("Rsqrt", composer.add(variance, epsilon));
  const isRms = layer.boolean("rms_scaling", false);
  let result = composer.mul(isRms ? x : centred, inverse);
  if (layer.boolean("scale", true) || isRms) {
    result = composer.mul(result, parameter(emitter, layer, "gamma", x.shape, axes));
  }
  if (layer.boolean("center", true) && !isRms) {
    result = composer.add(result, parameter(emitter, layer, "beta", x.shape, axes));
  }
  return composer.named(result);
};

/** A weight with one value for each place along `axes`, in their order, shaped to broadcast. */
function parameter(
  emitter: Emitter,
  layer: LayerConfig,
  weight: string,
  sizes: readonly Size[],
  axes: readonly number[],
): Symbolic {
  const stored = emitter.stored(layer.name, weight);
  requireShape(
    stored,
    axes.map((axis) => sizes[axis]),
  );
  const shape = sizes.map((size, axis) => (axes.includes(axis) ? size! : 1)).slice(Math.min(...axes));
  return { reference: emitter.constant(`${layer.name}/${weight}`, reshaped(stored, shape)), shape, dtype: "float32" };
}

export const emitRmsNormalization: EmitLayer = (emitter, layer, [given], name) => {
  const x = toFloat(emitter, name, given!);
  const axes = axesOf(layer.config.axis ?? -1, x.shape.length);
  const composer = new Composer(emitter, name);
  const square = composer.reduce("Mean", composer.unary("Square", x), axes, true);
  const inverse = composer.unary("Rsqrt", composer.add(square, composer.scalar(layer.number("epsilon", 1e-6))));
  const stored = emitter.stored(layer.name, "scale");
  requireShape(
    stored,
    axes.map((axis) => x.shape[axis]),
  );
  // Keras lets the scale broadcast as it is stored, against the last axes.
  const scale: Symbolic = {
    reference: emitter.constant(`${layer.name}/scale`, stored),
    shape: stored.shape,
    dtype: "float32",
  };
  return composer.named(composer.mul(composer.mul(x, inverse), scale));
};

/** Normalise over all axes but the batch and the groups into which one axis is divided. */
export const emitGroupNormalization: EmitLayer = (emitter, layer, [given], name) => {
  const x = toFloat(emitter, name, given!);
  const [axis] = axesOf(layer.config.axis ?? -1, x.shape.length) as [number];
  const channels = x.shape[axis];
  const asked = layer.number("groups", 32);
  const groupCount = asked === -1 ? channels : asked;
  if (channels === undefined || groupCount === undefined || !(groupCount > 0) || channels % groupCount !== 0) {
    throw new Untranslatable(`${asked} groups of ${channels} channels`);
  }
  if (emitter.kerasMajor === 2 && given!.mask !== undefined) throw new Untranslatable("a mask");
  const composer = new Composer(emitter, name);
  const split = (each: number): (number | AxisOf)[] =>
    each === axis ? [groupCount, channels / groupCount] : [{ of: x, axis: each }];
  const grouped = composer.reshape(
    x,
    x.shape.flatMap((_, each) => split(each)),
  );
  const axes = grouped.shape.map((_, each) => each).filter((each) => each !== 0 && each !== axis);
  const mean = composer.reduce("Mean", grouped, axes, true);
  const centred = composer.sub(grouped, mean);
  const variance = composer.reduce("Mean", composer.unary("Square", centred), axes, true);
  const epsilon = composer.scalar(layer.number("epsilon", 1e-3));
  const inverse = composer.unary("Rsqrt", composer.add(variance, epsilon));
  const whole = x.shape.map((_, each) => (each === axis ? channels : { of: x, axis: each }));
  let result = composer.reshape(composer.mul(centred, inverse), whole);
  if (layer.boolean("scale", true)) result = composer.mul(result, parameter(emitter, layer, "gamma", x.shape, [axis]));
  if (layer.boolean("center", true)) result = composer.add(result, parameter(emitter, layer, "beta", x.shape, [axis]));
  return composer.named(result);
};

export const emitUnitNormalization: EmitLayer = (emitter, layer, [given], name) => {
  const x = toFloat(emitter, name, given!);
  const composer = new Composer(emitter, name);
  return composer.named(toUnitLength(composer, x, axesOf(layer.config.axis ?? -1, x.shape.length), 1e-12));
};

/** Divide by the length over `axes`. Keras 2 bounds the squared length by `epsilon`, Keras 3 the inverse of the length. */
export function toUnitLength(composer: Composer, x: Symbolic, axes: readonly number[], epsilon: number): Symbolic {
  const sum = composer.reduce("Sum", composer.unary("Square", x), axes, true);
  if (composer.emitter.kerasMajor === 2) {
    return composer.mul(x, composer.unary("Rsqrt", composer.binary("Maximum", sum, composer.scalar(epsilon))));
  }
  const inverse = composer.binary("Minimum", composer.unary("Rsqrt", sum), composer.scalar(1 / epsilon));
  return composer.mul(x, inverse);
}

/** Read one axis or a list of axes after the batch; negative ones count from the end. @throws Untranslatable */
export function axesOf(value: unknown, rank: number): number[] {
  const list: unknown[] = Array.isArray(value) ? value : [value];
  const axes = list.map((each) => {
    const axis = asNumber(each) < 0 ? asNumber(each) + rank : asNumber(each);
    if (!(Number.isInteger(axis) && axis > 0 && axis < rank)) throw new Untranslatable(`axis ${show(value, 40)}`);
    return axis;
  });
  if (axes.length === 0 || new Set(axes).size < axes.length) throw new Untranslatable(`axis ${show(value, 40)}`);
  return axes;
}
