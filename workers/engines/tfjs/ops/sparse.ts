import { elementCountOf } from "../../../../src/protocol/tensors.js";
import { joined } from "./partition.js";
import type { PlainNode, PlainOp } from "./plain-node.js";
import { bools, ints, numbersOf, pick, type PlainTensor } from "./plain-tensor.js";
import { combine } from "./segments.js";
import { axisOf, resolveShape, stridesOf } from "./strides.js";

/** A sparse tensor as three dense ones: `indices` [entries, rank], `values` [entries], `shape` [rank]. */
interface Sparse {
  readonly indices: Int32Array;
  readonly values: PlainTensor;
  readonly shape: readonly number[];
}

function sparseInput(node: PlainNode, first: number): Sparse {
  return {
    indices: node.ints(first).data,
    values: node.input(first + 1),
    shape: Array.from(node.ints(first + 2).data),
  };
}

/** The given entries of a sparse tensor, each with its place. */
function picked(
  values: PlainTensor,
  entries: readonly number[],
  places: readonly (readonly number[])[],
  rank: number,
): PlainTensor[] {
  return [ints([entries.length, rank], places.flat()), pick(values, [entries.length], entries)];
}

function placeOf(indices: Int32Array, rank: number, entry: number): number[] {
  return Array.from(indices.subarray(entry * rank, (entry + 1) * rank));
}

/** Adds one entry with the default value to each row that has none, and orders the entries by row. */
function sparseFillEmptyRows(node: PlainNode): PlainTensor[] {
  const { indices, values, shape } = sparseInput(node, 0);
  const fallback = node.input(3);
  const rank = shape.length;
  const rows: number[][] = Array.from({ length: shape[0] ?? 0 }, () => []);
  const count = elementCountOf(values.shape);
  for (let entry = 0; entry < count; entry++)
    (rows[indices[entry * rank]!] ?? node.fail("rows that exist")).push(entry);
  const entries: number[] = [];
  const places: number[][] = [];
  const reverse = new Int32Array(count);
  for (const [row, own] of rows.entries()) {
    if (own.length === 0) {
      entries.push(count);
      places.push([row, ...Array.from({ length: rank - 1 }, () => 0)]);
    }
    for (const entry of own) {
      reverse[entry] = entries.length;
      entries.push(entry);
      places.push(placeOf(indices, rank, entry));
    }
  }
  const empty = bools(
    [rows.length],
    rows.map(({ length }) => length === 0),
  );
  const all = joined(node, [values, fallback]);
  return [...picked(all, entries, places, rank), empty, ints([count], reverse)];
}

function sparseReshape(node: PlainNode): PlainTensor[] {
  const [indices, shape] = [node.ints(0), Array.from(node.ints(1).data)];
  const target = resolveShape(Array.from(node.ints(2).data), elementCountOf(shape));
  const [from, to] = [stridesOf(shape), stridesOf(target)];
  const places: number[] = [];
  for (let entry = 0; entry < indices.shape[0]!; entry++) {
    let at = from.reduce((sum, stride, axis) => sum + stride * indices.data[entry * shape.length + axis]!, 0);
    for (const stride of to) {
      places.push(Math.floor(at / stride));
      at %= stride;
    }
  }
  return [ints([indices.shape[0]!, target.length], places), ints([target.length], target)];
}

/** The entries in the order of their places, row by row. */
function sparseReorder(node: PlainNode): PlainTensor[] {
  const { indices, values, shape } = sparseInput(node, 0);
  const entries = Array.from({ length: elementCountOf(values.shape) }, (_, entry) => entry);
  const places = entries.map((entry) => placeOf(indices, shape.length, entry));
  entries.sort((a, b) => comparePlaces(places[a]!, places[b]!));
  return picked(
    values,
    entries,
    entries.map((entry) => places[entry]!),
    shape.length,
  );
}

function comparePlaces(a: readonly number[], b: readonly number[]): number {
  const axis = a.findIndex((index, each) => index !== b[each]);
  return axis < 0 ? 0 : a[axis]! - b[axis]!;
}

function sparseSlice(node: PlainNode): PlainTensor[] {
  const { indices, values, shape } = sparseInput(node, 0);
  const [start, size] = [node.ints(3).data, node.ints(4).data];
  const rank = shape.length;
  const outShape = shape.map((each, axis) => Math.max(0, Math.min(size[axis]!, each - start[axis]!)));
  const entries: number[] = [];
  const places: number[][] = [];
  for (let entry = 0; entry < elementCountOf(values.shape); entry++) {
    const place = placeOf(indices, rank, entry).map((index, axis) => index - start[axis]!);
    if (!place.every((index, axis) => index >= 0 && index < outShape[axis]!)) continue;
    entries.push(entry);
    places.push(place);
  }
  return [...picked(values, entries, places, rank), ints([rank], outShape)];
}

function sparseConcat(node: PlainNode): PlainTensor[] {
  const count = node.number("N", node.inputs.length / 3);
  const parts = Array.from({ length: count }, (_, part) => ({
    indices: node.ints(part).data,
    values: node.input(count + part),
    shape: Array.from(node.ints(2 * count + part).data),
  }));
  const first = parts[0] ?? node.fail("inputs");
  const rank = first.shape.length;
  const axis = axisOf(node.number("concat_dim"), rank);
  const places: number[][] = [];
  let offset = 0;
  for (const { indices, values, shape } of parts) {
    for (let entry = 0; entry < elementCountOf(values.shape); entry++) {
      const place = placeOf(indices, rank, entry);
      places.push(place.with(axis, place[axis]! + offset));
    }
    offset += shape[axis]!;
  }
  const order = places.map((_, entry) => entry).sort((a, b) => comparePlaces(places[a]!, places[b]!));
  const values = joined(
    node,
    parts.map((part) => part.values),
  );
  const shape = ints([rank], first.shape.with(axis, offset));
  return [
    ...picked(
      values,
      order,
      order.map((entry) => places[entry]!),
      rank,
    ),
    shape,
  ];
}

