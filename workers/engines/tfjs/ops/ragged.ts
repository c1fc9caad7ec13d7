import { elementCountOf } from "../../../../src/protocol/tensors.js";
import { joined } from "./partition.js";
import type { PlainNode, PlainOp } from "./plain-node.js";
import { ints, numbersOf, pick, type PlainTensor } from "./plain-tensor.js";
import { broadcastIndices, stridesOf } from "./strides.js";

/** Where each row of a ragged axis begins, and the end of the last. */
type Splits = ArrayLike<number>;

/** Rows as splits. The file states them as splits, or as the number of the row that each value belongs to. */
function splitsOf(node: PlainNode, kind: string, data: Int32Array, rowCount: number): number[] {
  if (kind === "ROW_SPLITS") return Array.from(data);
  if (kind !== "VALUE_ROWIDS") return node.refuse(`rows stated as ${kind}`);
  const splits = Array.from({ length: rowCount + 1 }, () => 0);
  for (const row of data) splits[row + 1]!++;
  for (let row = 0; row < rowCount; row++) splits[row + 1]! += splits[row]!;
  return splits;
}

/** A dense tensor, each row filled up with the default value or cut. A size of −1 is that of the longest row. */
function raggedTensorToTensor(node: PlainNode): PlainTensor {
  const [wanted, values, fallback] = [Array.from(node.ints(0).data), node.input(1), node.input(2)];
  const kinds = node.texts("row_partition_types");
  const first = kinds[0] === "FIRST_DIM_SIZE" ? 1 : 0;
  const partitions: Splits[] = [];
  let rowCount = first === 1 ? node.scalar(3) : Math.max(0, node.ints(3).data.length - 1);
  for (const [index, kind] of kinds.slice(first).entries()) {
    const splits = splitsOf(node, kind, node.ints(3 + first + index).data, rowCount);
    partitions.push(splits);
    rowCount = splits.at(-1) ?? 0;
  }
  const innerShape = values.shape.slice(1);
  const width = elementCountOf(innerShape);
  const outer = (partitions[0]?.length ?? 1) - 1;
  const longest = partitions.map((splits) => {
    let size = 0;
    for (let row = 1; row < splits.length; row++) size = Math.max(size, splits[row]! - splits[row - 1]!);
    return size;
  });
  const natural = [outer, ...longest, ...innerShape];
  const hasShape = wanted.length === natural.length;
  const shape = natural.map((size, axis) => (hasShape && wanted[axis]! >= 0 ? wanted[axis]! : size));
  if (hasShape && innerShape.some((size, axis) => shape[1 + partitions.length + axis] !== size))
    return node.refuse("a shape that cuts or pads the inner axes");
  const raggedShape = shape.slice(0, 1 + partitions.length);
  const strides = stridesOf(raggedShape);
  const valueCount = elementCountOf(values.shape);
  const fallbackIndices = broadcastIndices(fallback.shape, innerShape);
  const from = new Int32Array(elementCountOf(raggedShape) * width);
  for (let cell = 0; cell * width < from.length; cell++) {
    const row = valueRowAt(
      partitions,
      raggedShape.map((size, axis) => Math.floor(cell / strides[axis]!) % size),
    );
    for (let offset = 0; offset < width; offset++)
      from[cell * width + offset] = row === undefined ? valueCount + fallbackIndices[offset]! : row * width + offset;
  }
  return pick(joined(node, [values, fallback]), shape, from);
}

/** The row of the values at a place; `undefined` beyond the end of a row. */
function valueRowAt(partitions: readonly Splits[], place: readonly number[]): number | undefined {
  let row = place[0]!;
  for (const [axis, splits] of partitions.entries()) {
    if (row + 1 >= splits.length) return undefined;
    const at = splits[row]! + place[axis + 1]!;
    if (at >= splits[row + 1]!) return undefined;
    row = at;
  }
  return row;
}

