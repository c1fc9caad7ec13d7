import { emitConvLstmLayer } from "./conv-lstm.js";
import { attrs, type Emitter, FLOAT, type Symbolic, Untranslatable } from "./emitter.js";
import type { EmitLayer } from "./emit-layer.js";
import { LayerConfig, readLayerConfig } from "./layer-config.js";
import { emitRecurrence, ignoresMask, requireNoConstants, reversed, type RecurrentContext } from "./recurrent.js";

/**
 * Runs a recurrent layer over a sequence, and another one, or the same with other weights, backwards over it, and merges the outputs
 * step by step. Inputs: the sequence, then the initial states of both, if given. Outputs: the merged output, or both outputs without a
 * merge mode, then the final states of both with `return_state`. Masked steps give zeros in sequences.
 * Source: Keras' documentation of Bidirectional.
 */
export const emitBidirectional: EmitLayer = (emitter, layer, inputs, name, call) => {
  requireNoConstants(layer);
  const forward = readLayerConfig(layer.config.layer);
  const backward = backwardOf(layer, forward);
  const returnsSequences = forward.boolean("return_sequences", false);
  const returnsState = forward.boolean("return_state", false);
  for (const option of ["return_sequences", "return_state"]) {
    if (forward.boolean(option, false) !== backward.boolean(option, false))
      throw new Untranslatable(`layers that differ in ${option}`);
  }
  if (forward.boolean("go_backwards", false) === backward.boolean("go_backwards", false))
    throw new Untranslatable("two layers of the same direction");
  const [x, ...states] = inputs;
  if (states.length % 2 !== 0) throw new Untranslatable(`${states.length} initial states`);
  const half = states.length / 2;
  const run = (each: LayerConfig, direction: string, initial: readonly Symbolic[]): readonly Symbolic[] =>
    emitInner(emitter, each, [x!, ...initial], `${name}/${direction}`, {
      paths: scopesOf(layer, each, direction, forward.name !== backward.name),
      zeroOutputForMask: returnsSequences,
      ignoresMask: ignoresMask(emitter, inputs, call),
    });
  const [ahead, ...aheadStates] = run(forward, "forward", states.slice(0, half));
  const [back, ...backStates] = run(backward, "backward", states.slice(half));
  const timeAxis = forward.boolean("time_major", false) ? 0 : 1;
  const aligned = returnsSequences ? reversed(emitter, `${name}/reversed`, back!, timeAxis) : back!;
  const mask = returnsSequences ? x!.mask : undefined;
  const merged = merge(emitter, layer, name, ahead!, aligned).map((each) => ({ ...each, mask }));
  return returnsState ? [...merged, ...aheadStates, ...backStates] : merged;
};

function emitInner(
  emitter: Emitter,
  layer: LayerConfig,
  inputs: readonly Symbolic[],
  name: string,
  context: RecurrentContext,
): readonly Symbolic[] {
  const isConvolution = /^ConvLSTM[123]D$/.test(layer.className);
  return (isConvolution ? emitConvLstmLayer : emitRecurrence)(emitter, layer, inputs, name, context);
}

/** Without a layer of its own, the way back has the options of the way ahead. */
function backwardOf({ config }: LayerConfig, forward: LayerConfig): LayerConfig {
  if (config.backward_layer !== undefined && config.backward_layer !== null)
    return readLayerConfig(config.backward_layer);
  const options = { ...forward.config, go_backwards: !forward.boolean("go_backwards", false) };
  return new LayerConfig(forward.className, forward.name, options);
}

/**
 * Files name the inner layers `forward_…` and `backward_…`; Keras 3 writes these names into the config too.
 * @param haveOwnNames whether the two layers have different names, which tell them apart.
 */
function scopesOf({ name }: LayerConfig, inner: LayerConfig, direction: string, haveOwnNames: boolean): string[][] {
  const plain = inner.name.replace(/^(forward|backward)_/, "");
  const names = [`${direction}_${inner.name}`, ...(haveOwnNames ? [inner.name] : []), `${direction}_${plain}`];
  return names.flatMap((each) => [[name, each], [each]]);
}

function merge(emitter: Emitter, layer: LayerConfig, name: string, ahead: Symbolic, back: Symbolic): Symbolic[] {
  const mode: unknown = layer.config.merge_mode === undefined ? "concat" : layer.config.merge_mode;
  const pair = [ahead.reference, back.reference];
  const isAlike =
    ahead.shape.length === back.shape.length &&
    ahead.shape.every((size, axis) => axis === 0 || size === back.shape[axis]);
  if (mode === null) return [ahead, back];
  if (mode === "concat") {
    const last = ahead.shape.length - 1;
    const [a, b] = [ahead.shape[last], back.shape[last]];
    if (a === undefined || b === undefined) throw new Untranslatable("an unknown number of features");
    const inputs = [...pair, emitter.int32(`${name}/axis`, [last], [])];
    const reference = emitter.node(name, "ConcatV2", inputs, { ...FLOAT, N: attrs.int(2) });
    return [{ ...ahead, reference, shape: [...ahead.shape.slice(0, last), a + b] }];
  }
  if (!isAlike) throw new Untranslatable("outputs of different shapes");
  if (mode === "sum") return [{ ...ahead, reference: emitter.node(name, "AddV2", pair, FLOAT) }];
  if (mode === "mul") return [{ ...ahead, reference: emitter.node(name, "Mul", pair, FLOAT) }];
  if (mode !== "ave") throw new Untranslatable(`merge_mode ${JSON.stringify(mode)?.slice(0, 40)}`);
  const sum = emitter.node(`${name}/AddV2`, "AddV2", pair, FLOAT);
  return [{ ...ahead, reference: emitter.node(name, "Mul", [sum, emitter.float32(`${name}/half`, [0.5], [])], FLOAT) }];
}
