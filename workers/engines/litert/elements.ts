import { ShardError } from "../../../src/core/errors.js";
import type { TfliteBinding, TfliteElement } from "../../../src/protocol/model-on-wire.js";
import type { InputTensor, Tensor } from "../../../src/protocol/tensors.js";

type NumberView =
  | Float32Array<ArrayBufferLike>
  | Int32Array<ArrayBufferLike>
  | Uint32Array<ArrayBufferLike>
  | Int16Array<ArrayBufferLike>
  | Uint16Array<ArrayBufferLike>
  | Int8Array<ArrayBufferLike>
  | Uint8Array<ArrayBufferLike>;

/** How LiteRT numbers the types, and the arrays that hold them. */
const TYPES = {
  float32: { number: 1, bytes: 4, min: -Infinity, max: Infinity },
  int32: { number: 2, bytes: 4, min: -(2 ** 31), max: 2 ** 31 - 1 },
  uint8: { number: 3, bytes: 1, min: 0, max: 255 },
  int64: { number: 4, bytes: 8, min: -(2 ** 53), max: 2 ** 53 },
  bool: { number: 6, bytes: 1, min: 0, max: 1 },
  int16: { number: 7, bytes: 2, min: -(2 ** 15), max: 2 ** 15 - 1 },
  int8: { number: 9, bytes: 1, min: -128, max: 127 },
  uint32: { number: 16, bytes: 4, min: 0, max: 2 ** 32 - 1 },
  uint16: { number: 17, bytes: 2, min: 0, max: 2 ** 16 - 1 },
} as const satisfies Record<TfliteElement, { number: number; bytes: number; min: number; max: number }>;

export function typeOf(element: TfliteElement): (typeof TYPES)[TfliteElement] {
  return TYPES[element];
}

/**
 * Write an input as the file wants its elements. Bytes become `byte × scale + offset` first.
 * @param target has room for them at `offset`, which is a multiple of their size.
 */
export function writeElements(
  input: InputTensor,
  { element, quantization, name }: TfliteBinding,
  target: ArrayBufferLike,
  offset: number,
): void {
  const { data } = input;
  if (Array.isArray(data)) throw new ShardError("internal", `Expected numbers for "${name}", received texts.`);
  if (element === "int64") {
    const view = new BigInt64Array(target, offset, data.length);
    for (let i = 0; i < data.length; i++) view[i] = BigInt(data[i]!);
    return;
  }
  const view = viewOf(element, target, offset, data.length);
  const isScaled =
    input.dtype === "uint8" && element !== "bool" && (input.scale !== undefined || input.offset !== undefined);
  if (quantization === undefined && !isScaled) {
    requireRange(data, element, name);
    return view.set(data);
  }
  const { scale = 1, offset: shift = 0 } = input.dtype === "uint8" ? input : {};
  if (quantization === undefined) {
    for (let i = 0; i < data.length; i++) view[i] = data[i]! * scale + shift;
    return;
  }
  const { min, max } = TYPES[element];
  for (let i = 0; i < data.length; i++) {
    const steps = Math.fround(Math.fround(data[i]! * scale + shift) / quantization.scale);
    // Halves are rounded away from zero, as TensorFlow Lite's own operation does.
    const rounded = steps < 0 ? -Math.floor(0.5 - steps) : Math.floor(steps + 0.5);
    view[i] = Math.min(max, Math.max(min, rounded + quantization.zeroPoint));
  }
}

/** Arrays of whole numbers would take what is beyond their range modulo that. @throws ShardError "model-failed" */
function requireRange(data: ArrayLike<number>, element: TfliteElement, name: string): void {
  if (element === "float32" || element === "int32" || element === "bool") return;
  const { min, max } = TYPES[element];
  for (let i = 0; i < data.length; i++) {
    if (data[i]! >= min && data[i]! <= max) continue;
    throw new ShardError(
      "model-failed",
      `Expected "${name}" to hold ${element} from ${min} to ${max}, received ${data[i]}: scale the input as the model was trained.`,
    );
  }
}

/**
 * Make a tensor of the elements of an output.
 * @param source a buffer that belongs to the caller, and nothing else is in it.
 * @throws ShardError "model-failed" for whole numbers beyond 32 bits.
 */
export function readElements(
  source: ArrayBuffer,
  shape: number[],
  { element, quantization, dtype, name }: TfliteBinding,
): Tensor {
  const length = source.byteLength / TYPES[element].bytes;
  if (element === "int64") return { dtype: "int32", shape, data: narrowed(new BigInt64Array(source), name) };
  const view = viewOf(element, source, 0, length);
  if (quantization !== undefined) {
    const { scale, zeroPoint } = quantization;
    return { dtype: "float32", shape, data: Float32Array.from(view, (each) => (each - zeroPoint) * scale) };
  }
  if (dtype === "float32")
    return { dtype, shape, data: element === "float32" ? new Float32Array(source) : Float32Array.from(view) };
  if (dtype === "bool") return { dtype, shape, data: Uint8Array.from(view, (each) => (each === 0 ? 0 : 1)) };
  if (element === "uint32" && view.some((each) => each > TYPES.int32.max)) throw beyond(name);
  return { dtype: "int32", shape, data: element === "int32" ? new Int32Array(source) : Int32Array.from(view) };
}

function viewOf(
  element: Exclude<TfliteElement, "int64">,
  buffer: ArrayBufferLike,
  offset: number,
  length: number,
): NumberView {
  switch (element) {
    case "float32":
      return new Float32Array(buffer, offset, length);
    case "int32":
      return new Int32Array(buffer, offset, length);
    case "uint32":
      return new Uint32Array(buffer, offset, length);
    case "int16":
      return new Int16Array(buffer, offset, length);
    case "uint16":
      return new Uint16Array(buffer, offset, length);
    case "int8":
      return new Int8Array(buffer, offset, length);
    case "uint8":
    case "bool":
      return new Uint8Array(buffer, offset, length);
  }
}

function narrowed(values: BigInt64Array, name: string): Int32Array<ArrayBuffer> {
  return Int32Array.from(values, (value) => {
    const narrow = Number(value);
    if (narrow > TYPES.int32.max || narrow < TYPES.int32.min) throw beyond(name);
    return narrow;
  });
}

function beyond(name: string): ShardError {
  return new ShardError(
    "model-failed",
    `Expected whole numbers of 32 bits from the output "${name}", received larger ones: cast them to floats inside the model.`,
  );
}
