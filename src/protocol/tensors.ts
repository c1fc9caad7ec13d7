interface Shaped {
  /** Size of each axis; the product equals `data.length`. `[]` is a scalar. */
  readonly shape: number[];
}

/** A tensor as the library takes and returns it: row-major data and a shape. `bool` holds 0 or 1 per element. */
export type Tensor =
  | (Shaped & { readonly dtype: "float32"; readonly data: Float32Array })
  | (Shaped & { readonly dtype: "int32"; readonly data: Int32Array })
  | (Shaped & { readonly dtype: "bool"; readonly data: Uint8Array })
  | (Shaped & { readonly dtype: "string"; readonly data: string[] });

/**
 * Bytes that become numbers in the worker: `value = byte × scale + offset`, rounded once to float32, or the byte itself
 * for an int32 input. Sending them takes a quarter of the bytes.
 */
export interface Uint8Tensor {
  readonly dtype: "uint8";
  readonly shape: readonly number[];
  readonly data: Uint8Array | Uint8ClampedArray;
  /** Default 1. */
  readonly scale?: number;
  /** Default 0. */
  readonly offset?: number;
}

/** `T` as a caller may pass it: with a read-only shape. */
type Given<T extends Tensor> = T extends Tensor ? Omit<T, "shape"> & { readonly shape: readonly number[] } : never;

export type InputTensor = Given<Tensor> | Uint8Tensor;
export type DType = Tensor["dtype"];

/**
 * One tensor per item, since the items' shapes differ (detections); or one per call, of a model that takes groups whose results don't
 * line up. `dtype` tells it from a whole tensor.
 */
export interface RaggedTensor {
  readonly dtype: "ragged";
  /** [items, …] with -1 for a size that differs between items; [items] alone if their numbers of axes differ. */
  readonly shape: number[];
  /** Each as the model gives it for a single item, mostly with a leading 1. */
  readonly items: Tensor[];
}

/** A whole output of the model, or one tensor per item if the items' shapes differ. */
export type OutputValue = Tensor | RaggedTensor;
export type Outputs = Record<string, OutputValue>;

/** Number of elements of a shape; 1 for a scalar. */
export function elementCountOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** Bytes that a tensor's elements take when they are sent. Strings are counted like numbers. */
export function tensorBytes({ dtype, shape }: { readonly dtype: string; readonly shape: readonly number[] }): number {
  return elementCountOf(shape) * (dtype === "bool" || dtype === "uint8" ? 1 : 4);
}

/** The buffers to transfer when `tensors` are posted. Strings have none: they are copied. */
export function transferablesOf(tensors: readonly InputTensor[]): ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>();
  for (const { data } of tensors) {
    if (!Array.isArray(data) && data.buffer instanceof ArrayBuffer) buffers.add(data.buffer);
  }
  return [...buffers];
}
