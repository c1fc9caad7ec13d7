import type { SpareBuffers } from "./spare-buffers.js";
import { elementCountOf, type InputTensor, type Tensor } from "./tensors.js";

/** Copy rows `first … first + count - 1` of axis 0 into a buffer of their own, a spare one if there is any. O(rows copied). */
export function sliceRows<T extends InputTensor>(source: T, first: number, count: number, spare?: SpareBuffers): T {
  const rowSize = elementCountOf(source.shape.slice(1));
  const data = copyElements(source.data, first * rowSize, (first + count) * rowSize, spare);
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

type Numbers = Exclude<InputTensor["data"], string[]>;

/**
 * Copy elements `start … end - 1` into a buffer of their own, which is never shared, and may be larger. `data.slice` would not do: for Node's Buffer,
 * which bundlers also use in the browser, it returns a view, and transferring that would detach the caller's memory.
 */
export function copyElements(
  data: InputTensor["data"],
  start = 0,
  end = data.length,
  spare?: SpareBuffers,
): InputTensor["data"] {
  if (Array.isArray(data)) return data.slice(start, end);
  const part = data.subarray(start, end);
  const copy = elementsIn(spare?.take(part.byteLength) ?? new ArrayBuffer(part.byteLength), part, part.length);
  copy.set(part);
  return copy;
}

/** The first elements of a buffer, of the type of `like`. */
function elementsIn(buffer: ArrayBuffer, like: Numbers, length: number): Float32Array | Int32Array | Uint8Array {
  if (like instanceof Float32Array) return new Float32Array(buffer, 0, length);
  return like instanceof Int32Array ? new Int32Array(buffer, 0, length) : new Uint8Array(buffer, 0, length);
}

/** Copy a tensor into a buffer of its own. */
export function copyTensor<T extends InputTensor>(tensor: T): T {
  return { ...tensor, data: copyElements(tensor.data) };
}

/**
 * Make a tensor of `shape`, whose elements must all be written: strings start as `undefined`, those in a spare buffer as what was there,
 * and others as zeros.
 */
export function allocateTensor(dtype: Tensor["dtype"], shape: number[], spare?: SpareBuffers): Tensor {
  const length = elementCountOf(shape);
  const bytes = (perElement: number): ArrayBuffer =>
    spare?.take(perElement * length) ?? new ArrayBuffer(perElement * length);
  switch (dtype) {
    case "float32":
      return { dtype, shape, data: new Float32Array(bytes(4), 0, length) };
    case "int32":
      return { dtype, shape, data: new Int32Array(bytes(4), 0, length) };
    case "bool":
      return { dtype, shape, data: new Uint8Array(bytes(1), 0, length) };
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

/** Join tensors of the same dtype and row size along axis 0, in a spare buffer if there is one. A single tensor is returned as it is. */
export function concatRows<T extends InputTensor>(parts: readonly T[], spare?: SpareBuffers): T {
  const first = parts[0]!;
  if (parts.length === 1) return first;
  const rows = parts.reduce((total, part) => total + part.shape[0]!, 0);
  const length = rows * elementCountOf(first.shape.slice(1));
  const shape = [rows, ...first.shape.slice(1)];
  if (Array.isArray(first.data)) {
    return { ...first, shape, data: parts.flatMap((part) => part.data as string[]) };
  }
  const byteCount = first.data.BYTES_PER_ELEMENT * length;
  const data = elementsIn(spare?.take(byteCount) ?? new ArrayBuffer(byteCount), first.data, length);
  let offset = 0;
  for (const part of parts) {
    data.set(part.data as Float32Array, offset);
    offset += part.data.length;
  }
  return { ...first, shape, data };
}
