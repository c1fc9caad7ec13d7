import { elementCountOf } from "../../../../src/protocol/tensors.js";
import type { PlainNode, PlainOp } from "./plain-node.js";
import { ints, numbersOf, type NumberTensor, type PlainTensor } from "./plain-tensor.js";
import { combine } from "./segments.js";
import { broadcastIndices, stridesOf } from "./strides.js";

interface SparseNumbers {
  /** Where each entry lies in the dense tensor, row by row. */
  readonly places: readonly number[];
  readonly values: NumberTensor;
  readonly shape: readonly number[];
}

function sparseInput(node: PlainNode, first: number): SparseNumbers {
  const [indices, values, shape] = [
    node.ints(first).data,
    node.numbers(first + 1),
    Array.from(node.ints(first + 2).data),
  ];
  const strides = stridesOf(shape);
  const places = Array.from(values.data, (_, entry) =>
    strides.reduce((sum, stride, axis) => sum + stride * indices[entry * shape.length + axis]!, 0),
  );
  return { places, values, shape };
}

/**
 * Entries of two sparse tensors at the same places become one, others meet 0. The result is in the order of the places.
 * @param least where both have an entry, a smaller result is left out.
 */
function merged(node: PlainNode, meet: (a: number, b: number) => number, least: number): PlainTensor[] {
  const [a, b] = [sparseInput(node, 0), sparseInput(node, 3)];
  const results = new Map(a.places.map((place, entry) => [place, meet(a.values.data[entry]!, 0)]));
  const own = new Map(a.places.map((place, entry) => [place, a.values.data[entry]!]));
  for (const [entry, place] of b.places.entries()) {
    const result = meet(own.get(place) ?? 0, b.values.data[entry]!);
    if (own.has(place) && Math.abs(result) < least) results.delete(place);
    else results.set(place, result);
  }
  const kept = [...results].sort(([one], [other]) => one - other);
  const strides = stridesOf(a.shape);
  const places = kept.flatMap(([place]) => a.shape.map((size, axis) => Math.floor(place / strides[axis]!) % size));
  const values = numbersOf(
    a.values.dtype,
    [kept.length],
    kept.map(([, value]) => value),
  );
  return [ints([kept.length, a.shape.length], places), values, ints([a.shape.length], a.shape)];
}

function sparseAdd(node: PlainNode): PlainTensor[] {
  const { dtype } = node.numbers(1);
  return merged(node, (a, b) => combine("Sum", dtype, a, b), node.scalar(6));
}

function sparseExtreme(node: PlainNode): PlainTensor[] {
  const pick = node.op === "SparseSparseMaximum" ? Math.max : Math.min;
  return merged(node, pick, 0).slice(0, 2);
}

function sparsePlusDense(node: PlainNode): PlainTensor {
  const { places, values } = sparseInput(node, 0);
  const { dtype, shape, data } = node.numbers(3);
  const totals = Float64Array.from(data);
  for (const [entry, place] of places.entries())
    totals[place] = combine("Sum", dtype, totals[place]!, values.data[entry]!);
  return numbersOf(dtype, shape, totals);
}

/** The values of a sparse tensor with those of a dense one at the same places; the dense one broadcasts. */
function withDense(node: PlainNode): PlainTensor {
  const { places, values, shape } = sparseInput(node, 0);
  const dense = node.numbers(3);
  const at = broadcastIndices(dense.shape, shape);
  const { dtype } = values;
  const meet = (a: number, b: number): number => {
    if (node.op.endsWith("Div")) return dtype === "int32" ? Math.trunc(a / b) : a / b;
    return combine(node.op.endsWith("Mul") ? "Prod" : "Sum", dtype, a, b);
  };
  const results = places.map((place, entry) => meet(values.data[entry]!, dense.data[at[place]!]!));
  return numbersOf(dtype, [results.length], results);
}

/** Over the stored entries of each row. */
function sparseSoftmax(node: PlainNode): PlainTensor {
  const { places, values, shape } = sparseInput(node, 0);
  const width = shape.at(-1) ?? 1;
  const rows = new Map<number, number[]>();
  for (const [entry, place] of places.entries()) {
    const row = Math.floor(place / width);
    rows.set(row, [...(rows.get(row) ?? []), entry]);
  }
  const results = new Float64Array(places.length);
  for (const entries of rows.values()) {
    const largest = entries.reduce((most, entry) => Math.max(most, values.data[entry]!), -Infinity);
    const total = entries.reduce((sum, entry) => sum + Math.exp(values.data[entry]! - largest), 0);
    for (const entry of entries) results[entry] = Math.exp(values.data[entry]! - largest) / total;
  }
  return numbersOf(values.dtype, [elementCountOf(values.shape)], results);
}

export const SPARSE_ARITHMETIC_OPS: Readonly<Record<string, PlainOp>> = {
  SparseAdd: sparseAdd,
  SparseSparseMaximum: sparseExtreme,
  SparseSparseMinimum: sparseExtreme,
  SparseTensorDenseAdd: sparsePlusDense,
  SparseDenseCwiseAdd: withDense,
  SparseDenseCwiseMul: withDense,
  SparseDenseCwiseDiv: withDense,
  SparseSoftmax: sparseSoftmax,
};
