import { emitActivation, emitLeakyRelu } from "./activations.js";
import { Composer } from "./composer.js";
import type { EmitLayer } from "./emit-layer.js";
import { castAttrs, FLOAT, requireFloat, type Symbolic, toFloat, Untranslatable } from "./emitter.js";
import { axesOf } from "./normalisation.js";

/** What Keras adds to scores, or replaces them by, where they are masked. */
const MASKED_SCORE = -1e9;

export const emitActivationLayer: EmitLayer = (emitter, layer, [x], name) =>
  emitActivation(emitter, name, x!, layer.config.activation);

/** x from `threshold` on, at most `max_value`, and below the threshold `negative_slope` times the distance to it. */
export const emitRelu: EmitLayer = (emitter, layer, [given], name) => {
  const x = toFloat(emitter, name, given!);
  const { max_value: limit } = layer.config;
  const slope = layer.number("negative_slope", 0);
  const threshold = layer.number("threshold", 0);
  const isUnbounded = limit === undefined || limit === null;
  if (slope === 0 && threshold === 0 && isUnbounded) return emitActivation(emitter, name, x, "relu");
  if (slope === 0 && threshold === 0 && limit === 6) return emitActivation(emitter, name, x, "relu6");
  const composer = new Composer(emitter, name);
  if (slope !== 0 && threshold === 0 && isUnbounded) return emitLeakyRelu(emitter, name, x, slope);
  let result: Symbolic;
  if (threshold === 0) result = composer.unary("Relu", x);
  else {
    const isAbove = composer.compare("Greater", x, composer.scalar(threshold));
    result = composer.mul(x, composer.cast(isAbove, "float32"));
  }
  if (!isUnbounded) {
    const most = composer.scalar(layer.number("max_value"));
    result = composer.binary("Minimum", threshold < 0 ? composer.unary("Relu", result) : result, most);
  }
  if (slope !== 0) {
    const below = composer.unary("Relu", composer.sub(composer.scalar(threshold), x));
    result = composer.sub(result, composer.mul(composer.scalar(slope), below));
  }
  return composer.named(result);
};

/** Keras 2 names the slope `alpha`, Keras 3 `negative_slope`. */
export const emitLeaky: EmitLayer = (emitter, layer, [x], name) => {
  const key = layer.config.negative_slope === undefined ? "alpha" : "negative_slope";
  return emitLeakyRelu(emitter, name, toFloat(emitter, name, x!), layer.number(key, 0.3));
};

export const emitPrelu: EmitLayer = (emitter, layer, [x], name) => {
  const stored = emitter.stored(layer.name, "alpha");
  const alpha = emitter.constant(`${layer.name}/alpha`, stored);
  if (stored.shape.at(-1) === 1 && x!.shape.at(-1) !== 1) {
    // TF.js's kernel on WASM doesn't stretch the slopes along the last axis.
    const composer = new Composer(emitter, name);
    const negative = composer.binary("Minimum", requireFloat(x!), composer.scalar(0));
    const slopes: Symbolic = { reference: alpha, shape: stored.shape, dtype: "float32" };
    return composer.named(composer.add(composer.unary("Relu", x!), composer.mul(negative, slopes)));
  }
  return { ...x!, reference: emitter.node(name, "Prelu", [requireFloat(x!).reference, alpha], FLOAT) };
};

export const emitElu: EmitLayer = (emitter, layer, [given], name) => {
  const x = toFloat(emitter, name, given!);
  const alpha = layer.number("alpha", 1);
  if (alpha === 1) return emitActivation(emitter, name, x, "elu");
  const composer = new Composer(emitter, name);
  const negative = composer.unary("Elu", composer.binary("Minimum", x, composer.scalar(0)));
  return composer.named(composer.add(composer.unary("Relu", x), composer.mul(composer.scalar(alpha), negative)));
};

export const emitThresholdedRelu: EmitLayer = (emitter, layer, [x], name) => {
  const { reference } = requireFloat(x!);
  const threshold = emitter.float32(`${name}/theta`, [layer.number("theta", 1)], []);
  const isAbove = emitter.node(`${name}/Greater`, "Greater", [reference, threshold], FLOAT);
  const cast = emitter.node(`${name}/Cast`, "Cast", [isAbove], castAttrs("bool", "float32"));
  return { ...x!, reference: emitter.node(name, "Mul", [reference, cast], FLOAT) };
};

/** Over any axes, of the values that a mask keeps, if the call passes one. */
export const emitSoftmax: EmitLayer = (emitter, layer, [given], name, call) => {
  const x = toFloat(emitter, name, given!);
  const axes = axesOf(layer.config.axis ?? -1, x.shape.length);
  const mask = call?.tensors.get("mask") ?? softMaskOf(given!);
  if (mask === undefined && axes.length === 1 && axes[0] === x.shape.length - 1) {
    return emitActivation(emitter, name, x, "softmax");
  }
  const composer = new Composer(emitter, name);
  return composer.named(maskedSoftmax(composer, x, axes, mask));
};

/** A mask that came with a sequence has one value for each step, and Keras passes it on as it is, to fit or not. */
function softMaskOf({ mask, shape }: Symbolic): Symbolic | undefined {
  if (mask !== undefined && mask.shape.length !== shape.length) {
    throw new Untranslatable("a mask of another rank");
  }
  return mask;
}

/**
 * Softmax over `axes` of `x` where `mask` is true. As in Keras 2, what is masked gets a score of −10⁹ more; as in Keras 3, its score is
 * −10⁹ and its result 0.
 */
export function maskedSoftmax(
  composer: Composer,
  x: Symbolic,
  axes: readonly number[],
  mask: Symbolic | undefined,
): Symbolic {
  const isKeras3 = composer.emitter.kerasMajor === 3;
  if (mask === undefined) return softmaxOver(composer, x, axes);
  if (!isKeras3) {
    const masked = composer.sub(composer.scalar(1), composer.cast(mask, "float32"));
    return softmaxOver(composer, composer.add(x, composer.mul(masked, composer.scalar(MASKED_SCORE))), axes);
  }
  const keeps =
    mask.dtype === "bool" ? mask : composer.compare("Greater", composer.cast(mask, "float32"), composer.scalar(0.5));
  const weights = softmaxOver(composer, composer.select(keeps, x, composer.scalar(MASKED_SCORE)), axes);
  return composer.select(keeps, weights, composer.scalar(0));
}

function softmaxOver(composer: Composer, x: Symbolic, axes: readonly number[]): Symbolic {
  if (axes.length === 1 && axes[0] === x.shape.length - 1) return composer.unary("Softmax", x);
  const centred = composer.sub(x, composer.reduce("Max", x, axes, true));
  const powers = composer.unary("Exp", centred);
  return composer.div(powers, composer.reduce("Sum", powers, axes, true));
}
