import { elementCountOf } from "../../../../src/protocol/tensors.js";
import type { PlainNode, PlainOp } from "./plain-node.js";
import { numbersOf, type NumberTensor, type PlainTensor } from "./plain-tensor.js";

/** How the rows of a segment become one. Sums and products of floats are rounded at each step, as TensorFlow rounds them. */
export type Reduction = "Sum" | "Mean" | "SqrtN" | "Max" | "Min" | "Prod";

const LOWEST = { float32: -Math.fround(3.4028234663852886e38), int32: -(2 ** 31), bool: 0 };
const HIGHEST = { float32: Math.fround(3.4028234663852886e38), int32: 2 ** 31 - 1, bool: 1 };

/** The value of a segment without rows in the "unsorted" ops: what changes nothing. */
function neutral(reduction: Reduction, dtype: NumberTensor["dtype"]): number {
  if (reduction === "Max") return LOWEST[dtype];
  if (reduction === "Min") return HIGHEST[dtype];
  return reduction === "Prod" ? 1 : 0;
}

export function combine(reduction: Reduction, dtype: NumberTensor["dtype"], a: number, b: number): number {
  if (reduction === "Max") return Number.isNaN(a) ? a : b > a || Number.isNaN(b) ? b : a;
  if (reduction === "Min") return Number.isNaN(a) ? a : b < a || Number.isNaN(b) ? b : a;
  if (reduction === "Prod") return dtype === "int32" ? Math.imul(a, b) : Math.fround(a * b);
  return dtype === "int32" ? (a + b) | 0 : Math.fround(a + b);
}

interface Segments {
  /** The row of the data for each entry, and the segment that it belongs to; a negative segment is left out. */
  readonly rows: (entry: number) => number;
  readonly segments: ArrayLike<number>;
  readonly count: number;
  /** The value of segments without any row. */
  readonly empty: number;
}

function reduceSegments(
  node: PlainNode,
  { dtype, data }: NumberTensor,
  rowShape: readonly number[],
  reduction: Reduction,
  { rows, segments, count, empty }: Segments,
): NumberTensor {
  const width = elementCountOf(rowShape);
  const totals = new Float64Array(count * width).fill(neutral(reduction, dtype));
  const sizes = new Int32Array(count);
  for (let entry = 0; entry < segments.length; entry++) {
    const segment = segments[entry]!;
    if (segment < 0) continue;
    if (segment >= count) node.fail(`segments below ${count}, received ${segment}`);
    sizes[segment]!++;
    const from = rows(entry) * width;
    if (!(from >= 0 && from + width <= data.length)) node.fail(`indices of rows that exist, received ${rows(entry)}`);
    const to = segment * width;
    for (let column = 0; column < width; column++)
      totals[to + column] = combine(reduction, dtype, totals[to + column]!, data[from + column]!);
  }
  for (const [segment, size] of sizes.entries()) {
    const divisor = reduction === "Mean" ? size : reduction === "SqrtN" ? Math.sqrt(size) : 1;
    for (let index = segment * width; index < (segment + 1) * width; index++) {
      if (size === 0) totals[index] = empty;
      else if (divisor !== 1) totals[index] = totals[index]! / divisor;
    }
  }
  return numbersOf(dtype, [count, ...rowShape], totals);
}

function reductionOf({ op }: PlainNode): Reduction {
  const [, name] = /Segment(Sum|Mean|SqrtN|Max|Min|Prod)/.exec(op) ?? [];
  return name === "Mean" || name === "SqrtN" || name === "Max" || name === "Min" || name === "Prod" ? name : "Sum";
}

/** Segments in any order, as many as an input says. */
function unsortedSegment(node: PlainNode): PlainTensor {
  const [source, segments, count] = [node.numbers(0), node.ints(1), node.scalar(2)];
  const reduction = reductionOf(node);
  const rowShape = source.shape.slice(segments.shape.length);
  const empty = neutral(reduction, source.dtype);
  return reduceSegments(node, source, rowShape, reduction, {
    rows: (entry) => entry,
    segments: segments.data,
    count,
    empty,
  });
}

/** Segments that rise from row to row. Those without rows give 0, or 1 for products. */
function sortedSegment(node: PlainNode): PlainTensor {
  const [source, segments] = [node.numbers(0), node.ints(1)];
  const reduction = reductionOf(node);
  const count = (segments.data.at(-1) ?? -1) + 1;
  const empty = reduction === "Prod" ? 1 : 0;
  return reduceSegments(node, source, source.shape.slice(1), reduction, {
    rows: (entry) => entry,
    segments: segments.data,
    count,
    empty,
  });
}

/** Segments of rows that are chosen by their indices. */
function sparseSegment(node: PlainNode): PlainTensor {
  const [source, indices, segments] = [node.numbers(0), node.ints(1), node.ints(2)];
  const count = node.op.endsWith("WithNumSegments") ? node.scalar(3) : (segments.data.at(-1) ?? -1) + 1;
  return reduceSegments(node, source, source.shape.slice(1), reductionOf(node), {
    rows: (entry) => indices.data[entry]!,
    segments: segments.data,
    count,
    empty: 0,
  });
}

function each(op: PlainOp, names: readonly string[]): Record<string, PlainOp> {
  return Object.fromEntries(names.map((name) => [name, op]));
}

const KINDS = ["Sum", "Max", "Min", "Prod"];
const SPARSE_KINDS = ["Sum", "Mean", "SqrtN"];

export const SEGMENT_OPS: Readonly<Record<string, PlainOp>> = {
  ...each(
    unsortedSegment,
    KINDS.map((kind) => `UnsortedSegment${kind}`),
  ),
  ...each(
    sortedSegment,
    [...KINDS, "Mean"].map((kind) => `Segment${kind}`),
  ),
  ...each(
    sparseSegment,
    SPARSE_KINDS.map((kind) => `SparseSegment${kind}`),
  ),
  ...each(
    sparseSegment,
    SPARSE_KINDS.map((kind) => `SparseSegment${kind}WithNumSegments`),
  ),
};
