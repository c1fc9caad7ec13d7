import type { InputTensor, Tensor } from "./tensors.js";

/** Whether a tensor lies in memory that several threads see: it is sent without being handed over. */
export function isShared({ data }: InputTensor): boolean {
  return typeof SharedArrayBuffer !== "undefined" && !Array.isArray(data) && data.buffer instanceof SharedArrayBuffer;
}

/**
 * Copy a tensor into shared memory, so that it can be sent repeatedly without copying. Returns the tensor itself if the page is not
 * cross-origin isolated, and for strings.
 */
export function shareTensor(tensor: Tensor): Tensor {
  if (tensor.dtype === "string" || typeof SharedArrayBuffer === "undefined") return tensor;
  const { shape } = tensor;
  switch (tensor.dtype) {
    case "float32":
      return { dtype: tensor.dtype, shape, data: copyInto(new Float32Array(sharedBytes(tensor.data)), tensor.data) };
    case "int32":
      return { dtype: tensor.dtype, shape, data: copyInto(new Int32Array(sharedBytes(tensor.data)), tensor.data) };
    case "bool":
      return { dtype: tensor.dtype, shape, data: copyInto(new Uint8Array(sharedBytes(tensor.data)), tensor.data) };
  }
}

function sharedBytes({ byteLength }: ArrayBufferView): SharedArrayBuffer {
  return new SharedArrayBuffer(byteLength);
}

function copyInto<T extends Float32Array | Int32Array | Uint8Array>(target: T, source: ArrayLike<number>): T {
  target.set(source);
  return target;
}
