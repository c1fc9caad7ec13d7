import { allocateTensor, sliceRows, writeRows } from "./rows.js";
import type { OutputValue, Tensor } from "./tensors.js";

/**
 * One output of a shard: all its items in one tensor, or one tensor per item if their shapes differ.
 * `itemShape` is the shape of the tensor that the model returns for a single item, with a leading 1 if the model adds one.
 */
export type ShardOutput =
  | { readonly kind: "dense"; readonly tensor: Tensor; readonly itemShape: readonly number[] }
  | { readonly kind: "ragged"; readonly items: Tensor[] };

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
  const tensor = allocateTensor(first.dtype, denseShape(first.shape, items.length));
  items.forEach((item, index) => writeRows(tensor, index, item));
  return { kind: "dense", tensor, itemShape: first.shape };
}

/** Split a dense output into items again, each in the shape that the model returned. */
export function splitItems(output: ShardOutput): Tensor[] {
  if (output.kind === "ragged") return output.items;
  const { tensor, itemShape } = output;
  return Array.from({ length: tensor.shape[0]! }, (_, row) => ({
    ...sliceRows(tensor, row, 1),
    shape: itemShape.slice(),
  }));
}

/** The output as the caller receives it. */
export function toOutputValue(output: ShardOutput): OutputValue {
  return output.kind === "dense" ? output.tensor : output.items;
}

/** The tensors in an output, for the list of transferables. */
export function tensorsOf(output: ShardOutput): Tensor[] {
  return output.kind === "dense" ? [output.tensor] : output.items;
}

export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}
