import { elementCountOf } from "../../../../src/protocol/tensors.js";
import type { PlainNode, PlainOp } from "./plain-node.js";
import { ints, pick, sizeOf, type PlainTensor } from "./plain-tensor.js";
import { axisOf, stridesOf, walk } from "./strides.js";

type Value = number | string;

/** The elements, for comparison. −0 and 0 are one value, and NaN is none. */
function valuesOf(node: PlainNode, tensor: PlainTensor): ArrayLike<Value> {
  return tensor.dtype === "complex64" ? node.refuse("complex numbers") : tensor.data;
}

/** Distinct elements of a vector, or slices along an axis, in the order in which they appear first. */
function unique(node: PlainNode): PlainTensor[] {
  const source = node.input(0);
  const given = node.op.endsWith("V2") ? node.ints(1).data[0] : undefined;
  const axis = axisOf(given ?? 0, source.shape.length);
  const length = source.shape[axis] ?? node.fail("a vector, or an axis");
  const sliceShape = source.shape.map((size, each) => (each === axis ? 1 : size));
  const strides = stridesOf(source.shape);
  const within = walk(sliceShape, strides);
  const values = valuesOf(node, source);
  const numbers = new Map<Value, number>();
  const firsts: number[] = [];
  const counts: number[] = [];
  const ids = Int32Array.from({ length }, (_, position) => {
    const at = (index: number): Value => values[index + position * strides[axis]!]!;
    const value = within.length === 1 ? at(0) : Array.from(within, (index) => normalised(at(index))).join("\u0100");
    // A NaN differs from every other.
    const known = Number.isNaN(value) ? undefined : numbers.get(normalised(value));
    const id = known ?? firsts.push(position) - 1;
    numbers.set(normalised(value), id);
    counts[id] = (counts[id] ?? 0) + 1;
    return id;
  });
  const shape = source.shape.map((size, each) => (each === axis ? firsts.length : size));
  const positions = walk(
    shape,
    shape.map((_, each) => (each === axis ? 1 : 0)),
  );
  const inFirst = walk(
    shape,
    strides.map((stride, each) => (each === axis ? 0 : stride)),
  );
  const from = inFirst.map((index, element) => index + firsts[positions[element]!]! * strides[axis]!);
  const outputs = [pick(source, shape, from), ints([length], ids)];
  return node.op.startsWith("UniqueWithCounts") ? [...outputs, ints([firsts.length], counts)] : outputs;
}

function normalised(value: Value): Value {
  return value === 0 ? 0 : value;
}

/** The elements of the first vector that are not in the second, and where they are. */
function listDiff(node: PlainNode): PlainTensor[] {
  const [x, y] = [node.input(0), node.input(1)];
  const without = new Set(Array.from(valuesOf(node, y), normalised));
  const values = valuesOf(node, x);
  const kept = Array.from({ length: sizeOf(x) }, (_, index) => index).filter(
    (index) => Number.isNaN(values[index]) || !without.has(normalised(values[index]!)),
  );
  return [pick(x, [kept.length], kept), ints([kept.length], kept)];
}

/** Sets as rows: the values in each group, by the group's position along all axes but the last. */
interface Rows {
  readonly groupShape: readonly number[];
  readonly sets: ReadonlyMap<number, ReadonlyMap<Value, number>>;
  /** Where the values are picked from. */
  readonly source: PlainTensor;
}

function denseRows(node: PlainNode, source: PlainTensor): Rows {
  const width = source.shape.at(-1) ?? node.fail("inputs with at least one axis");
  const values = valuesOf(node, source);
  const sets = new Map<number, Map<Value, number>>();
  for (let index = 0; index < sizeOf(source); index++) addTo(sets, Math.floor(index / width), values[index]!, index);
  return { groupShape: source.shape.slice(0, -1), sets, source };
}

function sparseRows(node: PlainNode, first: number): Rows {
  const [indices, source, shape] = [node.ints(first), node.input(first + 1), node.ints(first + 2)];
  const groupShape = Array.from(shape.data.slice(0, -1));
  const strides = stridesOf(groupShape);
  const rank = shape.data.length;
  const values = valuesOf(node, source);
  const sets = new Map<number, Map<Value, number>>();
  for (let entry = 0; entry < values.length; entry++) {
    const group = strides.reduce((sum, stride, axis) => sum + stride * indices.data[entry * rank + axis]!, 0);
    addTo(sets, group, values[entry]!, entry);
  }
  return { groupShape, sets, source };
}

