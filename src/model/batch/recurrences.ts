import { RECURRENT_CELLS, RECURRENT_OPS, recurrentOperands, type RecurrentOp } from "../recurrent-ops.js";
import { isSet } from "../optimise/attributes.js";
import { fixed, itemRows, mixed, UNKNOWN, type BatchTensor, type BatchValue, type Size } from "./batch-value.js";
import { named, rules, spoiled, type OpCall, type OpRule } from "./op-rule.js";

/** Recurrent nodes: each row of the outputs depends on the same row of the sequence, the mask and the states. */
export const RECURRENCES: Readonly<Record<string, OpRule>> = Object.fromEntries(
  RECURRENT_OPS.flatMap((op) => Object.entries(rules(op, (call) => recurrence(op, call)))),
);

function recurrence(op: RecurrentOp, call: OpCall): BatchValue | readonly BatchValue[] {
  const bad = spoiled(call.inputs);
  if (bad !== undefined) return bad;
  const tensors = call.inputs.filter((each): each is BatchTensor => each.kind === "tensor");
  const operands = recurrentOperands(op, (key) => isSet(call.attr[key]), tensors);
  const { x, mask, initialStates = [], kernel, recurrentKernel, bias } = operands;
  if (x === undefined || recurrentKernel === undefined) return UNKNOWN;
  const weights = [kernel, recurrentKernel, bias];
  if (weights.some((each) => each?.batch !== undefined)) return mixed(`${named(call)} has items among its weights`);
  const rows = [x, ...(mask === undefined ? [] : [mask]), ...initialStates];
  if (rows.some(({ batch }) => batch !== undefined && batch.axis !== 0)) {
    return mixed(`${named(call)} takes the items one after another, as steps`);
  }
  const { batch } = x;
  const isAlike = rows.every((each) => each.batch?.outer === batch?.outer && each.batch?.inner === batch?.inner);
  if (!isAlike) return UNKNOWN;
  const units = recurrentKernel.shape?.at(op === "_SharderConvLstm" ? -2 : 0);
  const state = x.shape && [x.shape[0], ...(op === "_SharderConvLstm" ? x.shape.slice(2, -1) : []), units];
  const sequence = state && [state[0], x.shape![1], ...state.slice(1)];
  const give = (shape: readonly Size[] | undefined): BatchValue =>
    batch === undefined ? fixed(shape) : itemRows(shape, { ...batch, isUniform: false });
  const output = give(isSet(call.attr.return_sequences) ? sequence : state);
  return [output, ...Array.from({ length: RECURRENT_CELLS[op].stateCount }, () => give(state))];
}
