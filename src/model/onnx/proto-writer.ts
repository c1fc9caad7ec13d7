/** Writes a message of Protocol Buffers, field after field. Source: https://protobuf.dev/programming-guides/encoding/ */
export class ProtoWriter {
  readonly #parts: Uint8Array[] = [];
  #byteLength = 0;

  /** A text, a list or a message. */
  bytes(field: number, bytes: Uint8Array): this {
    return this.encoded(varint(8 * field + 2))
      .encoded(varint(bytes.length))
      .encoded(bytes);
  }

  text(field: number, text: string): this {
    return this.bytes(field, new TextEncoder().encode(text));
  }

  /** @param value whole, 0 ≤ value < 2^53. */
  number(field: number, value: number): this {
    return this.encoded(varint(8 * field)).encoded(varint(value));
  }

  /** Fields that are encoded already. */
  encoded(bytes: Uint8Array): this {
    this.#parts.push(bytes);
    this.#byteLength += bytes.length;
    return this;
  }

  /** A copy of all that was written. */
  finish(): Uint8Array<ArrayBuffer> {
    const joined = new Uint8Array(this.#byteLength);
    let offset = 0;
    for (const part of this.#parts) {
      joined.set(part, offset);
      offset += part.length;
    }
    return joined;
  }
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) + 0x80);
  return Uint8Array.from([...bytes, rest]);
}
