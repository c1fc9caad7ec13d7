import { ShardError } from "../core/errors.js";
import { widenHalf } from "../core/half-floats.js";
import { elementCountOf } from "../protocol/tensors.js";
import type { StoredWeight } from "../protocol/weight-recipe.js";
import { malformed } from "./malformed.js";

/**
 * Decode a stored weight as TF.js does: `byte × scale + min` is rounded to float32, half floats are widened. Bytes are
 * little-endian, as in the file.
 *
 * @throws ShardError "weights-truncated" if the weight ends past the data, "model-malformed" for strings and complex numbers.
 */
export function dequantise(weight: StoredWeight, data: ArrayBuffer | SharedArrayBuffer): Float64Array {
  const { shape, dtype, quantization, byteOffset, byteLength } = weight;
  if (byteOffset + byteLength > data.byteLength) {
    throw new ShardError(
      "weights-truncated",
      `Expected ${byteOffset + byteLength} bytes of weights, received ${data.byteLength}: load the model again.`,
    );
  }
  const count = elementCountOf(shape);
  const view = new DataView(data, byteOffset, byteLength);
  const values = new Float64Array(count);
  const read = readerOf(view, quantization?.dtype ?? dtype);
  if (quantization === undefined || quantization.dtype === "float16") {
    for (let index = 0; index < count; index++) values[index] = read(index);
    return values;
  }
  const { scale = 1, min = 0 } = quantization;
  for (let index = 0; index < count; index++) {
    const value = read(index) * scale + min;
    values[index] = dtype === "int32" ? Math.round(value) : Math.fround(value);
  }
  return values;
}

function readerOf(view: DataView, stored: string): (index: number) => number {
  switch (stored) {
    case "float32":
      return (index) => view.getFloat32(4 * index, true);
    case "int32":
      return (index) => view.getInt32(4 * index, true);
    case "bool":
    case "uint8":
      return (index) => view.getUint8(index);
    case "uint16":
      return (index) => view.getUint16(2 * index, true);
    case "float16":
      return (index) => widenHalf(view.getUint16(2 * index, true));
    default:
      throw malformed("a numeric weight to compute with", stored);
  }
}
