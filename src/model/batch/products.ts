import { isSet, textOf } from "../optimise/attributes.js";
import { fixed, itemRows, mixed, moved, UNKNOWN, type BatchTensor, type BatchValue, type Size } from "./batch-value.js";
import { elementwise, joinAxes } from "./elementwise.js";
import { named, rules, spoiled, type OpCall, type OpRule } from "./op-rule.js";

/** Products of matrices: the batch must not be summed over, and must not meet itself in two axes. */
export const PRODUCTS: Readonly<Record<string, OpRule>> = {
  ...rules("MatMul _FusedMatMul", (call) => {
    const result = matMul(call, isSet(call.attr.transpose_a), isSet(call.attr.transpose_b));
    // What a fused product adds may be of items, too, as in a recurrent cell.
    const added = call.inputs.slice(2).filter((each) => each.kind !== "tensor" || each.batch !== undefined);
    return added.length === 0 ? result : elementwise({ ...call, inputs: [result, ...added] });
  }),
  ...rules("BatchMatMul BatchMatMulV2 BatchMatMulV3", (call) =>
    matMul(call, isSet(call.attr.adj_x), isSet(call.attr.adj_y)),
  ),
  Einsum: einsum,
};

function matMul(call: OpCall, turnsA: boolean, turnsB: boolean): BatchValue {
  const [a, b] = call.inputs;
  if (a?.kind !== "tensor" || b?.kind !== "tensor") return spoiled(call.inputs) ?? UNKNOWN;
  const rank = call.op.endsWith("MatMul") && !call.op.startsWith("Batch") ? 2 : undefined;
  const [rankA, rankB] = [a.shape?.length ?? rank, b.shape?.length ?? rank];
  if (rankA === undefined || rankB === undefined || rankA < 2 || rankB < 2) {
    return a.batch === undefined && b.batch === undefined ? fixed(undefined) : UNKNOWN;
  }
  const letters = (count: number): string => "abcdefgh".slice(8 - count);
  const turned = (text: string, isTurned: boolean): string => (isTurned ? text[1]! + text[0]! : text);
  const equation = [
    letters(rankA - 2) + turned("xy", turnsA),
    letters(rankB - 2) + turned("yz", turnsB),
    `${letters(Math.max(rankA, rankB) - 2)}xz`,
  ] as const;
  return contract(call, [a, b], equation.slice(0, 2), equation[2]);
}

function einsum(call: OpCall): BatchValue {
  const bad = spoiled(call.inputs);
  const tensors = call.inputs.filter((each): each is BatchTensor => each.kind === "tensor");
  const [left = "", right] = textOf(call.attr.equation, "").replaceAll(" ", "").split("->");
  const terms = left.split(",");
  if (bad !== undefined || right === undefined || terms.length !== tensors.length) return bad ?? UNKNOWN;
  if (tensors.every(({ batch }) => batch === undefined)) return fixed(undefined);
  if (tensors.some(({ shape }) => shape === undefined)) return UNKNOWN;
  // Labels that no equation has, for what an ellipsis stands for.
  const hidden = terms.map((term, index) => tensors[index]!.shape!.length - term.replace("...", "").length);
  const spell = (term: string, count: number): string =>
    term.replace("...", "0123456789".slice(10 - Math.max(0, count)));
  const most = Math.max(...terms.map((term, index) => (term.includes("...") ? hidden[index]! : 0)));
  return contract(
    call,
    tensors,
    terms.map((term, index) => spell(term, hidden[index]!)),
    spell(right, most),
  );
}

/** @param terms the label of each axis, for each tensor. @param result those of the product. */
function contract(call: OpCall, tensors: readonly BatchTensor[], terms: readonly string[], result: string): BatchValue {
  const sizes: Size[] = Array.from(result, (label) => {
    const found = tensors.flatMap(({ shape }, index) => {
      const axis = terms[index]!.indexOf(label);
      return axis < 0 || shape === undefined ? [] : [shape[axis]];
    });
    return found.find((size) => size !== undefined && size !== 1) ?? (found.includes(undefined) ? undefined : 1);
  });
  const ofItems = tensors.flatMap(({ batch }, index) =>
    batch === undefined ? [] : [{ batch, label: terms[index]![batch.axis] ?? "?" }],
  );
  const [first] = ofItems;
  if (first === undefined) return fixed(sizes);
  const { label } = first;
  if (ofItems.some((each) => !result.includes(each.label))) return mixed(`${named(call)} sums over the items`);
  if (ofItems.some((each) => each.label !== label)) return mixed(`${named(call)} multiplies items with each other`);
  // A fixed size along the batch would fit one number of items only; and a diagonal is no batch.
  const isClear = tensors.every(({ batch, shape }, index) => {
    const axis = terms[index]!.indexOf(label);
    const isRepeated = axis >= 0 && terms[index]!.includes(label, axis + 1);
    return !isRepeated && (batch !== undefined || axis < 0 || shape?.[axis] === 1);
  });
  const axis = result.indexOf(label);
  const batch = ofItems
    .map((each) => moved(each.batch, axis))
    .reduce<BatchTensor["batch"]>(joinAxes, moved(first.batch, axis));
  if (!isClear || batch === undefined) return UNKNOWN;
  return itemRows(sizes, { ...batch, isUniform: ofItems.length === tensors.length && batch.isUniform });
}
