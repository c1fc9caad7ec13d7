import { getBackend, tensor, type Tensor as TfTensor } from "@tensorflow/tfjs-core";
import { ShardError } from "../../../src/core/errors.js";
import { copyElements } from "../../../src/protocol/rows.js";
import type { DType, InputTensor, Tensor } from "../../../src/protocol/tensors.js";

/** Upload one input as the dtype the model wants. Bytes become numbers here: `byte × scale + offset`. */
export function toTfTensor(input: InputTensor, dtype: DType): TfTensor {
  const shape = [...input.shape];
  if (input.dtype !== "uint8") return tensor(unsharedFor(getBackend(), input.data), shape, input.dtype);
  if (dtype === "int32") return tensor(Int32Array.from(input.data), shape, "int32");
  return tensor(scaleBytes(input.data, input.scale ?? 1, input.offset ?? 0), shape, "float32");
}

/** WASM copies what it is given into its own memory; others keep it, or hand it to calls that refuse shared memory. */
function unsharedFor(backend: string, data: InputTensor["data"]): InputTensor["data"] {
  const isShared =
    typeof SharedArrayBuffer !== "undefined" && !Array.isArray(data) && data.buffer instanceof SharedArrayBuffer;
  return isShared && backend !== "wasm" ? copyElements(data) : data;
}

function scaleBytes(bytes: ArrayLike<number>, scale: number, offset: number): Float32Array {
  const values = uploadBuffer(bytes.length);
  for (let i = 0; i < bytes.length; i++) values[i] = bytes[i]! * scale + offset;
  return values;
}

/** Kept for the next upload up to this size, bytes. */
const MAX_KEPT_BYTES = 2 ** 25;

let kept = new Float32Array(0);

/** For `length` numbers that are uploaded at once. WASM has copied them by the time that the next ones come: one buffer does for all. */
function uploadBuffer(length: number): Float32Array {
  if (getBackend() !== "wasm" || 4 * length > MAX_KEPT_BYTES) return new Float32Array(length);
  if (kept.length < length) kept = new Float32Array(length);
  return kept.subarray(0, length);
}

/** @throws ShardError "model-unsupported" for complex64, which has no counterpart outside TF.js. */
export function dtypeOf({ dtype }: TfTensor): DType {
  if (dtype !== "complex64") return dtype;
  throw new ShardError(
    "model-unsupported",
    `Expected outputs of dtype float32, int32, bool or string, received ${dtype}: convert it inside the model.`,
  );
}

/**
 * Read a TF.js tensor back into a tensor that owns its buffer.
 * @throws ShardError "model-unsupported" for complex64, which has no counterpart outside TF.js.
 */
export async function fromTfTensor(source: TfTensor, mustCopy: boolean): Promise<Tensor> {
  const shape = source.shape.slice();
  const dtype = dtypeOf(source);
  switch (dtype) {
    // On the CPU a Cast hands on what it is given: integers as "floats", and booleans as either.
    case "float32": {
      const data: ArrayLike<number> = await source.data<"float32">();
      if (!(data instanceof Float32Array)) return { dtype, shape, data: Float32Array.from(data) };
      return { dtype, shape, data: mustCopy ? data.slice() : data };
    }
    case "int32": {
      const data: ArrayLike<number> = await source.data<"int32">();
      if (!(data instanceof Int32Array)) return { dtype, shape, data: Int32Array.from(data) };
      return { dtype, shape, data: mustCopy ? data.slice() : data };
    }
    case "bool": {
      // WebGL answers booleans as floats.
      return { dtype: "bool", shape, data: Uint8Array.from(await source.data<"bool">()) };
    }
    case "string":
      return { dtype: "string", shape, data: [...(await source.data<"string">())] };
  }
}
