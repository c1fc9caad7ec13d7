import type { PlainNode, PlainOp } from "./plain-node.js";
import { ints, numbersOf, type NumberTensor, type PlainTensor } from "./plain-tensor.js";

/** Count values below `size`, or add up their weights. Larger values are left out, negative ones are an error. */
function bincount(node: PlainNode): PlainTensor {
  const [values, size, weights] = [node.ints(0), node.scalar(1), node.numbers(2)];
  const isDense = node.op === "DenseBincount";
  const isBinary = isDense && node.flag("binary_output");
  const isBatch = isDense && values.shape.length === 2;
  const [rows, width] = isBatch ? [values.shape[0]!, values.shape[1]!] : [1, values.data.length];
  const totals = new Float64Array(rows * size);
  for (const [index, value] of values.data.entries()) {
    if (value < 0) node.fail(`values of 0 or more, received ${value}`);
    if (value >= size) continue;
    const bin = (isBatch ? Math.floor(index / width) * size : 0) + value;
    const weight = weights.data.length === 0 ? 1 : weights.data[index]!;
    totals[bin] = isBinary
      ? 1
      : weights.dtype === "float32"
        ? Math.fround(totals[bin]! + weight)
        : totals[bin]! + weight;
  }
  return numbersOf(weights.dtype, isBatch ? [rows, size] : [size], totals);
}

/** Bincount of each row of a ragged tensor, whose rows end at `splits`. */
function raggedBincount(node: PlainNode): PlainTensor {
  const [splits, values, size, weights] = [node.ints(0), node.ints(1), node.scalar(2), node.numbers(3)];
  const rows = splits.data.length - 1;
  const totals = new Float64Array(rows * size);
  for (let row = 0; row < rows; row++)
    for (let index = splits.data[row]!; index < splits.data[row + 1]!; index++)
      addCount(node, totals, row * size, index, { values: values.data, size, weights });
  return numbersOf(weights.dtype, [rows, size], totals);
}

/** Bincount of a sparse vector, or of each row of a sparse matrix. */
function sparseBincount(node: PlainNode): PlainTensor {
  const [indices, values, shape, size] = [node.ints(0), node.ints(1), node.ints(2).data, node.scalar(3)];
  const weights = node.numbers(4);
  const isBatch = shape.length === 2;
  const totals = new Float64Array((isBatch ? shape[0]! : 1) * size);
  for (let entry = 0; entry < values.data.length; entry++)
    addCount(node, totals, isBatch ? indices.data[2 * entry]! * size : 0, entry, {
      values: values.data,
      size,
      weights,
    });
  return numbersOf(weights.dtype, isBatch ? [shape[0]!, size] : [size], totals);
}

function addCount(
  node: PlainNode,
  totals: Float64Array,
  offset: number,
  index: number,
  { values, size, weights }: { values: Int32Array; size: number; weights: NumberTensor },
): void {
  const value = values[index]!;
  if (value < 0) node.fail(`values of 0 or more, received ${value}`);
  if (value >= size) return;
  if (node.flag("binary_output")) totals[offset + value] = 1;
  else totals[offset + value]! += weights.data.length === 0 ? 1 : weights.data[index]!;
}

/** Count values in bins of equal width; those outside the range go into the first or the last bin. */
function histogramFixedWidth(node: PlainNode): PlainTensor {
  const [{ data }, range, binCount] = [node.numbers(0), node.numbers(1).data, node.scalar(2)];
  const [low = 0, high = 0] = range;
  if (!(low < high)) node.fail(`a range that rises, received ${low} to ${high}`);
  const counts = new Int32Array(binCount);
  const step = Math.fround(Math.fround(high - low) / binCount);
  for (const value of data) {
    const bin = Math.floor(Math.fround(Math.fround(value - low) / step));
    counts[Math.min(binCount - 1, Math.max(0, Number.isNaN(bin) ? 0 : bin))]!++;
  }
  return ints([binCount], counts);
}

/** For each value, how many of the sorted boundaries are at most as large. */
function bucketize(node: PlainNode): PlainTensor {
  const { shape, data } = node.numbers(0);
  const boundaries = node.numberList("boundaries").map(Math.fround);
  return ints(
    shape,
    Array.from(data, (value) => {
      let [low, high] = [0, boundaries.length];
      while (low < high) {
        const middle = (low + high) >> 1;
        if (boundaries[middle]! <= value) low = middle + 1;
        else high = middle;
      }
      return low;
    }),
  );
}

export const COUNT_OPS: Readonly<Record<string, PlainOp>> = {
  Bincount: bincount,
  DenseBincount: bincount,
  RaggedBincount: raggedBincount,
  SparseBincount: sparseBincount,
  HistogramFixedWidth: histogramFixedWidth,
  Bucketize: bucketize,
};