/** Python's range for each start, limit and step; each may be one for all rows. */
function raggedRange(node: PlainNode): PlainTensor[] {
  const [starts, limits, steps] = [node.numbers(0), node.numbers(1), node.numbers(2)];
  const rows = Math.max(...[starts, limits, steps].map(({ shape, data }) => (shape.length === 0 ? 1 : data.length)));
  const at = ({ shape, data }: typeof starts, row: number): number => data[shape.length === 0 ? 0 : row]!;
  const values: number[] = [];
  const splits = [0];
  for (let row = 0; row < rows; row++) {
    const [start, step] = [at(starts, row), at(steps, row)];
    if (step === 0) node.fail("steps other than 0");
    const size = Math.max(0, Math.ceil((at(limits, row) - start) / step));
    for (let each = 0; each < size; each++) values.push(start + each * step);
    splits.push(values.length);
  }
  return [ints([splits.length], splits), numbersOf(starts.dtype, [values.length], values)];
}

/** Rows of a ragged tensor, for each index: splits of each ragged axis, and values. */
function raggedGather(node: PlainNode): PlainTensor[] {
  const depth = node.number("PARAMS_RAGGED_RANK", 1);
  const nested = Array.from({ length: depth }, (_, each) => node.ints(each).data);
  const [values, indices] = [node.input(depth), node.ints(depth + 1)];
  const outer: number[][] = [];
  // Axes of the indices beyond the first have rows of one length.
  for (const [axis, size] of indices.shape.slice(1).entries()) {
    const rows = elementCountOf(indices.shape.slice(0, axis + 1));
    outer.push(Array.from({ length: rows + 1 }, (_, row) => row * size));
  }
  let rows = Array.from(indices.data);
  for (const splits of nested) {
    const ends = [0];
    const next: number[] = [];
    for (const row of rows) {
      if (row < 0 || row + 1 >= splits.length) node.fail(`indices below ${splits.length - 1}, received ${row}`);
      for (let each = splits[row]!; each < splits[row + 1]!; each++) next.push(each);
      ends.push(next.length);
    }
    outer.push(ends);
    rows = next;
  }
  const inner = values.shape.slice(1);
  const width = elementCountOf(inner);
  const from = rows.flatMap((row) => Array.from({ length: width }, (_, offset) => row * width + offset));
  return [...outer.map((splits) => ints([splits.length], splits)), pick(values, [rows.length, ...inner], from)];
}

/** A ragged tensor as a sparse one. */
function raggedTensorToSparse(node: PlainNode): PlainTensor[] {
  const depth = node.number("RAGGED_RANK", node.inputs.length - 1);
  const nested = Array.from({ length: depth }, (_, each) => Array.from(node.ints(each).data));
  const values = node.input(depth);
  const inner = values.shape.slice(1);
  const sizes = nested.map((splits) =>
    splits.slice(1).reduce((most, end, row) => Math.max(most, end - splits[row]!), 0),
  );
  const shape = [nested[0]!.length - 1, ...sizes, ...inner];
  let places: number[][] = Array.from({ length: shape[0]! }, (_, row) => [row]);
  for (const splits of nested)
    places = places.flatMap((place, row) =>
      Array.from({ length: splits[row + 1]! - splits[row]! }, (_, column) => [...place, column]),
    );
  const strides = stridesOf(inner);
  const cells = Array.from({ length: elementCountOf(inner) }, (_, cell) =>
    inner.map((size, axis) => Math.floor(cell / strides[axis]!) % size),
  );
  const all = places.flatMap((place) => cells.map((cell) => [...place, ...cell]));
  return [
    ints([all.length, shape.length], all.flat()),
    { ...values, shape: [all.length] },
    ints([shape.length], shape),
  ];
}

export const RAGGED_OPS: Readonly<Record<string, PlainOp>> = {
  RaggedTensorToTensor: raggedTensorToTensor,
  RaggedRange: raggedRange,
  RaggedGather: raggedGather,
  RaggedTensorToSparse: raggedTensorToSparse,
};
