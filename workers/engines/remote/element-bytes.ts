import type { OnnxElement } from "../../../src/protocol/model-on-wire.js";
import type { Elements } from "../shared/elements.js";

type NumberElement = Exclude<OnnxElement, "string">;

/** The array that holds elements of a type. Those of float16 are bits. */
const ARRAYS = {
  float16: Uint16Array,
  float32: Float32Array,
  float64: Float64Array,
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
  bool: Uint8Array,
} as const satisfies Record<NumberElement, unknown>;

/**
 * Elements as they are in the body of a request: little-endian like the machines that browsers run on, row-major, without gaps; a text as
 * the number of its bytes in UTF-8 (4 bytes), and these.
 */
export function toBytes(elements: Elements): Uint8Array {
  if (!isTexts(elements)) return new Uint8Array(elements.buffer, elements.byteOffset, elements.byteLength);
  const texts = elements.map((text) => new TextEncoder().encode(text));
  const bytes = new Uint8Array(texts.reduce((sum, text) => sum + 4 + text.length, 0));
  const view = new DataView(bytes.buffer);
  let offset = 0;
  for (const text of texts) {
    view.setUint32(offset, text.length, true);
    bytes.set(text, offset + 4);
    offset += 4 + text.length;
  }
  return bytes;
}

/**
 * The reverse.
 * @returns elements in memory of their own; `undefined` if the bytes are not those of so many elements.
 */
export function fromBytes(bytes: Uint8Array, element: OnnxElement, count: number): Elements | undefined {
  if (element === "string") return textsIn(bytes, count);
  const Elements = ARRAYS[element];
  if (bytes.length !== count * Elements.BYTES_PER_ELEMENT) return undefined;
  return new Elements(bytes.slice().buffer);
}

function textsIn(bytes: Uint8Array, count: number): readonly string[] | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const decoder = new TextDecoder();
  const texts: string[] = [];
  let offset = 0;
  while (offset + 4 <= bytes.length) {
    const end = offset + 4 + view.getUint32(offset, true);
    if (end > bytes.length) return undefined;
    texts.push(decoder.decode(bytes.subarray(offset + 4, end)));
    offset = end;
  }
  return offset === bytes.length && texts.length === count ? texts : undefined;
}

/** Elements as they are in JSON; `undefined` if one of them can't be there: it is not finite. */
export function toJson(elements: Elements, element: OnnxElement): readonly unknown[] | undefined {
  if (isTexts(elements)) return elements;
  const numbers = Array.from<unknown, number>(elements, Number);
  if (element === "bool") return numbers.map((value) => value !== 0);
  return numbers.every(Number.isFinite) ? numbers : undefined;
}

/**
 * The reverse, of a list that may be nested. What JSON has no number for is null in it.
 * @returns `undefined` if it does not hold so many elements of this type.
 */
export function fromJson(data: unknown, element: OnnxElement, count: number): Elements | undefined {
  if (!Array.isArray(data)) return undefined;
  const flat: readonly unknown[] = data.some(Array.isArray) ? data.flat(Infinity) : data;
  if (flat.length !== count) return undefined;
  if (element === "string") return flat.every((text) => typeof text === "string") ? flat : undefined;
  const isFloat = element.startsWith("float");
  const numbers = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const value = flat[i];
    if (typeof value === "number" && (isFloat || Number.isSafeInteger(value))) numbers[i] = value;
    else if (typeof value === "boolean" && element === "bool") numbers[i] = value ? 1 : 0;
    else if (value === null && isFloat) numbers[i] = Number.NaN;
    else return undefined;
  }
  return numbers;
}

function isTexts(elements: Elements): elements is readonly string[] {
  return Array.isArray(elements);
}
