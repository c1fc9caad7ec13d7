import type { StoredWeight, WeightRecipe } from "../../protocol/weight-recipe.js";
import { Composer } from "./composer.js";
import { finish, paddingOf, requireRank, requireShape, reshaped, slidSize, windowAttrs } from "./convolutions.js";
import type { EmitLayer } from "./emit-layer.js";
import { inEitherFormat } from "./data-format.js";
import { type Emitter, type Symbolic, Untranslatable } from "./emitter.js";
import type { LayerConfig } from "./layer-config.js";

/** DepthwiseConv1D and DepthwiseConv2D. A sequence is a picture that is one pixel high. */
export const emitDepthwise = (rank: 1 | 2): EmitLayer =>
  inEitherFormat((emitter, layer, [x], name) => {
    requireRank(x!, rank + 2);
    const composer = new Composer(emitter, name);
    const result = depthwise(composer, layer, asPicture(composer, x!), rank);
    return finish(emitter, layer, name, rank === 1 ? composer.squeeze(result, 1) : result);
  });

/** SeparableConv1D and SeparableConv2D: a depthwise convolution, then one of 1 × 1. */
export const emitSeparable = (rank: 1 | 2): EmitLayer =>
  inEitherFormat((emitter, layer, [x], name) => {
    requireRank(x!, rank + 2);
    const composer = new Composer(emitter, name);
    const between = depthwise(composer, layer, asPicture(composer, x!), rank);
    const filters = layer.number("filters");
    const stored = emitter.stored(layer.name, "pointwise_kernel");
    requireShape(stored, [...Array.from({ length: rank }, () => 1), between.shape[3], filters]);
    const pointwise = rank === 2 ? stored : reshaped(stored, [1, ...stored.shape]);
    const kernel = constant(emitter, layer, "pointwise_kernel", pointwise);
    const shape = [...between.shape.slice(0, 3), filters];
    const result = composer.op("Conv2D", [between, kernel], { shape }, windowAttrs([1, 1], [1, 1], "valid"));
    return finish(emitter, layer, name, rank === 1 ? composer.squeeze(result, 1) : result);
  });

function constant(emitter: Emitter, layer: LayerConfig, weight: string, recipe: WeightRecipe): Symbolic {
  return { reference: emitter.constant(`${layer.name}/${weight}`, recipe), shape: recipe.shape, dtype: "float32" };
}

function asPicture(composer: Composer, x: Symbolic): Symbolic {
  return x.shape.length === 3 ? composer.expand(x, 1) : x;
}

/** Keras 3 names the kernel of a layer that is depthwise alone as any other kernel. */
function depthwiseKernel(emitter: Emitter, layer: LayerConfig): StoredWeight {
  if (layer.className.startsWith("Separable")) return emitter.stored(layer.name, "depthwise_kernel");
  try {
    return emitter.stored(layer.name, "depthwise_kernel");
  } catch (thrown) {
    if (!(thrown instanceof Untranslatable)) throw thrown;
    return emitter.stored(layer.name, "kernel");
  }
}

/** Emit the depthwise convolution of `x` `[batch, height, width, channels]`. */
function depthwise(composer: Composer, layer: LayerConfig, x: Symbolic, rank: 1 | 2): Symbolic {
  const { emitter } = composer;
  const wide = (sizes: number[]): [number, number] => (rank === 1 ? [1, sizes[0]!] : [sizes[0]!, sizes[1]!]);
  const ones = Array.from({ length: rank }, () => 1);
  const window = wide(layer.sizes("kernel_size", rank));
  const given = layer.sizes("strides", rank, ones);
  const dilations = wide(layer.sizes("dilation_rate", rank, ones));
  const multiplier = layer.number("depth_multiplier", 1);
  const stored = depthwiseKernel(emitter, layer);
  requireShape(stored, [...window.slice(2 - rank), x.shape[3], multiplier]);
  const kernel = constant(
    emitter,
    layer,
    "depthwise_kernel",
    rank === 2 ? stored : reshaped(stored, [1, ...stored.shape]),
  );
  const spans = window.map((size, axis) => (size - 1) * dilations[axis]! + 1);
  const isCausal = rank === 1 && layer.string("padding", "valid") === "causal";
  const padding = isCausal ? "valid" : paddingOf(layer);
  let padded = isCausal
    ? composer.pad(x, [
        [0, 0],
        [0, 0],
        [spans[1]! - 1, 0],
        [0, 0],
      ])
    : x;
  const strides = wide(given);
  const channels = x.shape[3]! * multiplier;
  const slideBy = (steps: readonly number[], how: "same" | "valid"): Symbolic => {
    const sizes = spans.map((span, axis) => slidSize(padded.shape[axis + 1], span, steps[axis]!, how));
    // The height of a sequence is 1, over which any stride goes once.
    const [high, far] = steps as [number, number];
    const attr = windowAttrs(rank === 1 ? [far, far] : [high, far], dilations, how);
    return composer.op("DepthwiseConv2dNative", [padded, kernel], { shape: [x.shape[0], ...sizes, channels] }, attr);
  };
  const isStrided = strides.some((stride) => stride !== 1);
  const isUneven = rank === 2 && strides[0] !== strides[1];
  if (!isUneven && !(isStrided && dilations.some((rate) => rate !== 1))) return slideBy(strides, padding);
  // TensorFlow has no op for these strides: take every n-th result of a convolution without strides, padded as with them.
  if (padding === "same") padded = padSame(composer, padded, spans, strides);
  let result = slideBy([1, 1], "valid");
  for (const axis of [1, 2]) {
    const stride = strides[axis - 1]!;
    const size = result.shape[axis];
    if (stride === 1) continue;
    if (size === undefined) throw new Untranslatable("uneven strides over a size that is not known before the run");
    result = composer.stride(result, axis, 0, Math.ceil(size / stride), stride);
  }
  return result;
}

function padSame(composer: Composer, x: Symbolic, spans: readonly number[], strides: readonly number[]): Symbolic {
  const sides = spans.map((span, axis): [number, number] => {
    const size = x.shape[axis + 1];
    if (size === undefined) throw new Untranslatable("uneven strides over a size that is not known before the run");
    const total = Math.max((Math.ceil(size / strides[axis]!) - 1) * strides[axis]! + span - size, 0);
    return [Math.floor(total / 2), total - Math.floor(total / 2)];
  });
  return composer.pad(x, [[0, 0], ...sides, [0, 0]]);
}
