import { allocateWeights } from "./allocate-weights.js";
import { byteLengthOf, concatenate, type ByteTarget } from "./byte-target.js";

/** Up to this size, memory is allocated just because model.json claims it. */
const TRUSTED_BYTES = 64 * 2 ** 20;
/** Above that size, memory is allocated once this part of the bytes has arrived or the server has announced it. */
const EVIDENCE_PART = 1 / 16;

interface FileState {
  /** The length that the server announced; once the file has ended, the length received. `undefined` while unknown. */
  byteLength: number | undefined;
  receivedBytes: number;
  /** Offset in the buffer of the file's first `placedBytes` bytes. */
  placedAt: number;
  placedBytes: number;
  /** The pieces after these, until it is known where they belong. */
  waiting: Uint8Array[];
}

/**
 * Joins weight files that arrive side by side. Each piece is written straight to its place, so that the weights are in memory
 * only once. The place of a file is known once the lengths of all files before it are known; earlier pieces wait.
 *
 * Announced lengths may be wrong (because of a proxy that compresses). Only then is everything copied once more at the end.
 */
export class WeightAssembly {
  readonly #files: FileState[];
  readonly #totalBytes: number | undefined;
  readonly #isShared: boolean;
  #buffer: ArrayBuffer | SharedArrayBuffer | undefined;

  /**
   * @param totalBytes of all files; `undefined` if model.json can't state it (strings): then all pieces wait until the end.
   * @param isShared assemble in a SharedArrayBuffer.
   */
  constructor(fileCount: number, totalBytes: number | undefined, isShared: boolean) {
    this.#files = Array.from({ length: fileCount }, () => ({
      byteLength: undefined,
      receivedBytes: 0,
      placedAt: 0,
      placedBytes: 0,
      waiting: [],
    }));
    this.#totalBytes = totalBytes;
    this.#isShared = isShared;
  }

  /** Bytes received so far, of all files. */
  get receivedBytes(): number {
    return this.#files.reduce((total, file) => total + file.receivedBytes, 0);
  }

  /** @param index of the file in the manifest's order. */
  file(index: number): ByteTarget {
    const file = this.#files[index]!;
    return {
      begin: (byteLength) => {
        Object.assign(file, { byteLength, receivedBytes: 0, placedBytes: 0, waiting: [] });
        this.#placeFrom(index);
      },
      write: (piece) => {
        file.waiting.push(piece);
        file.receivedBytes += piece.byteLength;
        this.#place(index);
      },
      end: () => {
        file.byteLength = file.receivedBytes;
        this.#placeFrom(index);
      },
    };
  }

  /** A file that is in memory already. */
  add(index: number, bytes: Uint8Array): void {
    const target = this.file(index);
    target.begin(bytes.length);
    target.write(bytes);
    target.end();
  }

  /**
   * Return the joined weights. Call this after every file has ended.
   * @throws ShardError "out-of-memory"
   */
  finish(): { readonly weightData: ArrayBuffer | SharedArrayBuffer; readonly byteOffsets: readonly number[] } {
    const byteOffsets = this.#files.map((_, index) => this.#offsetOf(index) ?? 0);
    const isInPlace = this.#files.every(
      ({ placedAt, placedBytes, receivedBytes }, index) =>
        placedBytes === receivedBytes && (receivedBytes === 0 || placedAt === byteOffsets[index]),
    );
    if (isInPlace && this.#buffer?.byteLength === this.receivedBytes) {
      return { weightData: this.#buffer, byteOffsets };
    }
    const pieces = this.#files.flatMap(({ placedAt, placedBytes, waiting }) =>
      placedBytes > 0 && this.#buffer !== undefined
        ? [new Uint8Array(this.#buffer, placedAt, placedBytes), ...waiting]
        : waiting,
    );
    const weightData = allocateWeights(byteLengthOf(pieces), this.#isShared);
    concatenate(pieces, weightData);
    return { weightData, byteOffsets };
  }

  #placeFrom(first: number): void {
    for (let index = first; index < this.#files.length; index++) {
      if (this.#files[index]!.waiting.length > 0) this.#place(index);
    }
  }

  #place(index: number): void {
    const file = this.#files[index]!;
    const offset = this.#offsetOf(index);
    const buffer = this.#bufferOnEvidence();
    if (offset === undefined || buffer === undefined) return;
    // A file before this one has another length than announced: `finish` puts it right.
    if (file.placedBytes > 0 && file.placedAt !== offset) return;
    file.placedAt = offset;
    const limit = Math.min(file.byteLength ?? Infinity, this.#endOfRoom(file, buffer.byteLength) - offset);
    let count = 0;
    for (const piece of file.waiting) {
      if (file.placedBytes + piece.byteLength > limit) break;
      new Uint8Array(buffer).set(piece, offset + file.placedBytes);
      file.placedBytes += piece.byteLength;
      count++;
    }
    file.waiting.splice(0, count);
  }

  /** Where a file begins; `undefined` while the length of a file before it is unknown. */
  #offsetOf(index: number): number | undefined {
    let offset = 0;
    for (let before = 0; before < index; before++) {
      const { byteLength } = this.#files[before]!;
      if (byteLength === undefined) return undefined;
      offset += byteLength;
    }
    return offset;
  }

  /** The first offset behind a file that already holds another file's bytes, which must not be overwritten; else `end`. */
  #endOfRoom({ placedAt, placedBytes }: FileState, end: number): number {
    const next = placedAt + placedBytes;
    return this.#files
      .filter((other) => other.placedBytes > 0 && other.placedAt + other.placedBytes > next)
      .reduce((room, other) => Math.min(room, other.placedAt), end);
  }

  /** A damaged model.json may claim any size, so memory is allocated only when there is evidence that the bytes will come. */
  #bufferOnEvidence(): ArrayBuffer | SharedArrayBuffer | undefined {
    const total = this.#totalBytes;
    if (this.#buffer !== undefined || total === undefined) return this.#buffer;
    const evidence = this.#files.reduce((sum, file) => sum + Math.max(file.byteLength ?? 0, file.receivedBytes), 0);
    if (total <= TRUSTED_BYTES || evidence >= total * EVIDENCE_PART)
      this.#buffer = allocateWeights(total, this.#isShared);
    return this.#buffer;
  }
}
