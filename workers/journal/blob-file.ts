import type { StoredFile } from "./journal-file.js";

/** A copy is made of parts, each of which the browser may keep on the disk. */
const COPY_PART_BYTES = 32 * 1024 * 1024;
/** Enough for the heads of many small records. */
const WINDOW_BYTES = 256 * 1024;

/** How often a part is asked for that is written to all the time. */
const MAX_TRIES = 100;

/**
 * Reads a file of the browser, which may be open elsewhere. Small reads that follow each other are served from one. A file on a disk can't
 * be read any more once it has changed.
 */
export class BlobFile implements StoredFile {
  readonly #file: File;
  readonly #renew: () => Promise<File>;
  readonly #reader = new FileReaderSync();
  #window = { at: 0, bytes: new Uint8Array() };
  #isOutdated = false;

  /** @param renew gives the file as it is by then. */
  constructor(file: File, renew: () => Promise<File>) {
    this.#file = file;
    this.#renew = renew;
  }

  get isOutdated(): boolean {
    return this.#isOutdated;
  }

  get name(): string {
    return this.#file.name;
  }

  get changedAtMs(): number {
    return this.#file.lastModified;
  }

  /** What is there stays as it is while records are appended, so that each part may be of a later state of the file. */
  async copy(): Promise<Blob> {
    const parts: Blob[] = [];
    const { size } = this.#file;
    for (let at = 0; at < size; at += COPY_PART_BYTES) {
      parts.push(new Blob([await this.#part(at, Math.min(size, at + COPY_PART_BYTES))]));
    }
    return new Blob(parts, { type: "application/octet-stream" });
  }

  async #part(start: number, end: number): Promise<ArrayBuffer> {
    let file = this.#file;
    for (let tryCount = 1; ; tryCount++) {
      try {
        return await file.slice(start, end).arrayBuffer();
      } catch (thrown) {
        if (!hasChanged(thrown) || tryCount === MAX_TRIES) throw thrown;
        file = await this.#renew();
      }
    }
  }

  getSize(): number {
    return this.#file.size;
  }

  read(bytes: Uint8Array<ArrayBuffer>, { at }: { readonly at: number }): number {
    const isWithin = at >= this.#window.at && at + bytes.length <= this.#window.at + this.#window.bytes.length;
    if (!isWithin) this.#window = { at, bytes: this.#load(at, Math.max(WINDOW_BYTES, bytes.length)) };
    if (this.#isOutdated) return 0;
    const first = at - this.#window.at;
    const found = this.#window.bytes.subarray(first, first + bytes.length);
    bytes.set(found);
    return found.length;
  }

  #load(at: number, byteLength: number): Uint8Array<ArrayBuffer> {
    try {
      return new Uint8Array(this.#reader.readAsArrayBuffer(this.#file.slice(at, at + byteLength)));
    } catch (thrown) {
      if (!hasChanged(thrown)) throw thrown;
      this.#isOutdated = true;
      return new Uint8Array();
    }
  }
}

function hasChanged(thrown: unknown): boolean {
  return thrown instanceof DOMException && (thrown.name === "NotReadableError" || thrown.name === "NotFoundError");
}
