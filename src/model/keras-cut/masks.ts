import type { JsonObject } from "../artifacts.js";
import { innerLayers } from "./inner-layers.js";
import type { KerasCall, KerasLayer, KerasTensor } from "./keras-call.js";

/**
 * Layers that pass the mask of their input on: those that set `supportsMasking` in TF.js 4.22, but for those below whose options decide.
 * Compared with TF.js's own layers in tests/unit/model/keras-cut/masks.test.ts.
 */
const PASS_ON = new Set([
  ...["Dense", "Activation", "Dropout", "SpatialDropout1D", "Masking", "ReLU", "PReLU", "BatchNormalization"],
  ...["LayerNormalization", "GaussianNoise", "GaussianDropout", "AlphaDropout", "TimeDistributed"],
  ...["Add", "Multiply", "Average", "Maximum", "Minimum", "Concatenate"],
]);

/** Layers that compute differently under a mask. */
const RECURRENT = new Set(["RNN", "SimpleRNN", "GRU", "LSTM", "ConvRNN2D", "ConvLSTM2D", "Bidirectional"]);

/** Whether a layer begins a mask: any in it, for a wrapper or a nested model. */
export function makesMask(className: string, config: JsonObject): boolean {
  if (className === "Masking" || (className === "Embedding" && config.mask_zero === true)) return true;
  return innerLayers(config).some((inner) => makesMask(inner.className, inner.config));
}

/** Whether what a layer gives has a mask beside it. */
export function givesMask(className: string, config: JsonObject, inputs: readonly KerasTensor[]): boolean {
  if (className === "Masking" || className === "Embedding") return makesMask(className, config);
  if (!inputs.some(({ isMasked }) => isMasked)) return false;
  if (className === "Bidirectional") return innerLayers(config).some((each) => each.config.return_sequences === true);
  if (RECURRENT.has(className)) return config.return_sequences === true;
  return PASS_ON.has(className);
}

/**
 * The run of calls, by index, that masks hold together beyond the tensors that carry one; `undefined` where there is none.
 *
 * TF.js hands the last mask that it met to every later layer of a run, also to those whose inputs have none. A recurrent layer
 * computes differently then, so that no cut may part it from where masks are made.
 */
export function maskedRun(calls: readonly KerasCall[]): { readonly first: number; readonly last: number } | undefined {
  const makers = indicesOf(calls, ({ layer }) => makesMask(layer.className, layer.config));
  if (makers.length === 0) return undefined;
  const users = indicesOf(calls, ({ layer }) => usesMask(layer));
  if (users.every((user) => calls[user]!.inputs[0]?.isMasked === true)) return undefined;
  // In which order TF.js runs the branches of a model depends on what is asked of it: keep them all.
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
