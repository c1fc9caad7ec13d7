import { allocateTensor, sliceRows, viewRows, writeRows } from "./rows.js";
import type { InputTensor, OutputValue, RaggedTensor, Tensor } from "./tensors.js";

/**
 * The tensors of several items: all in one along axis 0, or one tensor per item where their shapes differ.
 * `itemShape` is the shape of a single item's own tensor, with its leading 1 if the model gives one.
 */
export type ItemTensors<T extends InputTensor> =
  | { readonly kind: "dense"; readonly tensor: T; readonly itemShape: readonly number[] }
  | { readonly kind: "ragged"; readonly items: T[] };

/** One output of a shard. */
export type ShardOutput = ItemTensors<Tensor>;

/** All outputs of a shard, by the names of the model's outputs on the wire. */
export type NamedShardOutputs = Record<string, ShardOutput>;

/** The shape of `itemCount` items. A leading 1 is the batch axis; otherwise a new axis 0 is added. */
export function denseShape(itemShape: readonly number[], itemCount: number): number[] {
  return [itemCount, ...(itemShape[0] === 1 ? itemShape.slice(1) : itemShape)];
}

/** Join the tensors of single items: dense if all dtypes and shapes agree, else one by one. `items` is not empty. */
export function joinItems(items: Tensor[]): ShardOutput {
  const first = items[0]!;
  if (!items.every((item) => item.dtype === first.dtype && sameShape(item.shape, first.shape))) {
    return { kind: "ragged", items };
  }
  // A whole batch is a single one, and may be large.
  if (items.length === 1) {
    return { kind: "dense", tensor: { ...first, shape: denseShape(first.shape, 1) }, itemShape: first.shape };
  }
  const tensor = allocateTensor(first.dtype, denseShape(first.shape, items.length));
  items.forEach((item, index) => writeRows(tensor, index, item));
  return { kind: "dense", tensor, itemShape: first.shape };
}

/** Take dense tensors apart again, each item in the shape that the model gave it. */
export function splitItems(output: ShardOutput): readonly Tensor[] {
  if (output.kind === "ragged") return output.items;
  return Array.from({ length: output.tensor.shape[0]! }, (_, row) => itemOf(output, row));
}

/** One item's own tensor, in a buffer of its own if it is cut out of others. */
export function itemOf<T extends InputTensor>(items: ItemTensors<T>, index: number): T {
  if (items.kind === "ragged") return items.items[index]!;
  return { ...sliceRows(items.tensor, index, 1), shape: items.itemShape.slice() };
}

/** One item's own tensor, in the memory of `items`. */
export function viewItem<T extends InputTensor>(items: ItemTensors<T>, index: number): T {
  if (items.kind === "ragged") return items.items[index]!;
  return { ...viewRows(items.tensor, index, 1), shape: items.itemShape.slice() };
}

/** Some of the items, in buffers of their own unless all are wanted. */
export function sliceItems(output: ShardOutput, first: number, count: number): ShardOutput {
  if (output.kind === "ragged") return { kind: "ragged", items: output.items.slice(first, first + count) };
  if (count === output.tensor.shape[0]) return output;
  return { ...output, tensor: sliceRows(output.tensor, first, count) };
}

/** The same items with each tensor in `change`'s place: of its shape and dtype. */
export function mapTensors<T extends InputTensor>(items: ItemTensors<T>, change: (tensor: T) => T): ItemTensors<T> {
  return items.kind === "dense"
    ? { ...items, tensor: change(items.tensor) }
    : { ...items, items: items.items.map(change) };
}

/** The output as the caller receives it. */
export function toOutputValue(output: ShardOutput): OutputValue {
  return output.kind === "dense" ? output.tensor : raggedOf(output.items);
}

/** Tensors that differ in shape, as the caller receives them. */
export function raggedOf(items: Tensor[]): RaggedTensor {
  const [first, ...others] = items.map(({ shape }) => denseShape(shape, 1).slice(1));
  const isOneRank = first !== undefined && others.every((shape) => shape.length === first.length);
  const sizes = isOneRank ? first.map((size, axis) => (others.every((shape) => shape[axis] === size) ? size : -1)) : [];
  return { dtype: "ragged", shape: [items.length, ...sizes], items };
}

/** The tensors inside, for the list of transferables. */
export function tensorsOf<T extends InputTensor>(items: ItemTensors<T>): readonly T[] {
  return items.kind === "dense" ? [items.tensor] : items.items;
}

export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}
