import { elementCountOf } from "../../protocol/tensors.js";
import { recurrentAttrs } from "../recurrent-ops.js";
import { paddingOf, reshaped, reshapeTo, slidSize } from "./convolutions.js";
import type { EmitLayer } from "./emit-layer.js";
import { attrs, type Emitter, FLOAT, knownSizes, requireFloat, type Symbolic, Untranslatable } from "./emitter.js";
import { reshapeSteps } from "./free-sizes.js";
import type { LayerConfig } from "./layer-config.js";
import { readRecurrentActivation } from "./recurrent-activation.js";
import { results } from "./recurrent-cell.js";
import { ignoresMask, requireNoConstants, stepMask, type RecurrentContext } from "./recurrent.js";
import { cellWeight } from "./recurrent-weights.js";

/** ConvLSTM1D, ConvLSTM2D and ConvLSTM3D. */
export const emitConvLstm: EmitLayer = (emitter, layer, inputs, name, call) =>
  emitConvLstmLayer(emitter, layer, inputs, name, {
    paths: [[layer.name], name.split("/")],
    ignoresMask: ignoresMask(emitter, inputs, call),
  });

/**
 * Inputs: a sequence `[batch, time, ...sizes, channels]` (or channels before sizes), then the states h and c, if given. Outputs as of
 * other recurrent layers. The pictures of all steps are convolved together; only the convolution of the state runs step by step, with
 * stride 1, padding "same" and no dilation, whatever the options of the input's.
 * Source: Shi et al., Convolutional LSTM Network (2015); Keras' documentation of its layers for the options.
 */
export function emitConvLstmLayer(
  emitter: Emitter,
  layer: LayerConfig,
  inputs: readonly Symbolic[],
  name: string,
  context: RecurrentContext,
): Symbolic[] {
  requireNoConstants(layer);
  const axisCount = Number(/\d/.exec(layer.className)?.[0]);
  const isChannelsFirst = /^channels_?first$/i.test(layer.string("data_format", "channels_last"));
  const [given, ...givenStates] = inputs;
  if (requireFloat(given!).shape.length !== axisCount + 3)
    throw new Untranslatable(`an input of rank ${given!.shape.length}`);
  const x = isChannelsFirst ? channelsLast(emitter, `${name}/x`, given!, 2) : given!;
  const projected = convolveSteps(emitter, layer, name, x, axisCount, context);
  const [batch, time, ...inner] = projected.shape;
  const filters = layer.number("filters");
  const sizes = [...inner.slice(0, -1), filters];
  if (givenStates.length !== 0 && givenStates.length !== 2)
    throw new Untranslatable(`${givenStates.length} initial states`);
  const states = givenStates.map((state, index) =>
    isChannelsFirst ? channelsLast(emitter, `${name}/state_${index}`, state, 1) : state,
  );
  if (states.some(({ shape }) => shape.slice(1).join() !== sizes.join()))
    throw new Untranslatable("initial states of other shapes");
  const mask = given!.mask && context.ignoresMask !== true ? stepMask(given!.mask) : undefined;
  const returnSequences = layer.boolean("return_sequences", false);
  const window = layer.sizes("kernel_size", axisCount);
  const recurrent = cellWeight(emitter, context, "recurrent_kernel", [...window, filters, 4 * filters]);
  const operands = [projected, ...(mask === undefined ? [] : [mask]), ...states].map(({ reference }) => reference);
  const attr = recurrentAttrs({
    activation: readRecurrentActivation(emitter, layer.config.activation ?? "tanh"),
    recurrentActivation: readRecurrentActivation(emitter, layer.config.recurrent_activation ?? "hard_sigmoid"),
    goBackwards: layer.boolean("go_backwards", false),
    returnSequences,
    zeroOutputForMask: context.zeroOutputForMask ?? layer.boolean("zero_output_for_mask", false),
    resetAfter: false,
    hasMask: mask !== undefined,
    hasInitialState: states.length > 0,
    hasBias: false,
  });
  const kernel = emitter.constant(`${name}/recurrent_kernel`, recurrent);
  const reference = emitter.node(
    isChannelsFirst ? `${name}/run` : name,
    "_SharderConvLstm",
    [...operands, kernel],
    attr,
  );
  const result = results(reference, { batch, time, inner: sizes, stateCount: 2, isSequence: returnSequences });
  const restore = (each: Symbolic, suffix: string, axis: number): Symbolic =>
    isChannelsFirst ? channelsFirst(emitter, suffix, each, axis) : each;
  const output = {
    ...restore(result.output, name, returnSequences ? 2 : 1),
    mask: returnSequences ? given!.mask : undefined,
  };
  if (!layer.boolean("return_state", false)) return [output];
  return [output, ...result.states.map((state, index) => restore(state, `${name}/final_${index}`, 1))];
}

