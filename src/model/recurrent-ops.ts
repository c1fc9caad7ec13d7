import type { JsonObject } from "./artifacts.js";

/**
 * Recurrent layers as one node each. Our workers run these ops themselves (`workers/engines/tfjs/ops`), on every backend.
 *
 * | op | cell | gates, in the order of the kernel's columns | states |
 * |---|---|---|---|
 * | `_SharderLstm` | LSTM (Hochreiter and Schmidhuber 1997, with forget gates) | input, forget, candidate, output | h, c |
 * | `_SharderGru` | GRU (Cho et al. 2014) | update, reset, candidate | h |
 * | `_SharderRnn` | h = activation(x·kernel + h·recurrent + bias) | one | h |
 * | `_SharderConvLstm` | LSTM whose products are convolutions (Shi et al. 2015) | as LSTM | h, c |
 *
 * Inputs, in this order, those in brackets only if the attribute says so:
 * - x `[batch, time, features]`. For ConvLstm the input's convolution, bias added: `[batch, time, ...sizes, 4·filters]`;
 * - [`has_mask`] mask `[batch, time]`, bool: where it is false, a step changes no state and repeats the output before it (zeros at
 *   the start, and everywhere with `zero_output_for_mask`);
 * - [`has_initial_state`] one tensor `[batch, units]` for each state, else they start at zero in every call;
 * - kernel `[features, gates·units]`; not for ConvLstm;
 * - recurrent kernel `[units, gates·units]`; for ConvLstm `[...window, filters, 4·filters]`, with stride 1 and padding "same";
 * - [`has_bias`] bias `[gates·units]`, for a GRU with `reset_after` `[2, 3·units]`: of the input's product and of the recurrent one.
 *
 * Attributes: `activation` and `recurrent_activation` (names of `RECURRENT_ACTIVATIONS`), `go_backwards` (the last step first; the
 * output keeps the order of the computation), `return_sequences`, `zero_output_for_mask`, `reset_after` (GRU: the reset gate applies
 * to the recurrent product, not to h before it), the three `has_…`, and `step_count`, if not all steps are made.
 *
 * Outputs: the sequence of outputs `[batch, time, units]` or the last one `[batch, units]`, then the final states. Each row of every
 * output depends on the same row of the inputs alone; the weights have no rows. All floats are float32.
 */
export const RECURRENT_OPS = ["_SharderLstm", "_SharderGru", "_SharderRnn", "_SharderConvLstm"] as const;

export type RecurrentOp = (typeof RECURRENT_OPS)[number];

/** How many columns of the kernel belong to one unit, and how many states a cell has. */
export const RECURRENT_CELLS: Readonly<
  Record<RecurrentOp, { readonly gateCount: number; readonly stateCount: number }>
> = {
  _SharderLstm: { gateCount: 4, stateCount: 2 },
  _SharderGru: { gateCount: 3, stateCount: 1 },
  _SharderRnn: { gateCount: 1, stateCount: 1 },
  _SharderConvLstm: { gateCount: 4, stateCount: 2 },
};

/** Activations by the names that Keras 3 gives them; `hard_sigmoid_2` is Keras 2's hard sigmoid, 0.2·x + 0.5 within 0 … 1. */
export const RECURRENT_ACTIVATIONS = [
  ...(["linear", "tanh", "sigmoid", "hard_sigmoid", "hard_sigmoid_2", "relu", "relu6", "elu", "selu", "celu"] as const),
  ...(["softplus", "softsign", "softmax", "log_softmax", "exponential", "silu", "hard_silu", "gelu", "mish"] as const),
  ...(["hard_tanh", "log_sigmoid", "tanh_shrink", "squareplus"] as const),
] as const;

export type RecurrentActivation = (typeof RECURRENT_ACTIVATIONS)[number];

export interface RecurrentOptions {
  readonly activation: RecurrentActivation;
  readonly recurrentActivation: RecurrentActivation;
  readonly goBackwards: boolean;
  readonly returnSequences: boolean;
  readonly zeroOutputForMask: boolean;
  readonly resetAfter: boolean;
  readonly hasMask: boolean;
  readonly hasInitialState: boolean;
  readonly hasBias: boolean;
}

type OptionalInput = "has_mask" | "has_initial_state" | "has_bias";

/**
 * The inputs of a node by what they are; `undefined` for one that it doesn't have, or that is missing.
 * @param has whether the node has an attribute that is true.
 */
export function recurrentOperands<T>(
  op: RecurrentOp,
  has: (attribute: OptionalInput) => boolean,
  inputs: readonly T[],
) {
  const rest = [...inputs];
  const x = rest.shift();
  const mask = has("has_mask") ? rest.shift() : undefined;
  const initialStates = has("has_initial_state") ? rest.splice(0, RECURRENT_CELLS[op].stateCount) : undefined;
  const kernel = op === "_SharderConvLstm" ? undefined : rest.shift();
  const recurrentKernel = rest.shift();
  return { x, mask, initialStates, kernel, recurrentKernel, bias: has("has_bias") ? rest.shift() : undefined };
}

/** The options as attributes of a node. */
export function recurrentAttrs(options: RecurrentOptions): JsonObject {
  return {
    T: { type: "DT_FLOAT" },
    activation: { s: btoa(options.activation) },
    recurrent_activation: { s: btoa(options.recurrentActivation) },
    go_backwards: { b: options.goBackwards },
    return_sequences: { b: options.returnSequences },
    zero_output_for_mask: { b: options.zeroOutputForMask },
    reset_after: { b: options.resetAfter },
    has_mask: { b: options.hasMask },
    has_initial_state: { b: options.hasInitialState },
    has_bias: { b: options.hasBias },
  };
}

/** Whether a name is one of an activation that recurrent nodes have. */
export function isRecurrentActivation(name: string): name is RecurrentActivation {
  return RECURRENT_ACTIVATIONS.some((each) => each === name);
}
