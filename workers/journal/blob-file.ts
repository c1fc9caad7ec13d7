import type { StoredFile } from "./journal-file.js";

/** A copy is made of parts, each of which the browser may keep on the disk. */
const COPY_PART_BYTES = 32 * 1024 * 1024;
/** Enough for the heads of many small records. */
const WINDOW_BYTES = 256 * 1024;

/** Reads a file of the browser, which may be open elsewhere. Small reads that follow each other are served from one. */
export class BlobFile implements StoredFile {
  readonly #file: File;
  readonly #reader = new FileReaderSync();
  #window = { at: 0, bytes: new Uint8Array() };

  constructor(file: File) {
    this.#file = file;
  }

  get name(): string {
    return this.#file.name;
  }

  get changedAtMs(): number {
    return this.#file.lastModified;
  }

  async copy(): Promise<Blob> {
    const parts: Blob[] = [];
    for (let at = 0; at < this.#file.size; at += COPY_PART_BYTES) {
      parts.push(new Blob([await this.#file.slice(at, at + COPY_PART_BYTES).arrayBuffer()]));
    }
    return new Blob(parts, { type: "application/octet-stream" });
  }

  getSize(): number {
    return this.#file.size;
  }

  read(bytes: Uint8Array<ArrayBuffer>, { at }: { readonly at: number }): number {
    const isWithin = at >= this.#window.at && at + bytes.length <= this.#window.at + this.#window.bytes.length;
    if (!isWithin) this.#window = { at, bytes: this.#load(at, Math.max(WINDOW_BYTES, bytes.length)) };
    const first = at - this.#window.at;
    const found = this.#window.bytes.subarray(first, first + bytes.length);
    bytes.set(found);
    return found.length;
  }

  #load(at: number, byteLength: number): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#reader.readAsArrayBuffer(this.#file.slice(at, at + byteLength)));
  }
}