/** Convolve the pictures of all steps with the input's kernel and add the bias: `[batch, time, ...sizes, 4·filters]`. */
function convolveSteps(
  emitter: Emitter,
  layer: LayerConfig,
  name: string,
  x: Symbolic,
  axisCount: number,
  context: RecurrentContext,
): Symbolic {
  const sizes = knownSizes(x.shape, 2);
  const channels = sizes.pop()!;
  const window = layer.sizes("kernel_size", axisCount);
  const ones = window.map(() => 1);
  const strides = layer.sizes("strides", axisCount, ones);
  const dilations = layer.sizes("dilation_rate", axisCount, ones);
  const padding = paddingOf(layer);
  const columns = 4 * layer.number("filters");
  const stored = cellWeight(emitter, context, "kernel", [...window, channels, columns]);
  // A row is a picture that is one pixel high.
  const lead = axisCount === 1 ? [1] : [];
  const kernel = axisCount === 1 ? reshaped(stored, [1, ...stored.shape]) : stored;
  const rows = reshapeTo(emitter, `${name}/pictures`, x.reference, [-1, ...lead, ...sizes, channels]);
  const attr = {
    ...FLOAT,
    strides: attrs.ints([1, ...lead, ...strides, 1]),
    dilations: attrs.ints([1, ...lead, ...dilations, 1]),
    padding: attrs.string(padding.toUpperCase()),
    data_format: attrs.string(axisCount === 3 ? "NDHWC" : "NHWC"),
  };
  const op = axisCount === 3 ? "Conv3D" : "Conv2D";
  let reference = emitter.node(`${name}/${op}`, op, [rows, emitter.constant(`${name}/kernel`, kernel)], attr);
  if (layer.boolean("use_bias", true)) {
    const bias = cellWeight(emitter, context, "bias", [columns]);
    const operands = [reference, emitter.constant(`${name}/bias`, bias)];
    reference = emitter.node(`${name}/BiasAdd`, "BiasAdd", operands, { ...FLOAT, data_format: attrs.string("NHWC") });
  }
  const slid = sizes.map((size, axis) =>
    slidSize(size, (window[axis]! - 1) * dilations[axis]! + 1, strides[axis]!, padding)!,
  );
  if (elementCountOf(slid) <= 0) throw new Untranslatable("a convolution that leaves nothing");
  return reshapeSteps(emitter, `${name}/convolved`, reference, x, [...slid, columns]);
}

/** Move the channels from `axis` to the end. */
function channelsLast(emitter: Emitter, name: string, x: Symbolic, axis: number): Symbolic {
  const axes = x.shape.map((_, index) => index);
  return transposed(emitter, name, x, [...axes.slice(0, axis), ...axes.slice(axis + 1), axis]);
}

/** Move the channels from the end to `axis`. */
function channelsFirst(emitter: Emitter, name: string, x: Symbolic, axis: number): Symbolic {
  const axes = x.shape.map((_, index) => index);
  const last = axes.pop()!;
  return transposed(emitter, name, x, axes.toSpliced(axis, 0, last));
}

function transposed(emitter: Emitter, name: string, x: Symbolic, axes: readonly number[]): Symbolic {
  const reference = emitter.node(name, "Transpose", [x.reference, emitter.int32(`${name}/perm`, axes)], FLOAT);
  return { ...x, reference, shape: axes.map((axis) => x.shape[axis]) };
}
