import { elementCountOf } from "../../../../src/protocol/tensors.js";

interface Shaped {
  /** Size of each axis; `[]` is a scalar. */
  readonly shape: readonly number[];
}

/** Values that ops in plain code take and return, row by row. They own their data, and nobody changes it. */
export type PlainTensor = NumberTensor | StringTensor | ComplexTensor;

export type NumberTensor = FloatTensor | IntTensor | BoolTensor;
export type FloatTensor = Shaped & { readonly dtype: "float32"; readonly data: Float32Array };
export type IntTensor = Shaped & { readonly dtype: "int32"; readonly data: Int32Array };
/** 0 or 1 per element. */
export type BoolTensor = Shaped & { readonly dtype: "bool"; readonly data: Uint8Array };
/** Each string as TensorFlow has it, a row of bytes: one character of code 0 to 255 per byte. */
export type StringTensor = Shaped & { readonly dtype: "string"; readonly data: readonly string[] };
/** Real and imaginary parts by turns: two numbers per element. */
export type ComplexTensor = Shaped & { readonly dtype: "complex64"; readonly data: Float32Array };

export function floats(shape: readonly number[], data: ArrayLike<number>): FloatTensor {
  return { dtype: "float32", shape, data: data instanceof Float32Array ? data : Float32Array.from(data) };
}

export function ints(shape: readonly number[], data: ArrayLike<number>): IntTensor {
  return { dtype: "int32", shape, data: data instanceof Int32Array ? data : Int32Array.from(data) };
}

export function bools(shape: readonly number[], data: ArrayLike<number | boolean>): BoolTensor {
  return { dtype: "bool", shape, data: Uint8Array.from(data, Number) };
}

export function byteStrings(shape: readonly number[], data: readonly string[]): StringTensor {
  return { dtype: "string", shape, data };
}

export function complexes(shape: readonly number[], data: Float32Array): ComplexTensor {
  return { dtype: "complex64", shape, data };
}

/** Numbers of the given dtype, rounded to it. */
export function numbersOf(
  dtype: NumberTensor["dtype"],
  shape: readonly number[],
  data: ArrayLike<number>,
): NumberTensor {
  if (dtype === "float32") return floats(shape, data);
  return dtype === "int32" ? ints(shape, data) : bools(shape, data);
}

/** A tensor of the same dtype with the elements at `indices` of another's, in that order. An index of −1 gives 0, false or "". */
export function pick(source: PlainTensor, shape: readonly number[], indices: ArrayLike<number>): PlainTensor {
  const { dtype, data } = source;
  if (dtype === "string")
    return byteStrings(
      shape,
      Array.from(indices, (index) => data[index] ?? ""),
    );
  if (dtype === "complex64") {
    const parts = new Float32Array(2 * indices.length);
    for (let i = 0; i < indices.length; i++) {
      const from = 2 * indices[i]!;
      if (from < 0) continue;
      parts[2 * i] = data[from]!;
      parts[2 * i + 1] = data[from + 1]!;
    }
    return complexes(shape, parts);
  }
  const values = new Float64Array(indices.length);
  for (let i = 0; i < indices.length; i++) values[i] = indices[i]! < 0 ? 0 : data[indices[i]!]!;
  return numbersOf(dtype, shape, values);
}

/** The same elements in another shape of as many. */
export function reshaped(source: PlainTensor, shape: readonly number[]): PlainTensor {
  return { ...source, shape };
}

export function sizeOf({ shape }: Shaped): number {
  return elementCountOf(shape);
}
