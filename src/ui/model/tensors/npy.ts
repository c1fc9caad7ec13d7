import { ShardError, type DType, type Tensor } from "../../../index.js";

// NumPy's format for one array: a magic number, a version, a header as a Python dict, then the values.
// Source: numpy.lib.format, https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
const MAX_HEADER_BYTES = 1024 * 1024;

interface Header {
  /** "<" or "|": little end first, or a single byte; ">" big end first. */
  readonly order: string;
  /** f, i, u, b, U or S. */
  readonly kind: string;
  /** Bytes per value; for U, characters. */
  readonly width: number;
  readonly isFortran: boolean;
  readonly shape: number[];
}

/** How each number is read: bytes per value, and the function that reads one. */
const NUMBERS: Readonly<Record<string, (view: DataView, at: number, isLittle: boolean) => number>> = {
  f2: (view, at, isLittle) => halfToNumber(view.getUint16(at, isLittle)),
  f4: (view, at, isLittle) => view.getFloat32(at, isLittle),
  f8: (view, at, isLittle) => view.getFloat64(at, isLittle),
  i1: (view, at) => view.getInt8(at),
  i2: (view, at, isLittle) => view.getInt16(at, isLittle),
  i4: (view, at, isLittle) => view.getInt32(at, isLittle),
  i8: (view, at, isLittle) => Number(view.getBigInt64(at, isLittle)),
  u1: (view, at) => view.getUint8(at),
  u2: (view, at, isLittle) => view.getUint16(at, isLittle),
  u4: (view, at, isLittle) => view.getUint32(at, isLittle),
  u8: (view, at, isLittle) => Number(view.getBigUint64(at, isLittle)),
  b1: (view, at) => (view.getUint8(at) === 0 ? 0 : 1),
};

/**
 * Read a `.npy` file of version 1, 2 or 3, in C or Fortran order. Floats of any width become float32, whole numbers int32, bools bool;
 * texts (U) and bytes (S) strings.
 * @throws ShardError "invalid-input" for another file, a dtype that no tensor has, a whole number beyond int32, or too few bytes.
 */
