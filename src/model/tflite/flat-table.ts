import { ByteBuffer } from "flatbuffers";
import { malformedTflite } from "./malformed-tflite.js";

/** Longer names are cut off by nobody who writes models, and a damaged file may claim any length, bytes. */
const MAX_TEXT_BYTES = 10_000;

/**
 * A table of a FlatBuffer. Every place is checked to be in the file before it is read, since the library reads on past the end, and every
 * list to fit into the file before it is walked. Fields that a file leaves out have the default of the schema.
 *
 * Source: https://flatbuffers.dev/internals/ for the layout; the numbers of the fields are those of TensorFlow Lite's schema.
 */
export class FlatTable {
  readonly #buffer: ByteBuffer;
  readonly #position: number;

  private constructor(buffer: ByteBuffer, position: number) {
    this.#buffer = buffer;
    this.#position = position;
  }

  /** The table that the file begins with. @throws ShardError "model-malformed" */
  static rootOf(bytes: Uint8Array): FlatTable {
    const buffer = new ByteBuffer(bytes);
    return new FlatTable(buffer, follow(buffer, 0));
  }

  /** Where it begins in the file. */
  get position(): number {
    return this.#position;
  }

  /** Where its own bytes and those of its table of fields are, which may be shared. */
  get extents(): readonly FlatExtent[] {
    const fields = this.#fields();
    requireInside(this.#buffer, fields, 4);
    return [
      { start: this.#position, end: this.#position + this.#buffer.readUint16(fields + 2) },
      { start: fields, end: fields + this.#buffer.readUint16(fields) },
    ];
  }

  /** Where the list, text or table of a field begins in the file, and where its elements end; `undefined` for one that is left out. */
  placeOf(field: number, elementBytes: number): FlatExtent | undefined {
    const list = this.#list(field, elementBytes);
    return list === undefined ? undefined : { start: list.start - 4, end: list.start + list.length * elementBytes };
  }

  /** Bytes of the whole file. */
  get fileBytes(): number {
    return this.#buffer.capacity();
  }

  /** The bytes of a list: a view of the file. Empty for one that is left out. */
  bytes(field: number): Uint8Array {
    const { start = 0, length = 0 } = this.#list(field, 1) ?? {};
    return this.#buffer.bytes().subarray(start, start + length);
  }

  int32(field: number, fallback = 0): number {
    const place = this.#place(field, 4);
    return place === 0 ? fallback : this.#buffer.readInt32(place);
  }

  uint32(field: number, fallback = 0): number {
    return this.int32(field, fallback) >>> 0;
  }

  int8(field: number, fallback = 0): number {
    const place = this.#place(field, 1);
    return place === 0 ? fallback : this.#buffer.readInt8(place);
  }

  /** A whole number of 64 bits; those that the file may mean fit into a double. */
  uint64(field: number): number {
    const place = this.#place(field, 8);
    return place === 0 ? 0 : Number(this.#buffer.readUint64(place));
  }

  /** `undefined` for a text that is left out. */
  text(field: number): string | undefined {
    const list = this.#list(field, 1);
    if (list === undefined) return undefined;
    if (list.length > MAX_TEXT_BYTES) throw malformedTflite(`a name of ${list.length} bytes`);
    // A copy, since browsers decode no shared memory.
    return new TextDecoder().decode(this.#buffer.bytes().slice(list.start, list.start + list.length));
  }

  /** `undefined` for a table that is left out. */
  table(field: number): FlatTable | undefined {
    const place = this.#place(field, 4);
    return place === 0 ? undefined : new FlatTable(this.#buffer, follow(this.#buffer, place));
  }

  /** How many elements a list has; 0 for one that is left out. @param elementBytes of each element; 4 for tables. */
  lengthOf(field: number, elementBytes: number): number {
    return this.#list(field, elementBytes)?.length ?? 0;
  }

  /** One table of a list. @throws ShardError "model-malformed" if the list is shorter. */
  tableAt(field: number, index: number): FlatTable {
    const list = this.#list(field, 4);
    if (list === undefined || index >= list.length) {
      throw malformedTflite(`the index ${index} for a list of ${list?.length ?? 0}`);
    }
    return new FlatTable(this.#buffer, follow(this.#buffer, list.start + 4 * index));
  }

  /** A list of int32. `offset` is where its elements are in the file. `undefined` for one that is left out. */
  int32s(field: number, maxLength: number): { readonly values: number[]; readonly offset: number } | undefined {
    const list = this.#boundedList(field, 4, maxLength);
    if (list === undefined) return undefined;
    const values = Array.from({ length: list.length }, (_, index) => this.#buffer.readInt32(list.start + 4 * index));
    return { values, offset: list.start };
  }

  float32s(field: number, maxLength: number): number[] {
    const { start = 0, length = 0 } = this.#boundedList(field, 4, maxLength) ?? {};
    return Array.from({ length }, (_, index) => this.#buffer.readFloat32(start + 4 * index));
  }

  int64s(field: number, maxLength: number): number[] {
    const { start = 0, length = 0 } = this.#boundedList(field, 8, maxLength) ?? {};
    return Array.from({ length }, (_, index) => Number(this.#buffer.readInt64(start + 8 * index)));
  }

  #boundedList(field: number, elementBytes: number, maxLength: number): FlatList | undefined {
    const list = this.#list(field, elementBytes);
    if (list !== undefined && list.length > maxLength) {
      throw malformedTflite(`a list of ${list.length} where at most ${maxLength} make sense`);
    }
    return list;
  }

  #list(field: number, elementBytes: number): FlatList | undefined {
    const place = this.#place(field, 4);
    if (place === 0) return undefined;
    const start = follow(this.#buffer, place) + 4;
    const length = this.#buffer.readInt32(start - 4) >>> 0;
    requireInside(this.#buffer, start, length * elementBytes);
    return { start, length };
  }

  /** The table of fields lies at a distance that its table begins with. */
  #fields(): number {
    requireInside(this.#buffer, this.#position, 4);
    return this.#position - this.#buffer.readInt32(this.#position);
  }

  /** Where a field is; 0 if it is left out. */
  #place(field: number, byteCount: number): number {
    const fields = this.#fields();
    requireInside(this.#buffer, fields, 4);
    const entry = 4 + 2 * field;
    if (entry + 2 > this.#buffer.readUint16(fields)) return 0;
    requireInside(this.#buffer, fields + entry, 2);
    const distance = this.#buffer.readUint16(fields + entry);
    if (distance === 0) return 0;
    requireInside(this.#buffer, this.#position + distance, byteCount);
    return this.#position + distance;
  }
}

/** From where to where something lies in a file. */
export interface FlatExtent {
  readonly start: number;
  readonly end: number;
}

interface FlatList {
  readonly start: number;
  readonly length: number;
}

/** Where the reference at a place leads to. There are at least four bytes. */
function follow(buffer: ByteBuffer, place: number): number {
  requireInside(buffer, place, 4);
  const target = place + (buffer.readInt32(place) >>> 0);
  requireInside(buffer, target, 4);
  return target;
}

function requireInside(buffer: ByteBuffer, place: number, byteCount: number): void {
  if (place >= 0 && place + byteCount <= buffer.capacity()) return;
  throw malformedTflite(`a reference to bytes ${place} to ${place + byteCount} of ${buffer.capacity()}`);
}
