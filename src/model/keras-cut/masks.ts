import type { JsonObject } from "../artifacts.js";
import { innerLayers } from "./inner-layers.js";
import type { KerasCall, KerasLayer, KerasTensor } from "./keras-call.js";

/**
 * Layers that pass on the mask of their input: those that set `supportsMasking` in TF.js 4.22, except those below whose options
 * decide. tests/unit/model/keras-cut/masks.test.ts compares this list with TF.js's own layers.
 */
const PASS_ON = new Set([
  ...["Dense", "Activation", "Dropout", "SpatialDropout1D", "Masking", "ReLU", "PReLU", "BatchNormalization"],
  ...["LayerNormalization", "GaussianNoise", "GaussianDropout", "AlphaDropout", "TimeDistributed"],
  ...["Add", "Multiply", "Average", "Maximum", "Minimum", "Concatenate"],
]);

/** Layers that compute differently if there is a mask. */
const RECURRENT = new Set(["RNN", "SimpleRNN", "GRU", "LSTM", "ConvRNN2D", "ConvLSTM2D", "Bidirectional"]);

/** Whether a layer, or any layer inside a wrapper or nested model, makes a mask. */
export function makesMask(className: string, config: JsonObject): boolean {
  if (className === "Masking" || (className === "Embedding" && config.mask_zero === true)) return true;
  return innerLayers(config).some((inner) => makesMask(inner.className, inner.config));
}

/** Whether a layer passes a mask along with its output. */
export function givesMask(className: string, config: JsonObject, inputs: readonly KerasTensor[]): boolean {
  if (className === "Masking" || className === "Embedding") return makesMask(className, config);
  if (!inputs.some(({ isMasked }) => isMasked)) return false;
  if (className === "Bidirectional") return innerLayers(config).some((each) => each.config.return_sequences === true);
  if (RECURRENT.has(className)) return config.return_sequences === true;
  return PASS_ON.has(className);
}

/**
 * Find the range of calls, by index, that masks hold together beyond the tensors that carry one; `undefined` if there is none.
 *
 * While TF.js runs a model, it passes the last mask to every later layer, even to layers whose inputs have no mask. This changes the
 * result of a recurrent layer, so no cut may separate it from the layers that make masks.
 */
export function maskedRun(calls: readonly KerasCall[]): { readonly first: number; readonly last: number } | undefined {
  const makers = indicesOf(calls, ({ layer }) => makesMask(layer.className, layer.config));
  if (makers.length === 0) return undefined;
  const users = indicesOf(calls, ({ layer }) => usesMask(layer));
  if (users.every((user) => calls[user]!.inputs[0]?.isMasked === true)) return undefined;
  // The order in which TF.js runs branches depends on the requested outputs: keep everything together.
  if (!isChain(calls)) return { first: 0, last: calls.length - 1 };
  return { first: makers[0]!, last: Math.max(...users, makers.at(-1)!) };
}

function usesMask({ className, config }: Pick<KerasLayer, "className" | "config">): boolean {
  if (RECURRENT.has(className) || className === "MultiHeadAttention") return true;
  return innerLayers(config).some(usesMask);
}

function isChain(calls: readonly KerasCall[]): boolean {
  return calls.every(({ inputs }, index) => {
    const before = calls[index - 1]?.outputs;
    return index === 0 || inputs.every((input) => before!.includes(input));
  });
}

function indicesOf(calls: readonly KerasCall[], isWanted: (call: KerasCall) => boolean): number[] {
  return calls.flatMap((call, index) => (isWanted(call) ? index : []));
}