export function readNpy(bytes: Uint8Array, name: string): Tensor {
  const { header, dataAt } = readHeader(bytes, name);
  const { kind, width, shape, order, isFortran } = header;
  const count = shape.reduce((product, size) => product * size, 1);
  const valueBytes = kind === "U" ? 4 * width : width;
  const expected = count * valueBytes;
  if (!Number.isSafeInteger(expected)) {
    throw invalid(name, "a shape that fits into memory", JSON.stringify(shape), "save it again, it is damaged");
  }
  if (bytes.byteLength - dataAt < expected) {
    throw invalid(
      name,
      `${expected} bytes of values for shape ${JSON.stringify(shape)}`,
      `${bytes.byteLength - dataAt}`,
      "save it again, it was cut off",
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset + dataAt, expected);
  const isLittle = order !== ">";
  if (kind === "U" || kind === "S") {
    const texts = Array.from({ length: count }, (_, i) => readText(view, i * valueBytes, width, kind, isLittle));
    return { dtype: "string", shape, data: isFortran ? fromFortran(texts, shape, []) : texts };
  }
  const data = kind === "f" ? new Float32Array(count) : kind === "b" ? new Uint8Array(count) : new Int32Array(count);
  readNumbers(view, `${kind}${width}`, isLittle, data, name);
  const ordered = isFortran ? fromFortran(data, shape, data.slice()) : data;
  if (ordered instanceof Float32Array) return { dtype: "float32", shape, data: ordered };
  return ordered instanceof Int32Array
    ? { dtype: "int32", shape, data: ordered }
    : { dtype: "bool", shape, data: ordered };
}

function readHeader(bytes: Uint8Array, name: string): { header: Header; dataAt: number } {
  if (!MAGIC.every((byte, i) => bytes[i] === byte)) {
    throw invalid(name, "an array as numpy.save writes it", "another file", "save it with numpy.save");
  }
  const version = bytes[6] ?? 0;
  if (version < 1 || version > 3)
    throw invalid(name, "version 1, 2 or 3 of the format", String(version), "save it again");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const lengthBytes = version === 1 ? 2 : 4;
  const begin = 8 + lengthBytes;
  if (bytes.length < begin) throw invalid(name, "a header", "the end of the file", "save it again, it was cut off");
  const length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (length > MAX_HEADER_BYTES || begin + length > bytes.length) {
    throw invalid(name, "a header", "the end of the file", "save it again, it was cut off");
  }
  const text = new TextDecoder(version === 3 ? "utf-8" : "latin1").decode(bytes.subarray(begin, begin + length));
  return { header: parseHeader(text, name), dataAt: begin + length };
}

/** `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }` */
function parseHeader(text: string, name: string): Header {
  const descr = /['"]descr['"]\s*:\s*['"]([<>|=])([a-zA-Z])(\d*)['"]/.exec(text);
  const isFortran = /['"]fortran_order['"]\s*:\s*(True|False)/.exec(text);
  const shape = /['"]shape['"]\s*:\s*\(([\d,\sL]*)\)/.exec(text);
  const received = text.trim().slice(0, 80);
  if (isFortran === null || shape === null)
    throw invalid(name, "a header with order and shape", received, "save it with numpy.save");
  const [, order, kind, digits] = descr ?? [];
  const isText = kind === "U" || kind === "S";
  const isKnown = isText ? Number(digits) > 0 : Object.hasOwn(NUMBERS, `${kind}${digits}`);
  if (order === undefined || kind === undefined || !isKnown) {
    throw invalid(
      name,
      "floats, whole numbers, bools or texts",
      received,
      "convert it, as with array.astype('float32')",
    );
  }
  const sizes = shape[1]!.split(",").flatMap((size) => (size.trim() === "" ? [] : [parseInt(size)]));
  return { order, kind, width: Number(digits), isFortran: isFortran[1] === "True", shape: sizes };
}

function readNumbers(
  view: DataView,
  kind: string,
  isLittle: boolean,
  into: Float32Array | Int32Array | Uint8Array,
  name: string,
): void {
  const read = NUMBERS[kind]!;
  const width = Number(kind.slice(1));
  const isWhole = into instanceof Int32Array;
  for (let i = 0; i < into.length; i++) {
    const value = read(view, i * width, isLittle);
    if (isWhole && value !== (value | 0)) {
      throw invalid(
        name,
        "whole numbers from −2147483648 to 2147483647",
        String(value),
        "convert it, as with array.astype('float32')",
      );
    }
    into[i] = value;
  }
}

function readText(view: DataView, at: number, width: number, kind: string, isLittle: boolean): string {
  let text = "";
  for (let i = 0; i < width; i++) {
    const code = kind === "U" ? view.getUint32(at + 4 * i, isLittle) : view.getUint8(at + i);
    text += code <= 0x10ffff ? String.fromCodePoint(code) : "\ufffd";
  }
  // NumPy fills up with zeros.
  return text.replace(/\0+$/, "");
}

/** Put values that lie column by column into rows. */
function fromFortran<T extends { [index: number]: number | string; readonly length: number }>(
  values: T,
  shape: readonly number[],
  into: T,
): T {
  const position = shape.map(() => 0);
  const strides = shape.map((_, axis) => shape.slice(0, axis).reduce((product, size) => product * size, 1));
  for (let i = 0; i < values.length; i++) {
    into[i] = values[position.reduce((at, each, axis) => at + each * strides[axis]!, 0)]!;
    for (let axis = shape.length - 1; axis >= 0 && ++position[axis]! === shape[axis]; axis--) position[axis] = 0;
  }
  return into;
}

function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 0x3ff;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
}

/**
 * The header of a `.npy` file, version 1, padded so that the values begin at a multiple of 64 bytes.
 * @param textLength longest text in code points, for strings.
 */
export function npyHeader(dtype: DType, shape: readonly number[], textLength = 0): Uint8Array<ArrayBuffer> {
  const descr = { float32: "<f4", int32: "<i4", bool: "|b1", string: `<U${Math.max(1, textLength)}` }[dtype];
  const sizes = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const dict = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${sizes}), }`;
  const padding = 64 - ((10 + dict.length + 1) % 64);
  const text = `${dict}${" ".repeat(padding % 64)}\n`;
  const bytes = new Uint8Array(10 + text.length);
  bytes.set(MAGIC);
  bytes[6] = 1;
  new DataView(bytes.buffer).setUint16(8, text.length, true);
  bytes.set(new TextEncoder().encode(text), 10);
  return bytes;
}

/** Texts as NumPy holds them: code points in four bytes each, filled up with zeros. */
export function npyTexts(texts: readonly string[], textLength: number): Uint8Array<ArrayBuffer> {
  const width = Math.max(1, textLength);
  const bytes = new Uint8Array(4 * width * texts.length);
  const view = new DataView(bytes.buffer);
  texts.forEach((text, i) => {
    codePointsOf(text).forEach((code, at) => view.setUint32(4 * (i * width + at), code, true));
  });
  return bytes;
}

/** NumPy's texts are made of code points. */
export function codePointsOf(text: string): number[] {
  return Array.from(text, (character) => character.codePointAt(0)!);
}

function invalid(name: string, expected: string, received: string, advice: string): ShardError {
  return new ShardError("invalid-input", `Expected ${expected} in ${name}, received ${received}: ${advice}.`);
}
