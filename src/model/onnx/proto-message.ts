import { malformedOnnx } from "./malformed-onnx.js";

/** No name and no text of a model is longer, bytes. */
const MAX_TEXT_BYTES = 1_000_000;
/** A model of 100,000 operations has half as many. Each takes up to half a microsecond, and a damaged file may have one in every two bytes. */
export const MAX_FIELDS = 6_000_000;

const VARINT = 0;
const FIXED_64 = 1;
const BYTES = 2;
const FIXED_32 = 5;

/** A field of a message, with whatever of these its wire type has. */
export interface ProtoField {
  readonly number: number;
  /** Of a whole number; beyond 2^53 it is rounded. 0 for fields of other wire types. */
  readonly value: number;
  /** Of a text, a list or a message: where its bytes are. `undefined` for fields of other wire types. */
  readonly message: ProtoMessage | undefined;
  /** The field as the file has it, with its key. */
  readonly encoded: () => Uint8Array;
}

/**
 * A message of Protocol Buffers, as a part of a file. Nothing is copied, and no length is believed before it is compared with that of the
 * message around it, so reading a message takes no more steps than it has bytes.
 *
 * Source: https://protobuf.dev/programming-guides/encoding/
 */
export class ProtoMessage {
  readonly #bytes: Uint8Array;
  readonly #start: number;
  readonly #end: number;
  /** Of all messages in the file together. */
  readonly #seen: { count: number };

  constructor(bytes: Uint8Array, start = 0, end = bytes.length, seen = { count: 0 }) {
    this.#bytes = bytes;
    this.#start = start;
    this.#end = end;
    this.#seen = seen;
  }

  /** Where it begins in the file. */
  get byteOffset(): number {
    return this.#start;
  }

  /** Its bytes: a view of the file. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(this.#start, this.#end);
  }

  get byteLength(): number {
    return this.#end - this.#start;
  }

  /** Its fields, in the file's order. @throws ShardError "model-malformed" */
  *fields(): Generator<ProtoField> {
    const cursor = { place: this.#start };
    while (cursor.place < this.#end) {
      if (++this.#seen.count > MAX_FIELDS) throw malformedOnnx(`more than ${MAX_FIELDS}`, "a file with fewer parts");
      const from = cursor.place;
      const key = this.#varint(cursor);
      const number = Math.floor(key / 8);
      if (number < 1 || number >= 2 ** 29) throw malformedOnnx(`a field ${number} at byte ${cursor.place}`);
      const wireType = key % 8;
      let value = 0;
      let message: ProtoMessage | undefined;
      if (wireType === VARINT) {
        value = this.#varint(cursor);
      } else if (wireType === BYTES) {
        const length = this.#varint(cursor);
        const start = cursor.place;
        this.#skip(cursor, length);
        message = new ProtoMessage(this.#bytes, start, start + length, this.#seen);
      } else if (wireType === FIXED_64 || wireType === FIXED_32) {
        this.#skip(cursor, wireType === FIXED_64 ? 8 : 4);
      } else {
        throw malformedOnnx(`a field of wire type ${wireType} at byte ${cursor.place}`);
      }
      const to = cursor.place;
      yield { number, value, message, encoded: () => this.#bytes.subarray(from, to) };
    }
  }

  /** The messages of one field. @throws ShardError "model-malformed" */
  *messages(number: number): Generator<ProtoMessage> {
    for (const field of this.fields()) if (field.number === number && field.message !== undefined) yield field.message;
  }

  /** The message of a field that has one at most: the last, as the encoding has it. */
  message(number: number): ProtoMessage | undefined {
    let last: ProtoMessage | undefined;
    for (const message of this.messages(number)) last = message;
    return last;
  }

  /** The number in a field; `undefined` where it is left out. */
  number(number: number): number | undefined {
    let last: number | undefined;
    for (const field of this.fields()) if (field.number === number && field.message === undefined) last = field.value;
    return last;
  }

  /** The numbers of a list that is packed. Those beyond 2^53 are rounded. @throws ShardError "model-malformed" */
  *packed(): Generator<number> {
    const cursor = { place: this.#start };
    while (cursor.place < this.#end) yield this.#varint(cursor);
  }

  /** The text in a field; `undefined` where it is left out. */
  text(number: number): string | undefined {
    return this.message(number)?.asText();
  }

  /** The message's bytes as a text. */
  asText(): string {
    if (this.byteLength > MAX_TEXT_BYTES) throw malformedOnnx(`a name of ${this.byteLength} bytes`);
    // A copy, since browsers decode no shared memory.
    return new TextDecoder().decode(this.#bytes.slice(this.#start, this.#end));
  }

  #skip(cursor: { place: number }, length: number): void {
    if (length < 0 || length > this.#end - cursor.place) {
      throw malformedOnnx(`a part of ${length} bytes where ${this.#end - cursor.place} are left`);
    }
    cursor.place += length;
  }

  /** A whole number of up to 64 bits, with a sign, in groups of seven bits. */
  #varint(cursor: { place: number }): number {
    let low = 0;
    let high = 0;
    for (let index = 0; index < 10; index++) {
      if (cursor.place >= this.#end) throw malformedOnnx(`a number that is cut off at byte ${cursor.place}`);
      const byte = this.#bytes[cursor.place++]!;
      const bits = byte & 0x7f;
      if (index < 4) low |= bits << (7 * index);
      else if (index === 4) {
        low |= bits << 28;
        high = bits >>> 4;
      } else high |= bits << (7 * index - 32);
      if (byte < 0x80) return high * 2 ** 32 + (low >>> 0);
    }
    throw malformedOnnx(`a number of more than ten bytes at byte ${cursor.place}`);
  }
}
