import { ShardError, type InputTensor, type Tensor, type TensorSpec } from "../../../index.js";

/**
 * Give the tensor of a file the shape and dtype that a model's input has: add the batch axis to a single item, fold the columns of a table
 * into an item's axes, and turn whole numbers into floats and back where nothing is lost.
 * @param isTable whether the tensor is [rows, columns] of a table.
 * @throws ShardError "invalid-input" with the shape that was expected and the one that was received.
 */
export function fitTensor(tensor: Tensor, spec: TensorSpec, name: string, isTable: boolean): InputTensor {
  return withDtype(withShape(tensor, spec, name, isTable), spec, name);
}

/** Rows of a tensor for an input: 1 for one that has no batch. */
export function itemCountOf({ shape }: InputTensor, spec: TensorSpec): number {
  return isBatched(spec) ? (shape[0] ?? 1) : 1;
}

/** Inputs whose axis 0 is free, or fixed at one item, have a row for each item. */
export function isBatched({ shape, batched }: TensorSpec): boolean {
  return batched !== false && (shape === undefined || shape[0] === -1 || shape[0] === 1);
}

function withShape(tensor: Tensor, spec: TensorSpec, name: string, isTable: boolean): Tensor {
  if (spec.shape === undefined) return tensor;
  const wanted = isBatched(spec) ? [-1, ...spec.shape.slice(1)] : spec.shape;
  if (fits(tensor.shape, wanted)) return tensor;
  const single = [1, ...tensor.shape];
  if (isBatched(spec) && fits(single, wanted)) return { ...tensor, shape: single };
  const folded = isTable ? foldedShape(tensor.shape, wanted) : undefined;
  if (folded !== undefined) return { ...tensor, shape: folded };
  const canFold = isTable && isBatched(spec) && wanted.slice(1).filter((size) => size === -1).length <= 1;
  const columns = canFold ? ` or a table with ${columnsOf(wanted)} columns` : "";
  throw new ShardError(
    "invalid-input",
    `Expected ${describe(wanted)} for input "${spec.name}"${columns}, received ${describe(tensor.shape)} in ${name}: ${
      canFold
        ? "write one item per row, its values in row-major order"
        : isTable
          ? "save it as an array of this shape with numpy.save"
          : "reshape it, with one item per row"
    }.`,
  );
}

function fits(shape: readonly number[], wanted: readonly number[]): boolean {
  return shape.length === wanted.length && wanted.every((size, axis) => size === -1 || size === shape[axis]);
}

/** [rows, columns] as [rows, …item], where at most one size of the item is free. */
function foldedShape([rows = 0, columns = 0]: readonly number[], wanted: readonly number[]): number[] | undefined {
  // One value per item, or an input without a batch.
  if (wanted.length === 1) return columns === 1 && (wanted[0] === -1 || wanted[0] === rows) ? [rows] : undefined;
  const item = wanted.slice(1);
  const known = item.filter((size) => size !== -1).reduce((product, size) => product * size, 1);
  const free = item.filter((size) => size === -1).length;
  if (free > 1 || known === 0 || columns % known !== 0 || (free === 0 && columns !== known)) return undefined;
  if (wanted[0] !== -1 && wanted[0] !== rows) return undefined;
  return [rows, ...item.map((size) => (size === -1 ? columns / known : size))];
}

function columnsOf(wanted: readonly number[]): string {
  const item = wanted.slice(1);
  const known = item.filter((size) => size !== -1).reduce((product, size) => product * size, 1);
  return item.includes(-1) ? `a multiple of ${known}` : String(known);
}

function describe(shape: readonly number[]): string {
  return `shape [${shape.map((size, axis) => (size !== -1 ? size : axis === 0 ? "items" : "any")).join(", ")}]`;
}

function withDtype(tensor: Tensor, { dtype, name: input }: TensorSpec, name: string): InputTensor {
  if (tensor.dtype === dtype) return tensor;
  const { shape } = tensor;
  if (tensor.dtype === "string" || dtype === "string") {
    throw mismatch(input, dtype, tensor.dtype === "string" ? "texts" : "numbers", name);
  }
  const { data } = tensor;
  if (dtype === "float32") return { dtype, shape, data: new Float32Array(data) };
  const odd = data.find((value) => (dtype === "bool" ? value !== 0 && value !== 1 : value !== (value | 0)));
  if (odd !== undefined) throw mismatch(input, dtype, String(odd), name);
  return dtype === "bool"
    ? { dtype, shape, data: new Uint8Array(data) }
    : { dtype: "int32", shape, data: new Int32Array(data) };
}

const KINDS = { float32: "numbers", int32: "whole numbers (int32)", bool: "0 and 1 (bool)", string: "texts" } as const;

function mismatch(input: string, dtype: TensorSpec["dtype"], received: string, name: string): ShardError {
  return new ShardError(
    "invalid-input",
    `Expected ${KINDS[dtype]} for input "${input}", received ${received} in ${name}: choose a file that holds them.`,
  );
}
