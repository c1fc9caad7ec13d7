import { integerOf } from "../optimise/attributes.js";
import {
  axisOf,
  fixed,
  itemRows,
  mixed,
  moved,
  numbersOf,
  rowsAlong,
  UNKNOWN,
  type BatchValue,
} from "./batch-value.js";
import { joinAxes } from "./elementwise.js";
import { named, rules, spoiled, type OpCall, type OpRule } from "./op-rule.js";

/** Ops that look things up by index. */
export const GATHERS: Readonly<Record<string, OpRule>> = {
  ...rules("Gather GatherV2", gather),
  GatherNd: gatherNd,
  OneHot: oneHot,
  ...rules("SearchSorted LowerBound UpperBound", ({ inputs: [sorted, values] }) => {
    if (sorted?.kind !== "tensor" || values?.kind !== "tensor")
      return spoiled([sorted ?? UNKNOWN, values ?? UNKNOWN]) ?? UNKNOWN;
    if (sorted.batch === undefined && sorted.shape?.length === 1) return { ...values, counts: undefined };
    const joined = sorted.batch && values.batch && joinAxes(sorted.batch, values.batch);
    return joined?.axis === 0 ? { ...values, counts: undefined } : UNKNOWN;
  }),
  CombinedNonMaxSuppression: ({ inputs: [boxes, scores] }) =>
    [boxes, scores].every(
      (each) => each?.kind === "tensor" && each.batch?.axis === 0 && each.batch.outer === 1 && each.batch.inner === 1,
    )
      ? [3, 2, 2, 1].map((rank) =>
          itemRows(
            Array.from({ length: rank }, () => undefined),
            rowsAlong(0),
          ),
        )
      : (spoiled(boxes === undefined ? [] : [boxes]) ?? UNKNOWN),
};

function gather(call: OpCall): BatchValue {
  const [table, indices, at] = call.inputs;
  const bad = spoiled(call.inputs);
  if (table?.kind !== "tensor" || indices?.kind !== "tensor" || bad !== undefined) return bad ?? UNKNOWN;
  const axis = at === undefined ? 0 : axisOf(numbersOf(at)?.[0], table.shape?.length);
  const alike = integerOf(call.attr.batch_dims, 0);
  const picked =
    table.counts === undefined || table.shape?.length !== 1
      ? undefined
      : numbersOf(indices)?.map((index) => table.counts![index]);
  if (picked !== undefined) return fixed(indices.shape, picked);
  const shape =
    axis === undefined || table.shape === undefined || indices.shape === undefined
      ? undefined
      : [...table.shape.slice(0, axis), ...indices.shape.slice(alike), ...table.shape.slice(axis + 1)];
  if (table.batch === undefined && indices.batch === undefined) {
    return { ...fixed(shape), usesCount: table.usesCount === true || indices.usesCount === true };
  }
  if (axis === undefined || shape === undefined || alike < 0) return UNKNOWN;
  if (table.batch === undefined) {
    return indices.batch!.axis < alike
      ? UNKNOWN
      : itemRows(shape, moved(indices.batch!, axis + indices.batch!.axis - alike));
  }
  const own = table.batch.axis;
  if (own < alike) {
    const batch = indices.batch === undefined ? undefined : joinAxes(table.batch, indices.batch);
    return batch === undefined ? UNKNOWN : itemRows(shape, batch);
  }
  if (own === axis) return mixed(`${named(call)} takes some of the items`);
  if (indices.batch !== undefined) return mixed(`${named(call)} uses the indices of all items for each of them`);
  const added = indices.shape!.length - alike - 1;
  return itemRows(shape, moved(table.batch, own < axis ? own : own + added));
}

function gatherNd(call: OpCall): BatchValue {
  const [table, indices] = call.inputs;
  const bad = spoiled(call.inputs);
  if (table?.kind !== "tensor" || indices?.kind !== "tensor" || bad !== undefined) return bad ?? UNKNOWN;
  const depth = indices.shape?.at(-1);
  const shape =
    depth === undefined || table.shape === undefined
      ? undefined
      : [...indices.shape!.slice(0, -1), ...table.shape.slice(depth)];
  if (table.batch === undefined && indices.batch === undefined) return fixed(shape);
  if (shape === undefined || depth === undefined) return UNKNOWN;
  if (table.batch === undefined) {
    return indices.batch!.axis < indices.shape!.length - 1 ? itemRows(shape, indices.batch!) : UNKNOWN;
  }
  if (table.batch.axis < depth) return mixed(`${named(call)} takes some of the items`);
  if (indices.batch !== undefined) return mixed(`${named(call)} uses the indices of all items for each of them`);
  return itemRows(shape, moved(table.batch, indices.shape!.length - 1 + table.batch.axis - depth));
}

function oneHot({ inputs, attr }: OpCall): BatchValue {
  const [indices, depth] = inputs;
  const bad = spoiled(inputs);
  if (indices?.kind !== "tensor" || bad !== undefined) return bad ?? UNKNOWN;
  const axis = axisOf(integerOf(attr.axis, -1), indices.shape && indices.shape.length + 1);
  if (axis === undefined) return indices.batch === undefined ? fixed(undefined) : UNKNOWN;
  const shape = indices.shape?.toSpliced(axis, 0, numbersOf(depth)?.[0]);
  if (indices.batch === undefined) return fixed(shape);
  return itemRows(shape, moved(indices.batch, indices.batch.axis + (axis <= indices.batch.axis ? 1 : 0)));
}
