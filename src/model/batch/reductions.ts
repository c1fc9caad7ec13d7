import { isSet, textOf } from "../optimise/attributes.js";
import {
  axisOf,
  fixed,
  itemRows,
  mixed,
  moved,
  numbersOf,
  product,
  UNKNOWN,
  type BatchTensor,
  type BatchValue,
  type Count,
} from "./batch-value.js";
import { joinAxes, times } from "./elementwise.js";
import { named, rules, spoiled, type OpCall, type OpRule } from "./op-rule.js";

/** Ops that reduce axes, or compute along one: over the batch's axis they mix the items. */
export const REDUCTIONS: Readonly<Record<string, OpRule>> = {
  ...rules("Sum Mean Max Min Prod All Any EuclideanNorm", reduce),
  ...rules("ArgMax ArgMin", (call) =>
    reduce({ ...call, attr: {}, inputs: [call.inputs[0] ?? UNKNOWN, call.inputs[1] ?? fixed([], [0])] }),
  ),
  ...rules("Softmax LogSoftmax FFT IFFT", (call) => along(call, -1)),
  ...rules("Cumsum Cumprod CumulativeLogsumexp", (call) => along(call, numbersOf(call.inputs[1])?.[0])),
  ...rules("FFT2D IFFT2D", (call) => inner(call, 2)),
  ...rules("FFT3D IFFT3D", (call) => inner(call, 3)),
  ...rules("RFFT IRFFT", (call) => resizedLast(call)),
  ...rules("TopK TopKV2", (call) => resizedLast(call)),
  ...rules("NthElement", (call) => reduce({ ...call, attr: {}, inputs: [call.inputs[0] ?? UNKNOWN, fixed([], [-1])] })),
  ...rules("ReverseV2 Roll", (call) => {
    const axes = numbersOf(call.inputs[call.op === "Roll" ? 2 : 1]);
    return axes === undefined ? along(call, undefined) : overAxes(call, axes, (x) => x);
  }),
  Reverse: (call) => (call.inputs[1]?.kind === "tensor" ? UNKNOWN : (spoiled(call.inputs) ?? UNKNOWN)),
  ...rules("InTopK InTopKV2", ({ inputs: [predictions, targets] }) =>
    predictions?.kind === "tensor" &&
    targets?.kind === "tensor" &&
    predictions.batch?.axis === 0 &&
    targets.batch !== undefined &&
    joinAxes(predictions.batch, targets.batch) !== undefined
      ? targets
      : (spoiled([predictions ?? UNKNOWN, targets ?? UNKNOWN]) ?? UNKNOWN),
  ),
  ...rules("FusedBatchNorm FusedBatchNormV2 FusedBatchNormV3", normalise),
  LRN: (call) => along(call, -1),
  L2Loss: (call) => reduce({ ...call, attr: {}, inputs: [call.inputs[0] ?? UNKNOWN, allAxes(call.inputs[0])] }),
};

function allAxes(x: BatchValue | undefined): BatchValue {
  return x?.kind === "tensor" && x.shape !== undefined ? fixed([x.shape.length], x.shape.keys().toArray()) : UNKNOWN;
}

function mixes(call: OpCall): BatchValue {
  return mixed(`${named(call)} works across the items`);
}

function reduce(call: OpCall): BatchValue {
  const [x, by] = call.inputs;
  const bad = spoiled(call.inputs);
  if (x?.kind !== "tensor" || by?.kind !== "tensor") return bad ?? UNKNOWN;
  const axes = numbersOf(by);
  const rank = x.shape?.length;
  const reduced = axes?.map((axis) => axisOf(axis, rank));
  if (by.batch !== undefined || reduced === undefined || reduced.includes(undefined)) {
    return x.batch === undefined && by.batch === undefined
      ? { ...fixed(undefined), usesCount: x.usesCount === true }
      : UNKNOWN;
  }
  const keeps = isSet(call.attr.keep_dims) || isSet(call.attr.keepdims);
  const shape = x.shape?.flatMap((size, axis) => (reduced.includes(axis) ? (keeps ? 1 : []) : size));
  if (x.batch === undefined) return { ...fixed(shape), ...reducedCounts(call, x), usesCount: x.usesCount === true };
  const { axis } = x.batch;
  if (reduced.includes(axis)) return mixes(call);
  const before = reduced.filter((each) => each! < axis).length;
  return itemRows(shape, moved(x.batch, keeps ? axis : axis - before));
}

/** The product of a shape is still a count. */
function reducedCounts({ op }: OpCall, { counts, shape }: BatchTensor): { readonly counts?: readonly Count[] } {
  return op === "Prod" && counts !== undefined && shape?.length === 1 ? { counts: [counts.reduce(times, 1)] } : {};
}

/** An op that keeps the shape and computes along one axis. @param axis `undefined`: not known. */
function along(call: OpCall, axis: number | undefined): BatchValue {
  return overAxes(call, axis === undefined ? undefined : [axis], (x) => x);
}

/** An op that computes over some axes together, and leaves the others apart. */
function overAxes(
  call: OpCall,
  axes: readonly number[] | undefined,
  result: (x: BatchTensor) => BatchValue,
): BatchValue {
  const [x] = call.inputs;
  const bad = spoiled(call.inputs);
  if (x?.kind !== "tensor") return bad ?? UNKNOWN;
  if (bad?.kind === "mixed") return bad;
  if (x.batch === undefined) return { ...fixed(x.shape), usesCount: x.usesCount === true };
  const places = axes?.map((axis) => axisOf(axis, x.shape?.length));
  if (places === undefined || places.includes(undefined)) return UNKNOWN;
  return places.includes(x.batch.axis) ? mixes(call) : result({ ...x, counts: undefined });
}

/** An op over the last `count` axes. */
export function inner(call: OpCall, count: number, result: (x: BatchTensor) => BatchValue = (x) => x): BatchValue {
  const axes = Array.from({ length: count }, (_, index) => -1 - index);
  return overAxes(call, axes, result);
}

/** An op along the last axis, whose size changes. */
function resizedLast(call: OpCall): BatchValue {
  return inner(call, 1, (x) => itemRows(x.shape?.with(-1, undefined), x.batch!));
}

/** In training mode, a batch normalisation takes the statistics of each channel over everything else. */
function normalise(call: OpCall): BatchValue | readonly BatchValue[] {
  const { attr, inputs } = call;
  const [x, ...others] = inputs;
  const bad = spoiled(inputs);
  if (x?.kind !== "tensor" || bad !== undefined) return bad ?? UNKNOWN;
  if (x.batch === undefined) return fixed(x.shape);
  const mean = inputs[3];
  const isEmpty = mean?.kind === "tensor" && mean.shape !== undefined && product(mean.shape) === 0;
  const trains = "is_training" in attr ? isSet(attr.is_training) : isEmpty;
  const isFirst = textOf(attr.data_format, "NHWC").startsWith("NC");
  const channelAxis = isFirst ? 1 : x.shape === undefined ? 3 : x.shape.length - 1;
  const isOfItems = others.some((other) => other.kind === "tensor" && other.batch?.isUniform === false);
  if (isOfItems) return UNKNOWN;
  return trains && x.batch.axis !== channelAxis ? mixes(call) : [x, UNKNOWN];
}