function sparseToDense(node: PlainNode): PlainTensor {
  const [indices, shape] = [node.ints(0), Array.from(node.ints(1).data)];
  const [values, fallback] = [node.input(2), node.input(3)];
  const strides = stridesOf(shape);
  const rank = shape.length;
  const count = indices.shape.length === 2 ? indices.shape[0]! : rank === 1 ? indices.data.length : 1;
  const valueCount = elementCountOf(values.shape);
  const from = new Int32Array(elementCountOf(shape)).fill(valueCount);
  for (let entry = 0; entry < count; entry++) {
    const place = strides.reduce((sum, stride, axis) => sum + stride * indices.data[entry * rank + axis]!, 0);
    if (!(place >= 0 && place < from.length)) node.fail("indices inside its shape");
    from[place] = values.shape.length === 0 ? 0 : entry;
  }
  return pick(joined(node, [values, fallback]), shape, from);
}

/** A sparse matrix times a dense one. */
function sparseMatMul(node: PlainNode): PlainTensor {
  const { indices, values, shape } = sparseInput(node, 0);
  const b = node.numbers(3);
  if (values.dtype === "string" || values.dtype === "complex64") return node.refuse(`elements of type ${values.dtype}`);
  const [adjointA, adjointB] = [node.flag("adjoint_a"), node.flag("adjoint_b")];
  const rows = shape[adjointA ? 1 : 0]!;
  const columns = b.shape[adjointB ? 0 : 1]!;
  const totals = new Float64Array(rows * columns);
  for (const [entry, value] of values.data.entries()) {
    const row = indices[2 * entry + (adjointA ? 1 : 0)]!;
    const inner = indices[2 * entry + (adjointA ? 0 : 1)]!;
    for (let column = 0; column < columns; column++) {
      const other = b.data[adjointB ? column * b.shape[1]! + inner : inner * columns + column]!;
      const at = row * columns + column;
      totals[at] = combine("Sum", b.dtype, totals[at]!, combine("Prod", b.dtype, value, other));
    }
  }
  return numbersOf(b.dtype, [rows, columns], totals);
}

/** The sum or the maximum of the entries along some axes; 0 where there are none. */
function sparseReduce(node: PlainNode): PlainTensor {
  const { indices, values, shape } = sparseInput(node, 0);
  if (values.dtype === "string" || values.dtype === "complex64") return node.refuse(`elements of type ${values.dtype}`);
  const rank = shape.length;
  const axes = new Set(Array.from(node.ints(3).data, (axis) => axisOf(axis, rank)));
  const kept = shape.map((size, axis) => (axes.has(axis) ? 1 : size));
  const strides = stridesOf(kept);
  const reduction = node.op === "SparseReduceMax" ? "Max" : "Sum";
  const totals = new Map<number, number>();
  for (const [entry, value] of values.data.entries()) {
    const at = strides.reduce(
      (sum, stride, axis) => sum + (axes.has(axis) ? 0 : stride * indices[entry * rank + axis]!),
      0,
    );
    const before = totals.get(at);
    totals.set(at, before === undefined ? value : combine(reduction, values.dtype, before, value));
  }
  const data = Array.from({ length: elementCountOf(kept) }, (_, at) => totals.get(at) ?? 0);
  return numbersOf(values.dtype, node.flag("keep_dims") ? kept : shape.filter((_, axis) => !axes.has(axis)), data);
}

/** A sparse tensor cut into equal parts along an axis; the first ones are longer by one if it doesn't divide. */
function sparseSplit(node: PlainNode): PlainTensor[] {
  const { indices, values, shape } = sparseInput(node, 1);
  const rank = shape.length;
  const axis = axisOf(node.scalar(0), rank);
  const count = node.number("num_split");
  const [size, longer] = [Math.floor(shape[axis]! / count), shape[axis]! % count];
  const parts = Array.from({ length: count }, (_, part) => {
    const start = part * size + Math.min(part, longer);
    const length = size + (part < longer ? 1 : 0);
    const entries: number[] = [];
    const places: number[][] = [];
    for (let entry = 0; entry < elementCountOf(values.shape); entry++) {
      const place = placeOf(indices, rank, entry);
      const at = place[axis]! - start;
      if (at < 0 || at >= length) continue;
      entries.push(entry);
      places.push(place.with(axis, at));
    }
    return [...picked(values, entries, places, rank), ints([rank], shape.with(axis, length))];
  });
  return [0, 1, 2].flatMap((output) => parts.map((part) => part[output]!));
}

export const SPARSE_OPS: Readonly<Record<string, PlainOp>> = {
  SparseFillEmptyRows: sparseFillEmptyRows,
  SparseReshape: sparseReshape,
  SparseReorder: sparseReorder,
  SparseSlice: sparseSlice,
  SparseConcat: sparseConcat,
  SparseToDense: sparseToDense,
  SparseTensorDenseMatMul: sparseMatMul,
  SparseReduceSum: sparseReduce,
  SparseReduceMax: sparseReduce,
  SparseSplit: sparseSplit,
};
