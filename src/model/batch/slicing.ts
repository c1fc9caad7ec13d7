import { hasMask, sliceParts, type AxisSlice } from "../slice-parts.js";
import {
  fixed,
  itemRows,
  mixed,
  moved,
  numbersOf,
  rowCount,
  UNKNOWN,
  type BatchAxis,
  type BatchTensor,
  type BatchValue,
  type Count,
  type Size,
} from "./batch-value.js";
import { named, spoiled, type OpCall, type OpRule } from "./op-rule.js";

/** Ops that take parts of a tensor: a part of the batch is one of the call's items, whoever they are. */
export const SLICES: Readonly<Record<string, OpRule>> = { Slice: slice, StridedSlice: stridedSlice };

function takesItems(call: OpCall): BatchValue {
  return mixed(`${named(call)} takes some of the items`);
}

function slice(call: OpCall): BatchValue {
  const [x, begin, size] = call.inputs;
  const bad = spoiled(call.inputs);
  if (x?.kind !== "tensor" || begin?.kind !== "tensor" || size?.kind !== "tensor") return bad ?? UNKNOWN;
  const starts = numbersOf(begin);
  const shape = x.shape?.map((full, axis): Size => {
    const count = size.counts?.[axis];
    if (typeof count !== "number") return undefined;
    if (count >= 0) return count;
    return full === undefined || starts === undefined ? undefined : full - starts[axis]!;
  });
  if (x.batch === undefined) {
    const [start] = starts ?? [];
    const [count] = numbersOf(size) ?? [];
    if (x.counts === undefined || shape?.length !== 1 || start === undefined || count === undefined)
      return { ...fixed(shape), usesCount: x.usesCount === true };
    const taken = x.counts.slice(start, count < 0 ? undefined : start + count);
    return fixed([taken.length], taken);
  }
  const { axis } = x.batch;
  const count = size.counts?.[axis];
  const isAll = count === -1 || isSame(count, rowCount(x.batch));
  if (begin.counts === undefined || count === undefined) return UNKNOWN;
  const isFree = (each: Count, place: number): boolean => place !== axis && typeof each === "object";
  if (begin.counts.some(isFree) || size.counts?.some(isFree)) return UNKNOWN;
  return begin.counts[axis] === 0 && isAll ? itemRows(shape, x.batch) : takesItems(call);
}

function isSame(a: Count, b: Count): boolean {
  return typeof a === "object" && typeof b === "object" && a.n === b.n;
}

function stridedSlice(call: OpCall): BatchValue {
  const [x, begin, end, strides] = call.inputs;
  const bad = spoiled(call.inputs);
  if (x?.kind !== "tensor" || begin?.kind !== "tensor" || end?.kind !== "tensor") return bad ?? UNKNOWN;
  const usesCount = x.usesCount === true;
  const entryCount = begin.shape?.[0] ?? begin.counts?.length;
  const parts = entryCount === undefined ? undefined : sliceParts(call.attr, entryCount, x.shape?.length);
  const steps = numbersOf(strides);
  if (parts === undefined || x.shape === undefined)
    return x.batch === undefined ? { ...fixed(undefined), usesCount } : UNKNOWN;

  const shape: Size[] = [];
  let batch: BatchAxis | undefined;
  let axis = 0;
  for (const { kind, entry } of parts) {
    if (kind === "new") {
      shape.push(1);
      continue;
    }
    const size = x.shape[axis];
    if (axis === x.batch?.axis) {
      const isAll = kind === "all" || (kind === "range" && coversItems(x, { begin, end, steps, entry, call }));
      if (!isAll) return steps === undefined ? UNKNOWN : takesItems(call);
      batch = moved(x.batch, shape.length);
      shape.push(undefined);
    } else if (
      kind !== "all" &&
      x.batch !== undefined &&
      [begin, end].some((each) => typeof each.counts?.[entry] === "object")
    ) {
      return UNKNOWN;
    } else if (kind === "all") shape.push(size);
    else if (kind === "range") shape.push(rangeSize({ begin, end, steps, entry, call }, size));
    axis++;
  }
  if (batch !== undefined) return itemRows(shape, batch);
  const counts =
    x.counts === undefined ? undefined : countsOfPart(x.counts, parts, { begin, end, steps, entry: 0, call });
  return counts === undefined ? { ...fixed(shape), usesCount } : fixed(shape, counts);
}

interface SliceEntry {
  readonly begin: BatchTensor;
  readonly end: BatchTensor;
  readonly steps: readonly number[] | undefined;
  readonly entry: number;
  readonly call: OpCall;
}

function coversItems(x: BatchTensor, { begin, end, steps, entry, call }: SliceEntry): boolean {
  const has = (mask: string): boolean => hasMask(call.attr, mask, entry);
  const fromStart = has("begin_mask") || begin.counts?.[entry] === 0;
  const toEnd = has("end_mask") || isSame(end.counts?.[entry], rowCount(x.batch!));
  return fromStart && toEnd && steps?.[entry] === 1;
}

function rangeSize({ begin, end, steps, entry, call }: SliceEntry, size: Size): Size {
  const has = (mask: string): boolean => hasMask(call.attr, mask, entry);
  const step = steps?.[entry];
  if (size === undefined || step === undefined || step <= 0) return undefined;
  const clip = (at: Count): Size =>
    typeof at === "number" ? Math.min(size, Math.max(0, at < 0 ? at + size : at)) : undefined;
  const from = has("begin_mask") ? 0 : clip(begin.counts?.[entry]);
  const to = has("end_mask") ? size : clip(end.counts?.[entry]);
  return from === undefined || to === undefined ? undefined : Math.max(0, Math.ceil((to - from) / step));
}

/** The values of a part of a shape. */
function countsOfPart(
  counts: readonly Count[],
  parts: readonly AxisSlice[],
  { begin, end, steps, call }: SliceEntry,
): readonly Count[] | undefined {
  const [part, ...others] = parts;
  if (part === undefined || others.length > 0) return undefined;
  if (part.kind === "all") return counts;
  const [start, stop] = [numbersOf(begin)?.[0], numbersOf(end)?.[0]];
  const has = (mask: string): boolean => hasMask(call.attr, mask, 0);
  if (part.kind === "index") return start === undefined ? undefined : [counts.at(start)];
  if (steps?.[0] !== 1 || part.kind === "new") return undefined;
  if ((start === undefined && !has("begin_mask")) || (stop === undefined && !has("end_mask"))) return undefined;
  return counts.slice(has("begin_mask") ? 0 : start, has("end_mask") ? undefined : stop);
}