function addTo(sets: Map<number, Map<Value, number>>, group: number, value: Value, index: number): void {
  const set = sets.get(group) ?? new Map<Value, number>();
  sets.set(group, set.set(value, index));
}

const EMPTY: ReadonlyMap<Value, number> = new Map();

/** Union, intersection or difference of the sets in the rows of two inputs, as a sparse tensor with ordered rows. */
function setOperation(node: PlainNode): PlainTensor[] {
  const isSparse = node.op === "SparseToSparseSetOperation";
  const a = isSparse ? sparseRows(node, 0) : denseRows(node, node.input(0));
  const b = isSparse
    ? sparseRows(node, 3)
    : node.op === "DenseToSparseSetOperation"
      ? sparseRows(node, 1)
      : denseRows(node, node.input(1));
  const kind = node.text("set_operation").toLowerCase();
  const groupCount = a.groupShape.reduce((product, size) => product * size, 1);
  const strides = stridesOf(a.groupShape);
  const indices: number[] = [];
  const chosen: Value[] = [];
  let width = 0;
  for (let group = 0; group < groupCount; group++) {
    const result = combine(kind, a.sets.get(group) ?? EMPTY, b.sets.get(group) ?? EMPTY) ?? node.refuse(`"${kind}"`);
    result.sort((one, other) => (one < other ? -1 : 1));
    width = Math.max(width, result.length);
    for (const [position, value] of result.entries()) {
      for (const [axis, size] of a.groupShape.entries()) indices.push(Math.floor(group / strides[axis]!) % size);
      indices.push(position);
      chosen.push(value);
    }
  }
  const rank = a.groupShape.length + 1;
  return [ints([chosen.length, rank], indices), withValues(a.source, chosen), ints([rank], [...a.groupShape, width])];
}

function combine(kind: string, a: ReadonlyMap<Value, number>, b: ReadonlyMap<Value, number>): Value[] | undefined {
  if (kind === "a-b") return [...a.keys()].filter((value) => !b.has(value));
  if (kind === "b-a") return [...b.keys()].filter((value) => !a.has(value));
  if (kind === "intersection") return [...a.keys()].filter((value) => b.has(value));
  return kind === "union" ? [...new Set([...a.keys(), ...b.keys()])] : undefined;
}

function withValues(like: PlainTensor, values: readonly Value[]): PlainTensor {
  if (like.dtype === "string") return { dtype: "string", shape: [values.length], data: values.map(String) };
  return ints([values.length], values.map(Number));
}

/** How many distinct values each row of a sparse tensor has. */
function setSize(node: PlainNode): PlainTensor {
  const { groupShape, sets } = sparseRows(node, 0);
  const groupCount = groupShape.reduce((product, size) => product * size, 1);
  return ints(
    groupShape,
    Array.from({ length: groupCount }, (_, group) => sets.get(group)?.size ?? 0),
  );
}

/** The places of all elements but zeros and empty strings, row by row. */
function where(node: PlainNode): PlainTensor {
  const { dtype, shape, data } = node.input(0);
  const isSet = (index: number): boolean =>
    dtype === "complex64"
      ? data[2 * index] !== 0 || data[2 * index + 1] !== 0
      : data[index] !== 0 && data[index] !== "";
  const strides = stridesOf(shape);
  const places: number[] = [];
  let count = 0;
  for (let index = 0; index < elementCountOf(shape); index++) {
    if (!isSet(index)) continue;
    count++;
    for (const [axis, stride] of strides.entries()) places.push(Math.floor(index / stride) % shape[axis]!);
  }
  return ints([count, shape.length], places);
}

export const SET_OPS: Readonly<Record<string, PlainOp>> = {
  Where: where,
  Unique: unique,
  UniqueV2: unique,
  UniqueWithCounts: unique,
  UniqueWithCountsV2: unique,
  ListDiff: listDiff,
  DenseToDenseSetOperation: setOperation,
  DenseToSparseSetOperation: setOperation,
  SparseToSparseSetOperation: setOperation,
  SetSize: setSize,
};
