import { tensor, type Tensor as TfTensor } from "@tensorflow/tfjs-core";
import { ShardError } from "../../../src/core/errors.js";
import { copyElements } from "../../../src/protocol/rows.js";
import { isShared } from "../../../src/protocol/share-tensor.js";
import type { DType, InputTensor, Tensor, Uint8Tensor } from "../../../src/protocol/tensors.js";
import type { BackendTraits } from "./driver.js";

/** Kept for the next upload up to this size, bytes. */
const MAX_KEPT_BYTES = 2 ** 25;

/** Uploads inputs, each as the dtype that the model wants. Bytes become numbers here: `byte × scale + offset`. */
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

  /** Where TF.js keeps what it is given, or hands it to calls of the browser, shared memory won't do. */
  #unshared(input: InputTensor): InputTensor["data"] {
    return isShared(input) && !this.#copiesUploads ? copyElements(input.data) : input.data;
  }

  #scaleBytes({ data, scale = 1, offset = 0 }: Uint8Tensor): Float32Array {
    const values = this.#buffer(data.length);
    for (let i = 0; i < data.length; i++) values[i] = data[i]! * scale + offset;
    return values;
  }

  /** One buffer serves for all uploads where each has been copied by the time that the next one comes. */
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
 * @param mustCopy whether what TF.js gives may be its own memory.
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
