import { attrs, type Emitter, knownSizes, type Symbolic, typeOf, Untranslatable } from "./emitter.js";
import { reshapeSteps } from "./free-sizes.js";
import { LayerConfig, readLayerConfig } from "./layer-config.js";

/** Emits the layer that a wrapper holds. */
export type EmitInner = (layer: LayerConfig, inputs: readonly Symbolic[], scope: string) => readonly Symbolic[];

/**
 * Apply a layer to each step of a sequence `[batch, time, …]`, by treating all steps as items of one batch. A mask of more axes than
 * batch and time masks the steps within each step. Masked steps are computed like others.
 */
export function emitTimeDistributed(
  emitter: Emitter,
  layer: LayerConfig,
  x: Symbolic,
  name: string,
  emitInner: EmitInner,
): Symbolic {
  if (x.shape.length < 2) throw new Untranslatable(`an input of rank ${x.shape.length}`);
  // Keras 2 runs a batch of fixed size step by step, and repeats the last output where a step is masked.
  if (emitter.kerasMajor === 2 && x.mask !== undefined && x.shape[0] !== undefined)
    throw new Untranslatable("a mask on a batch of fixed size");
  const given = readLayerConfig(layer.config.layer);
  // In files, weights are named after either the inner layer or the wrapper.
  const isOwn = Array.isArray(given.config.layers) || emitter.hasWeightsOf(given.name);
  const inner = isOwn ? given : new LayerConfig(given.className, layer.name, given.config);
  const mask = x.mask && x.mask.shape.length > 2 ? flattened(emitter, `${name}/step_mask`, x.mask) : undefined;
  const steps = { ...flattened(emitter, `${name}/steps`, x), mask };
  const [result, ...others] = emitInner(inner, [steps], `${name}/`);
  if (others.length > 0) throw new Untranslatable("a layer of several outputs");
  const restored = (each: Symbolic, suffix: string): Symbolic =>
    reshapeSteps(emitter, suffix, each.reference, x, knownSizes(each.shape), each.dtype);
  const output = restored(result!, name);
  return { ...output, mask: maskAfter(emitter, x, result!.mask && restored(result!.mask, `${name}/mask`), name) };
}

/** Join the axes of batch and time. */
function flattened(emitter: Emitter, name: string, x: Symbolic): Symbolic {
  const sizes = knownSizes(x.shape, 2);
  const shape = emitter.int32(`${name}/shape`, [-1, ...sizes]);
  const reference = emitter.node(name, "Reshape", [x.reference, shape], { T: { type: typeOf(x.dtype) } });
  return { reference, shape: [undefined, ...sizes], dtype: x.dtype };
}

/** Keras 3 passes the given mask on. Keras 2 takes the inner layer's, or else keeps the steps that have any step within them. */
function maskAfter(emitter: Emitter, x: Symbolic, inner: Symbolic | undefined, name: string): Symbolic | undefined {
  if (emitter.kerasMajor === 3) return x.mask;
  if (inner !== undefined || x.mask === undefined || x.mask.shape.length === 2) return inner ?? x.mask;
  const axes = emitter.int32(`${name}/mask_axes`, x.mask.shape.map((_, axis) => axis).slice(2));
  const reference = emitter.node(`${name}/mask`, "Any", [x.mask.reference, axes], { keep_dims: attrs.bool(false) });
  return { reference, shape: x.mask.shape.slice(0, 2), dtype: "bool" };
}
