import { elementCountOf, type InputTensor, type Tensor } from "./tensors.js";

/** Copy rows `first … first + count - 1` of axis 0 into a buffer of their own. O(rows copied). */
export function sliceRows<T extends InputTensor>(source: T, first: number, count: number): T {
  const rowSize = elementCountOf(source.shape.slice(1));
  const data = copyElements(source.data, first * rowSize, (first + count) * rowSize);
  return { ...source, shape: [count, ...source.shape.slice(1)], data };
}

/** Rows `first … first + count - 1` of axis 0 in the memory of `source`; strings are copied. */
export function viewRows<T extends InputTensor>(source: T, first: number, count: number): T {
  const rowSize = elementCountOf(source.shape.slice(1));
  const [start, end] = [first * rowSize, (first + count) * rowSize];
  const { data } = source;
  const rows = Array.isArray(data) ? data.slice(start, end) : data.subarray(start, end);
  return { ...source, shape: [count, ...source.shape.slice(1)], data: rows };
}

/**
 * Copy elements `start … end - 1` into a buffer of their own, which is never shared. `data.slice` would not do: for Node's Buffer,
 * which bundlers also use in the browser, it returns a view, and transferring that would detach the caller's memory.
 */
export function copyElements(data: InputTensor["data"], start = 0, end = data.length): InputTensor["data"] {
  if (Array.isArray(data)) return data.slice(start, end);
  const part = data.subarray(start, end);
  if (part instanceof Float32Array) return new Float32Array(part);
  return part instanceof Int32Array ? new Int32Array(part) : new Uint8Array(part);
}

/** Copy a tensor into a buffer of its own. */
export function copyTensor<T extends InputTensor>(tensor: T): T {
  return { ...tensor, data: copyElements(tensor.data) };
}

/** Make a tensor of `shape` that is filled with zeros. Strings start as `undefined` and must all be written. */
export function allocateTensor(dtype: Tensor["dtype"], shape: number[]): Tensor {
  const length = elementCountOf(shape);
  switch (dtype) {
    case "float32":
      return { dtype, shape, data: new Float32Array(length) };
    case "int32":
      return { dtype, shape, data: new Int32Array(length) };
    case "bool":
      return { dtype, shape, data: new Uint8Array(length) };
    case "string":
      return { dtype, shape, data: Array.from<string>({ length }) };
  }
}

/** Write all of `source` into `target`, starting at row `firstRow` of axis 0. The caller ensures that dtype and row size agree. */
export function writeRows(target: Tensor, firstRow: number, source: Tensor): void {
  const offset = firstRow * elementCountOf(target.shape.slice(1));
  if (target.dtype === "string" || source.dtype === "string") {
    for (let i = 0; i < source.data.length; i++) target.data[offset + i] = source.data[i]!;
  } else {
    target.data.set(source.data, offset);
  }
}

/** Join tensors of the same dtype and row size along axis 0. A single tensor is returned as it is. */
export function concatRows<T extends InputTensor>(parts: readonly T[]): T {
  const first = parts[0]!;
  if (parts.length === 1) return first;
  const rows = parts.reduce((total, part) => total + part.shape[0]!, 0);
  const length = rows * elementCountOf(first.shape.slice(1));
  const shape = [rows, ...first.shape.slice(1)];
  if (Array.isArray(first.data)) {
    return { ...first, shape, data: parts.flatMap((part) => part.data as string[]) };
  }
  const data = new (first.data.constructor as Float32ArrayConstructor)(length);
  let offset = 0;
  for (const part of parts) {
    data.set(part.data as Float32Array, offset);
    offset += part.data.length;
  }
  return { ...first, shape, data };
}
