import { countsOf, fixed, itemRows, mixed, numbersOf, UNKNOWN, type BatchValue, type Count } from "./batch-value.js";
import { times } from "./elementwise.js";
import { fill } from "./reshape.js";
import { named, rules, spoiled, type OpCall, type OpRule } from "./op-rule.js";

/** Ops whose results say how large something is, or whose shape is an input. */
export const SIZES: Readonly<Record<string, OpRule>> = {
  Shape: ({ inputs }) => shapeOf(inputs[0]),
  ShapeN: ({ inputs }) => inputs.map(shapeOf),
  Size: ({ inputs: [x] }) => {
    const shape = shapeOf(x);
    return shape.kind === "tensor" && shape.counts !== undefined
      ? fixed([], [shape.counts.reduce<Count>(times, 1)])
      : shape;
  },
  Rank: ({ inputs: [x] }) => (x?.kind === "tensor" && x.shape !== undefined ? fixed([], [x.shape.length]) : shapeOf(x)),
  Range: ({ inputs }) => {
    const [start, limit, delta] = inputs.map((each) => numbersOf(each)?.[0]);
    if (start === undefined || limit === undefined || !delta)
      return spoiled(inputs)?.kind === "mixed" ? spoiled(inputs)! : UNKNOWN;
    const length = Math.max(0, Math.ceil((limit - start) / delta));
    return length > 64
      ? fixed([length])
      : fixed(
          [length],
          Array.from({ length }, (_, index) => start + index * delta),
        );
  },
  ...rules(
    "RandomUniform RandomStandardNormal TruncatedNormal RandomUniformInt StatelessRandomUniformV2 StatelessRandomNormalV2",
    (call) => {
      const drawn = fill(call, 0);
      if (drawn.kind !== "tensor") return drawn;
      // All items of a call get the same numbers, which another call would not draw.
      if (drawn.batch === undefined) return mixed(`${named(call)} draws numbers that all items share`);
      return itemRows(drawn.shape, { ...drawn.batch, isUniform: false });
    },
  ),
  Multinomial: ({ inputs: [logits] }) =>
    logits?.kind === "tensor" && logits.batch?.axis === 0 ? itemRows([undefined, undefined], logits.batch) : UNKNOWN,
  LinSpace: ({ inputs }) =>
    spoiled(inputs) ?? (inputs.every((each) => each.kind === "tensor" && !each.batch) ? fixed([undefined]) : UNKNOWN),
};

function shapeOf(x: BatchValue | undefined): BatchValue {
  if (x?.kind !== "tensor") return x ?? UNKNOWN;
  const counts = countsOf(x);
  return counts === undefined ? UNKNOWN : fixed([counts.length], counts);
}

/**
 * Ops that look at all of a tensor, or give results whose length depends on its values: whatever holds items mixes them.
 * Without items, their results are the same in every run.
 */
const MIXING =
  "Where Unique UniqueV2 UniqueWithCounts UniqueWithCountsV2 ListDiff Bincount HistogramFixedWidth NonMaxSuppression NonMaxSuppressionV2 " +
  "NonMaxSuppressionV3 NonMaxSuppressionV4 NonMaxSuppressionV5 NonMaxSuppressionWithOverlaps UnsortedSegmentSum UnsortedSegmentMax " +
  "UnsortedSegmentMin UnsortedSegmentProd SegmentSum SegmentMean SegmentMax SegmentMin SegmentProd SparseSegmentSum SparseSegmentMean " +
  "SparseSegmentSqrtN SparseToDense SparseFillEmptyRows SparseReshape SparseTensorDenseMatMul SparseReduceSum SparseConcat SparseReorder " +
  "SparseSlice SparseSoftmax SparseAdd SparseCross RaggedGather RaggedRange RaggedTensorToTensor RaggedTensorToSparse " +
  "RaggedTensorToVariant RaggedBincount ScatterNd TensorScatterUpdate TensorScatterAdd TensorScatterSub TensorScatterMax TensorScatterMin " +
  "DynamicPartition DynamicStitch ParallelDynamicStitch DenseToDenseSetOperation DenseToSparseSetOperation SparseToSparseSetOperation " +
  "SetSize StringSplit StringSplitV2 StringNGrams UnicodeDecode UnicodeDecodeWithOffsets UnicodeEncode StringJoinAll ReduceJoin CropAndResize";

export const MIXING_OPS: Readonly<Record<string, OpRule>> = {
  ...rules(MIXING, mixItems),
  // With two axes it counts row by row.
  DenseBincount: (call) => {
    const [x] = call.inputs;
    if (x?.kind !== "tensor" || x.shape?.length !== 2 || x.batch?.axis !== 0) return mixItems(call);
    const weights = call.inputs[2];
    // Weights that are there have a row for each item, too.
    if (weights?.kind !== "tensor" || weights.shape?.includes(0) !== true) return spoiled(call.inputs) ?? UNKNOWN;
    return itemRows([undefined, numbersOf(call.inputs[1])?.[0]], x.batch);
  },
};

function mixItems(call: OpCall): BatchValue {
  const bad = spoiled(call.inputs);
  if (bad !== undefined) return bad;
  const isOfItems = call.inputs.some((each) => each.kind === "tensor" && each.batch !== undefined);
  if (isOfItems) return mixed(`${named(call)} takes all items together`);
  const usesCount = call.inputs.some((each) => each.kind === "tensor" && each.usesCount);
  return usesCount ? UNKNOWN : fixed(undefined);
}
