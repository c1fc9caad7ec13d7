import type { OpExecutor } from "@tensorflow/tfjs-converter";
import * as tf from "@tensorflow/tfjs-core";
import { ShardError } from "../../../../src/core/errors.js";
import {
  isRecurrentActivation,
  RECURRENT_CELLS,
  recurrentOperands,
  type RecurrentActivation,
  type RecurrentOp,
} from "../../../../src/model/recurrent-ops.js";
import { compiledRecurrences } from "../recurrences/start-compiled.js";
import type { Recurrence } from "../recurrences/compiled-recurrence.js";
import { makeCell, plusBias } from "./recurrent-cells.js";

/** What TF.js passes to the executor of an op. */
interface CustomNode {
  readonly inputs: readonly tf.Tensor[];
  readonly attrs: Readonly<Record<string, unknown>>;
}

export const RECURRENT_EXECUTORS: Readonly<Record<RecurrentOp, OpExecutor>> = {
  _SharderLstm: (node) => runRecurrence("_SharderLstm", node),
  _SharderGru: (node) => runRecurrence("_SharderGru", node),
  _SharderRnn: (node) => runRecurrence("_SharderRnn", node),
  _SharderConvLstm: (node) => runRecurrence("_SharderConvLstm", node),
};

/**
 * Run a recurrence over all steps, synchronously: on WASM in our own kernels as far as they cover it, else as kernels of TF.js.
 * Inputs, attributes and outputs: `src/model/recurrent-ops.ts`. All tensors but the outputs are disposed of.
 */
function runRecurrence(op: RecurrentOp, node: CustomNode): tf.Tensor[] {
  const recurrence = readRecurrence(op, node);
  return compiledRecurrences()?.run(recurrence) ?? tf.tidy(() => runOnKernels(recurrence));
}

function readRecurrence(op: RecurrentOp, node: CustomNode): Recurrence {
  const { inputs, attrs } = node;
  const { x, recurrentKernel, ...others } = recurrentOperands(op, (key) => attrs[key] === true, inputs);
  if (x === undefined || recurrentKernel === undefined)
    throw new ShardError("model-malformed", `Expected more inputs for a node of ${op}, received ${inputs.length}.`);
  return {
    ...{ op, x, recurrentKernel, ...others },
    activation: activationOf(node, "activation"),
    recurrentActivation: activationOf(node, "recurrent_activation"),
    goBackwards: attrs.go_backwards === true,
    returnSequences: attrs.return_sequences === true,
    zeroOutputForMask: attrs.zero_output_for_mask === true,
    resetAfter: attrs.reset_after === true,
    stepCount: stepCountOf(attrs.step_count, x.shape[1]!),
  };
}

/** The input's product is made for all steps at once. */
function runOnKernels(recurrence: Recurrence): tf.Tensor[] {
  const { op, recurrentKernel, bias, resetAfter } = recurrence;
  const [inputBias, recurrentBias] = biases(op === "_SharderGru" && resetAfter, bias);
  const cell = makeCell(op, { recurrentKernel, recurrentBias }, recurrence);
  return runSteps(recurrence, projectAll(recurrence, inputBias), cell);
}

/** The bias of the input's product, and that of the recurrent product. */
function biases(areTwo: boolean, bias: tf.Tensor | undefined): [tf.Tensor | undefined, tf.Tensor | undefined] {
  if (bias === undefined || !areTwo) return [bias, undefined];
  const [ofInput, ofRecurrent] = tf.unstack(bias);
  return [ofInput, ofRecurrent];
}

/** The input of each step after its product with the kernel: `[batch, gates·units]`. */
function projectAll({ x, kernel }: Recurrence, bias: tf.Tensor | undefined): tf.Tensor {
  if (kernel === undefined) return x;
  const [batch, time, features] = x.shape as [number, number, number];
  const rows = tf.reshape(x, [batch * time, features]);
  const shifted = plusBias(rows, kernel, bias);
  return tf.reshape(shifted, [batch, time, shifted.shape[1]!]);
}

function runSteps(recurrence: Recurrence, projected: tf.Tensor, cell: ReturnType<typeof makeCell>): tf.Tensor[] {
  const { op, mask, initialStates, goBackwards, returnSequences, zeroOutputForMask, stepCount } = recurrence;
  const [batch, length, ...sizes] = projected.shape as [number, number, ...number[]];
  const { gateCount, stateCount } = RECURRENT_CELLS[op];
  const units = sizes.pop()! / gateCount;
  const blank = tf.zeros([batch, ...sizes, units]);
  const steps = stepCount === 0 ? [] : tf.unstack(projected, 1);
  const kept = mask === undefined || stepCount === 0 ? undefined : maskOfSteps(mask, blank.size / batch);
  let states = initialStates ?? Array.from({ length: stateCount }, () => blank);
  let output = blank;
  const outputs: tf.Tensor[] = [];
  for (let count = 0; count < stepCount; count++) {
    const at = goBackwards ? length - 1 - count : count;
    [output, ...states] = tf.tidy(() => {
      const next = cell(steps[at]!, states);
      if (kept === undefined) return [next[0]!, ...next];
      const choose = (after: tf.Tensor, before: tf.Tensor): tf.Tensor => select(kept[at]!, after, before);
      return [
        choose(next[0]!, zeroOutputForMask ? blank : output),
        ...next.map((each, index) => choose(each, states[index]!)),
      ];
    }) as [tf.Tensor, ...tf.Tensor[]];
    if (returnSequences) outputs.push(output);
  }
  const sequence = stepCount === 0 ? tf.zeros([batch, 0, ...sizes, units]) : undefined;
  const first = returnSequences ? (sequence ?? tf.stack(outputs, 1)) : output;
  // No two outputs may be the same tensor, nor an input.
  return [first.clone(), ...states.map((state) => state.clone())];
}

/** For each step, whether each of the `size` elements of an item's state changes: bool `[batch, size]`. */
function maskOfSteps(mask: tf.Tensor, size: number): tf.Tensor[] {
  return tf.unstack(tf.tile(tf.expandDims(tf.cast(mask, "bool"), 2), [1, 1, size]), 1);
}

/** TF.js's CPU kernel selects wrongly with one condition for each row, and that of WebGL has four axes at most. */
function select(condition: tf.Tensor, after: tf.Tensor, before: tf.Tensor): tf.Tensor {
  const flat = (x: tf.Tensor): tf.Tensor => (x.rank > 2 ? tf.reshape(x, condition.shape) : x);
  const chosen: tf.Tensor = tf.engine().runKernel("Select", { condition, t: flat(after), e: flat(before) });
  return after.rank > 2 ? tf.reshape(chosen, after.shape) : chosen;
}

/** @param given of the attribute `step_count`; missing: all steps. */
function stepCountOf(given: unknown, length: number): number {
  const count = typeof given === "number" && given > 0 ? given : length;
  if (count <= length) return count;
  throw new ShardError("model-failed", `Expected a sequence of at least ${count} steps, received ${length}.`);
}

function activationOf({ attrs }: CustomNode, key: string): RecurrentActivation {
  const name = String(attrs[key]);
  if (isRecurrentActivation(name)) return name;
  throw new ShardError(
    "model-malformed",
    `Expected an activation of a recurrent node, received "${name.slice(0, 40)}".`,
  );
}
