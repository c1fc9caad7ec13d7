import {
  fixed,
  itemRows,
  mixed,
  product,
  UNKNOWN,
  type BatchAxis,
  type BatchTensor,
  type BatchValue,
  type Count,
  type Size,
} from "./batch-value.js";
import { named, spoiled, type OpCall } from "./op-rule.js";

/**
 * Where the items are after a reshape. In memory a tensor is `above` blocks, each with one part of `below` elements for every item;
 * the new axis of the batch has to hold whole parts of whole blocks.
 */
export function reshape(call: OpCall): BatchValue {
  const [x, target] = call.inputs;
  const bad = spoiled(call.inputs);
  if (x?.kind !== "tensor" || target?.kind !== "tensor") return bad ?? UNKNOWN;
  const { counts } = target;
  if (x.batch === undefined) {
    // Counts keep their order.
    const shape = counts?.map((count) => (typeof count === "number" && count >= 0 ? count : undefined));
    const size = x.shape && product(x.shape);
    const open = counts?.indexOf(-1) ?? -1;
    const rest = shape && product(shape.toSpliced(open, open < 0 ? 0 : 1));
    const known = open >= 0 && size !== undefined && rest ? shape!.with(open, size / rest) : shape;
    return { ...x, shape: known };
  }
  if (counts === undefined || target.batch !== undefined || x.shape === undefined) return UNKNOWN;
  return place(call, x, counts);
}

function place(call: OpCall, x: BatchTensor, counts: readonly Count[]): BatchValue {
  const { axis, outer, inner } = x.batch!;
  const above = product([...x.shape!.slice(0, axis), outer]);
  const below = product([inner, ...x.shape!.slice(axis + 1)]);
  const sizes = counts.map((count): Size => (typeof count === "number" && count >= 0 ? count : undefined));
  const counted = counts.findIndex((count) => typeof count === "object");
  const open = counts.indexOf(-1);
  const isUnclear = counts.includes(undefined) || counts.filter((count) => typeof count === "object").length > 1;
  if (isUnclear || above === undefined) return UNKNOWN;

  if (counted >= 0) {
    const { n } = counts[counted] as { readonly n: number };
    // The open size is what remains of an item.
    if (open >= 0 && below !== undefined) {
      const rest = product(sizes.toSpliced(Math.max(open, counted), 1).toSpliced(Math.min(open, counted), 1))! * n;
      if (rest === 0 || (above * below) % rest !== 0) return UNKNOWN;
      sizes[open] = (above * below) / rest;
    } else if (open >= 0 && open < counted) return UNKNOWN;
    const before = product(sizes.slice(0, counted));
    if (before === undefined || before === 0 || above % before !== 0 || n % (above / before) !== 0) return UNKNOWN;
    return itemRows(sizes, reshaped(x.batch!, { axis: counted, outer: above / before, inner: n / (above / before) }));
  }
  // Without a free size it fits one number of items only.
  if (open < 0) return UNKNOWN;
  const before = product(sizes.slice(0, open))!;
  const after = product(sizes.slice(open + 1))!;
  if (before === 0 || after === 0) return UNKNOWN;
  if (above % before !== 0) return UNKNOWN;
  if (below !== undefined && below % after !== 0) {
    return mixed(`${named(call)} puts elements of several items into one row`);
  }
  const rows = below === undefined ? undefined : below / after;
  return itemRows(sizes, reshaped(x.batch!, { axis: open, outer: above / before, inner: rows }));
}

/** Rows that are made of other elements than before need no longer be the same. */
function reshaped(before: BatchAxis, after: Omit<BatchAxis, "isUniform">): BatchAxis {
  const isUniform = before.isUniform && after.outer === before.outer && after.inner === before.inner;
  return { ...after, isUniform };
}

/** The shape of a tensor, as numbers and multiples of the number of items. */
export function fill(call: OpCall, shapeAt: number): BatchValue {
  const shape = call.inputs[shapeAt];
  if (shape?.kind !== "tensor") return spoiled(call.inputs) ?? UNKNOWN;
  const { counts } = shape;
  if (counts === undefined) return shape.usesCount || shape.batch !== undefined ? UNKNOWN : fixed(undefined);
  const free = counts.flatMap((count, axis) => (typeof count === "object" ? axis : []));
  const sizes = counts.map((count): Size => (typeof count === "number" ? count : undefined));
  if (counts.includes(undefined) || free.length > 1) return UNKNOWN;
  const [axis] = free;
  if (axis === undefined) return fixed(sizes);
  const { n } = counts[axis] as { readonly n: number };
  return itemRows(sizes, { axis, outer: 1, inner: n, isUniform: true });
}
