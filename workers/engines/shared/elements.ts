import { ShardError } from "../../../src/core/errors.js";
import { widenHalf } from "../../../src/core/half-floats.js";
import type { OnnxElement } from "../../../src/protocol/model-on-wire.js";
import type { DType, InputTensor, Tensor } from "../../../src/protocol/tensors.js";
import { toHalf } from "./half-floats.js";

/** Numbers as a typed array holds them, whichever it is. */
type Numbers = ArrayLike<number> & Iterable<number>;

/** An input or an output whose elements may be of another type than the tensor's. */
export interface ElementBinding {
  readonly name: string;
  readonly dtype: DType;
  readonly element: OnnxElement;
}

/** Elements as ONNX Runtime and servers take and give them. Those of float16 are bits here, in a Uint16Array. */
export type Elements =
  | Float32Array<ArrayBufferLike>
  | Float64Array<ArrayBufferLike>
  | Int8Array<ArrayBufferLike>
  | Uint8Array<ArrayBufferLike>
  | Int16Array<ArrayBufferLike>
  | Uint16Array<ArrayBufferLike>
  | Int32Array<ArrayBufferLike>
  | Uint32Array<ArrayBufferLike>
  | BigInt64Array<ArrayBufferLike>
  | BigUint64Array<ArrayBufferLike>
  | readonly string[];

const INT32_MIN = -(2 ** 31);
const INT32_MAX = 2 ** 31 - 1;
/** A larger double is infinite as a float. Halfway to the next power of two, floats still round down. */
const FLOAT_MAX = (2 - 2 ** -24) * 2 ** 127;

/**
 * The elements of an input, as the file or the server wants them. Bytes become `byte × scale + offset` first.
 * @throws ShardError "model-failed" for numbers that their type can't hold.
 */
export function toElements(input: InputTensor, { element, name }: Omit<ElementBinding, "dtype">): Elements {
  if (input.dtype === "string" || element === "string") {
    if (input.dtype === "string" && element === "string") return input.data;
    throw new ShardError("internal", `Expected ${element} for "${name}", received ${input.dtype}.`);
  }
  const numbers = scaled(input);
  const { length } = numbers;
  const whole = (least: number, most: number) => (value: number) => {
    if (value >= least && value <= most && Number.isInteger(value)) return value;
    throw misfit(
      `whole numbers from ${least} to ${most} for the input "${name}" (${element})`,
      value,
      "change the input",
    );
  };
  switch (element) {
    case "float32":
      return numbers instanceof Float32Array ? numbers : Float32Array.from(numbers);
    case "float64":
      return Float64Array.from(numbers);
    case "float16":
      return fill(new Uint16Array(length), numbers, toHalf);
    case "bool":
      return fill(new Uint8Array(length), numbers, truth);
    case "int8":
      return fill(new Int8Array(length), numbers, whole(-128, 127));
    case "uint8":
      return fill(new Uint8Array(length), numbers, whole(0, 255));
    case "int16":
      return fill(new Int16Array(length), numbers, whole(-(2 ** 15), 2 ** 15 - 1));
    case "uint16":
      return fill(new Uint16Array(length), numbers, whole(0, 2 ** 16 - 1));
    case "int32":
      return numbers instanceof Int32Array
        ? numbers
        : fill(new Int32Array(length), numbers, whole(INT32_MIN, INT32_MAX));
    case "uint32":
      return fill(new Uint32Array(length), numbers, whole(0, 2 ** 32 - 1));
    case "int64":
      return fillWide(new BigInt64Array(length), numbers, whole(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER));
    case "uint64":
      return fillWide(new BigUint64Array(length), numbers, whole(0, Number.MAX_SAFE_INTEGER));
  }
}

/**
 * Make a tensor of the elements of an output.
 * @param elements belong to the caller.
 * @throws ShardError "model-failed" for whole numbers beyond 32 bits, and for doubles beyond what floats hold.
 */
export function fromElements(elements: Elements, shape: number[], { name, element, dtype }: ElementBinding): Tensor {
  const int32 = (value: number): number => {
    if (value >= INT32_MIN && value <= INT32_MAX) return value;
    throw misfit(
      `whole numbers of 32 bits from the output "${name}" (${element})`,
      value,
      "cast them to floats inside the model",
    );
  };
  const float = (value: number): number => {
    if (Math.abs(value) < FLOAT_MAX || !Number.isFinite(value)) return value;
    throw misfit(`numbers below 3.4e38 from the output "${name}" (${element})`, value, "scale them inside the model");
  };
  if (Array.isArray(elements)) return { dtype: "string", shape, data: elements.map(String) };
  if (elements instanceof BigInt64Array || elements instanceof BigUint64Array) {
    const data = new Int32Array(elements.length);
    for (let i = 0; i < data.length; i++) data[i] = int32(Number(elements[i]));
    return { dtype: "int32", shape, data };
  }
  const { length } = elements;
  const numbers: Numbers = elements as Numbers;
  if (dtype === "bool") return { dtype, shape, data: fill(new Uint8Array(length), numbers, truth) };
  if (dtype === "float32") {
    if (element === "float16") return { dtype, shape, data: fill(new Float32Array(length), numbers, widenHalf) };
    if (element === "float64") return { dtype, shape, data: fill(new Float32Array(length), numbers, float) };
    return { dtype, shape, data: elements instanceof Float32Array ? own(elements) : Float32Array.from(numbers) };
  }
  if (elements instanceof Int32Array) return { dtype: "int32", shape, data: own(elements) };
  return { dtype: "int32", shape, data: fill(new Int32Array(length), numbers, int32) };
}

/** The numbers that an input means. */
function scaled(input: Exclude<InputTensor, { readonly dtype: "string" }>): Numbers {
  if (input.dtype !== "uint8" || (input.scale === undefined && input.offset === undefined)) return input.data;
  const { scale = 1, offset = 0, data } = input;
  return Float64Array.from(data, (byte) => byte * scale + offset);
}

const truth = (value: number): number => (value === 0 ? 0 : 1);

function fill<T extends { [index: number]: number; readonly length: number }>(
  target: T,
  source: ArrayLike<number>,
  convert: (value: number) => number,
): T {
  for (let i = 0; i < target.length; i++) target[i] = convert(source[i]!);
  return target;
}

function fillWide<T extends BigInt64Array | BigUint64Array>(
  target: T,
  source: ArrayLike<number>,
  convert: (value: number) => number,
): T {
  for (let i = 0; i < target.length; i++) target[i] = BigInt(convert(source[i]!));
  return target;
}

/** In a buffer of their own: an output may be a view of something larger. */
function own<T extends Float32Array<ArrayBufferLike> | Int32Array<ArrayBufferLike>>(elements: T): T {
  const isOwn = elements.buffer instanceof ArrayBuffer && elements.byteLength === elements.buffer.byteLength;
  return isOwn ? elements : (elements.slice() as T);
}

function misfit(expected: string, received: number, advice: string): ShardError {
  return new ShardError("model-failed", `Expected ${expected}, received ${received}: ${advice}.`);
}
