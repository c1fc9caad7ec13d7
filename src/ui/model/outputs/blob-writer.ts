/** Bytes that are collected before they become a part of a Blob, which the browser can keep on its disk. */
const PART_BYTES = 4 * 1024 * 1024;

/** Collects bytes in a Blob, so that the page's own memory holds at most a few MB of them. */
export class BlobWriter {
  readonly #parts: Blob[] = [];
  #buffer = new Uint8Array(1024);
  #used = 0;
  #byteLength = 0;

  get byteLength(): number {
    return this.#byteLength;
  }

  /** Copies the bytes, or encodes the text. */
  write(piece: Uint8Array | string): void {
    const bytes = typeof piece === "string" ? new TextEncoder().encode(piece) : piece;
    this.#byteLength += bytes.byteLength;
    const needed = this.#used + bytes.byteLength;
    if (needed > this.#buffer.length) {
      const larger = new Uint8Array(Math.max(needed, Math.min(2 * this.#buffer.length, PART_BYTES)));
      larger.set(this.#buffer.subarray(0, this.#used));
      this.#buffer = larger;
    }
    this.#buffer.set(bytes, this.#used);
    this.#used = needed;
    if (this.#used >= PART_BYTES) this.#flush();
  }

  /** A Blob goes in as it is, without being read. */
  append(blob: Blob): void {
    this.#flush();
    this.#parts.push(blob);
    this.#byteLength += blob.size;
  }

  /** What has been written so far. */
  blob(type = "application/octet-stream"): Blob {
    return new Blob([...this.#parts, this.#buffer.subarray(0, this.#used)], { type });
  }

  #flush(): void {
    if (this.#used > 0) this.#parts.push(new Blob([this.#buffer.subarray(0, this.#used)]));
    this.#used = 0;
  }
}
