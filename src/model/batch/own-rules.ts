import { integerOf, isSet } from "../optimise/attributes.js";
import { RECURRENT_CELLS, RECURRENT_OPS, recurrentOperands, type RecurrentOp } from "../recurrent-ops.js";
import { itemRows, mixed, rowsAlong, UNKNOWN, type BatchTensor, type BatchValue, type Size } from "./batch-value.js";
import { elementwise } from "./elementwise.js";
import { named, rules, spoiled, type OpCall, type OpRule } from "./op-rule.js";

/** The ops that translated Keras models have, and that our workers implement themselves. */
export const OWN_RULES: Readonly<Record<string, OpRule>> = {
  ...rules("_VocabularyFind _VocabularyAt _CrossedHash", elementwise),
  _TokenNumbers: (call) => {
    const [texts] = call.inputs;
    if (texts?.kind !== "tensor") return texts ?? UNKNOWN;
    const length = integerOf(call.attr.length, -1);
    // Without a length of its own, the longest text of a batch decides how many numbers there are.
    if (length < 0) return mixed(`${named(call)} fills texts up to the longest of the batch`);
    return texts.batch?.axis === 0 ? itemRows([undefined, length], texts.batch) : UNKNOWN;
  },
  ...Object.fromEntries(RECURRENT_OPS.map((op): [string, OpRule] => [op, (call) => recur(op, call)])),
};

/** Each row of every output depends on the same row of the inputs alone; the weights have no rows. */
function recur(op: RecurrentOp, call: OpCall): BatchValue | readonly BatchValue[] {
  const bad = spoiled(call.inputs);
  if (bad !== undefined) return bad;
  const parts = recurrentOperands(op, (attribute) => isSet(call.attr[attribute]), call.inputs);
  const data = [parts.x, parts.mask, ...(parts.initialStates ?? [])].filter((each) => each !== undefined);
  const weights = [parts.kernel, parts.recurrentKernel, parts.bias].filter((each) => each !== undefined);
  const hasItems = (each: BatchValue): boolean => each.kind === "tensor" && each.batch !== undefined;
  if (!data.every(isRows) || weights.some(hasItems) || parts.x?.kind !== "tensor") return UNKNOWN;
  const { recurrentKernel } = parts;
  const kernelShape = recurrentKernel?.kind === "tensor" ? recurrentKernel.shape : undefined;
  const units: Size = op === "_SharderConvLstm" ? kernelShape?.at(-2) : kernelShape?.at(0);
  const state: Size[] = [undefined, ...sizesOf(op, parts.x), units];
  const steps = "step_count" in call.attr ? undefined : parts.x.shape?.[1];
  const sequence: Size[] = [undefined, steps, ...state.slice(1)];
  const output = isSet(call.attr.return_sequences) ? sequence : state;
  const states = Array.from({ length: RECURRENT_CELLS[op].stateCount }, () => itemRows(state, rowsAlong(0)));
  return [itemRows(output, rowsAlong(0)), ...states];
}

function isRows(value: BatchValue): boolean {
  if (value.kind !== "tensor" || value.batch === undefined) return false;
  const { axis, outer, inner } = value.batch;
  return axis === 0 && outer === 1 && inner === 1;
}

/** The sizes of a picture, for convolutions: between time and channels. */
function sizesOf(op: RecurrentOp, { shape }: BatchTensor): readonly Size[] {
  return op === "_SharderConvLstm" ? (shape?.slice(2, -1) ?? []) : [];
}
