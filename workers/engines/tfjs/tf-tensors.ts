import { tensor, type Tensor as TfTensor } from "@tensorflow/tfjs-core";
import { ShardError } from "../../../src/core/errors.js";
import { copyElements } from "../../../src/protocol/rows.js";
import { isShared } from "../../../src/protocol/share-tensor.js";
import type { DType, InputTensor, Tensor, Uint8Tensor } from "../../../src/protocol/tensors.js";
import type { BackendTraits } from "./driver.js";

/** The largest buffer that is kept for the next upload, bytes. */
const MAX_KEPT_BYTES = 2 ** 25;

/** Uploads each input as the dtype that the model expects. Bytes are converted to numbers: `byte × scale + offset`. */
export class Uploader {
  readonly #copiesUploads: boolean;
  #kept = new Float32Array(0);

  constructor({ copiesUploads }: Pick<BackendTraits, "copiesUploads">) {
    this.#copiesUploads = copiesUploads;
  }

  upload(input: InputTensor, dtype: DType): TfTensor {
    const shape = [...input.shape];
    if (input.dtype !== "uint8") return tensor(this.#unshared(input), shape, input.dtype);
    if (dtype === "int32") return tensor(Int32Array.from(input.data), shape, "int32");
    return tensor(this.#scaleBytes(input), shape, "float32");
  }

  /** TF.js can't use shared memory if it keeps the data or passes it to browser functions. */
  #unshared(input: InputTensor): InputTensor["data"] {
    return isShared(input) && !this.#copiesUploads ? copyElements(input.data) : input.data;
  }

  #scaleBytes({ data, scale = 1, offset = 0 }: Uint8Tensor): Float32Array {
    const values = this.#buffer(data.length);
    for (let i = 0; i < data.length; i++) values[i] = data[i]! * scale + offset;
    return values;
  }

  /** All uploads share one buffer if each is copied before the next one starts. */
  #buffer(length: number): Float32Array {
    if (!this.#copiesUploads || 4 * length > MAX_KEPT_BYTES) return new Float32Array(length);
    if (this.#kept.length < length) this.#kept = new Float32Array(length);
    return this.#kept.subarray(0, length);
  }
}

/** @throws ShardError "model-unsupported" for complex64, which has no counterpart outside TF.js. */
function dtypeOf({ dtype }: TfTensor): DType {
  if (dtype !== "complex64") return dtype;
  throw new ShardError(
    "model-unsupported",
    `Expected outputs of dtype float32, int32, bool or string, received ${dtype}: convert it inside the model.`,
  );
}

/**
 * Read a TF.js tensor back into a tensor that owns its buffer.
 * @param mustCopy whether the data that TF.js returns may be its own memory.
 * @throws ShardError "model-unsupported" for complex64, which has no counterpart outside TF.js.
 */
export async function fromTfTensor(source: TfTensor, mustCopy: boolean): Promise<Tensor> {
  const shape = source.shape.slice();
  const dtype = dtypeOf(source);
  switch (dtype) {
    // On the CPU a Cast returns its input unchanged: integers as "floats", and booleans as either.
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
      // WebGL returns booleans as floats.
      return { dtype: "bool", shape, data: Uint8Array.from(await source.data<"bool">()) };
    }
    case "string":
      return { dtype: "string", shape, data: [...(await source.data<"string">())] };
  }
}

/** A tensor whose numbers are those of `view`. */
export function asTensor(source: TfTensor, view: Float32Array | Int32Array): Tensor {
  const shape = source.shape.slice();
  return view instanceof Float32Array ? { dtype: "float32", shape, data: view } : { dtype: "int32", shape, data: view };
}
