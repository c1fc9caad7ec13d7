import { ShardError } from "../../src/core/errors.js";
import {
  JOURNAL_MAGIC,
  type JournalDamage,
  type JournalHeader,
  type NewRecord,
  type RecordKind,
} from "../../src/protocol/journal-api.js";
import { contentsOf, type Contents } from "./contents.js";
import { decodeHead, encodeHead, HEAD_BYTES, isIntact, paddedLength } from "./frames.js";
import type { JournalFile, ReadableFile } from "./journal-file.js";
import { scanJournal, type FoundRecord, type StoredHeader } from "./scan.js";

/** How long a record may be written but not yet on the disk, ms. */
const FLUSH_INTERVAL_MS = 100;

/**
 * So much is gathered for one write at most, bytes. A write to such a file takes a third of a millisecond and more, however short it is,
 * and a shard of small items has hundreds of records. Longer payloads are written as they are.
 */
const GATHERED_BYTES = 1024 * 1024;

/** How a journal was found. */
export interface Found {
  readonly state: "started" | "resumed" | "replaced";
  readonly damage: JournalDamage;
  readonly contents: Contents;
}

/** A journal that one job reads and appends to. It owns its file. */
export class OpenJournal {
  readonly header: StoredHeader;
  readonly found: Found;
  readonly #file: JournalFile;
  #endBytes: number;
  #flushTimer: ReturnType<typeof setTimeout> | undefined;

  /**
   * Read the file, drop its torn end, and empty it if it holds another job.
   * @param salt a random number of 32 bits, for a new file.
   * @throws what the file throws where there is no room.
   */
  constructor(file: JournalFile, header: JournalHeader, salt: number) {
    this.#file = file;
    const scan = scanJournal(file, true);
    const isSameJob = scan.header?.fingerprint === header.fingerprint && scan.header.kind === header.kind;
    const { damage } = scan;
    if (scan.header !== undefined && isSameJob) {
      this.header = scan.header;
      this.#endBytes = scan.endBytes;
      this.found = { state: "resumed", damage, contents: contentsOf(scan, (record) => readDigest(file, record)) };
      if (damage.droppedBytes > 0) file.truncate(scan.endBytes);
      return;
    }
    this.header = { ...header, salt };
    const state = file.getSize() > 0 ? "replaced" : "started";
    this.found = {
      state,
      damage,
      contents: { shards: [], chunks: [], doneItemCount: 0, finishedItemCount: undefined },
    };
    file.truncate(0);
    this.#endBytes = 0;
    this.#write(new TextEncoder().encode(JOURNAL_MAGIC));
    const payload = new TextEncoder().encode(JSON.stringify(this.header));
    this.#writeRecords([{ head: { kind: "header", firstItem: 0, itemCount: 0, chunk: 0 }, payload }], 0);
    file.flush();
  }

  get byteLength(): number {
    return this.#endBytes;
  }

  /** Bytes that records take in the file. */
  static recordBytes(records: readonly NewRecord[]): number {
    return records.reduce((total, { payload }) => total + HEAD_BYTES + paddedLength(payload.byteLength), 0);
  }

  /** @throws what the file throws where there is no room; the journal then ends where it ended before. */
  append(records: readonly NewRecord[]): void {
    const written = records.map(({ payload, ...head }) => ({ head, payload: new Uint8Array(payload) }));
    this.#writeRecords(written, this.header.salt);
    this.#flushTimer ??= setTimeout(() => this.#flush(), FLUSH_INTERVAL_MS);
  }

  /**
   * The payload of a shard.
   * @param at where its record begins.
   * @throws ShardError "storage-unavailable" if it is not what was written.
   */
  readPayload(at: number): ArrayBuffer {
    const payload = readPayload(this.#file, at, this.header.salt);
    if (payload !== undefined) return payload.buffer;
    throw new ShardError(
      "storage-unavailable",
      `Expected a recorded shard at byte ${at} of journal "${this.header.name}", received damaged bytes: delete the journal with deleteJournal() and run the job again.`,
    );
  }

  close(): void {
    try {
      if (this.#flushTimer !== undefined) this.#flush();
    } finally {
      this.#file.close();
    }
  }

  #flush(): void {
    clearTimeout(this.#flushTimer);
    this.#flushTimer = undefined;
    this.#file.flush();
  }

  #writeRecords(records: readonly WrittenRecord[], salt: number): void {
    const begin = this.#endBytes;
    try {
      for (const bytes of gathered(records, salt)) this.#write(bytes);
    } catch (thrown) {
      this.#endBytes = begin;
      this.#file.truncate(begin);
      throw thrown;
    }
  }

  #write(bytes: Uint8Array<ArrayBuffer>): void {
    const written = this.#file.write(bytes, { at: this.#endBytes });
    if (written !== bytes.length) {
      throw new ShardError(
        "storage-unavailable",
        `Expected room for ${bytes.length} bytes in journal "${this.header.name}", received room for ${written}: free some of the browser's storage.`,
      );
    }
    this.#endBytes += written;
  }
}

interface WrittenRecord {
  readonly head: Omit<NewRecord, "payload" | "kind"> & { readonly kind: RecordKind };
  readonly payload: Uint8Array<ArrayBuffer>;
}

/** The bytes of records, in as few pieces as fit. A piece is only valid until the next one is asked for. */
function* gathered(
  records: readonly WrittenRecord[],
  salt: number,
): Generator<Uint8Array<ArrayBuffer>, void, undefined> {
  const sizes = records.map(({ payload }) => HEAD_BYTES + paddedLength(payload.length));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const piece = new Uint8Array(Math.min(total, GATHERED_BYTES));
  let length = 0;
  for (const [index, { head, payload }] of records.entries()) {
    const size = sizes[index]!;
    const isLong = size > piece.length;
    if (length > 0 && (isLong || length + size > piece.length)) {
      yield piece.subarray(0, length);
      length = 0;
    }
    const headBytes = encodeHead(head, payload, salt);
    if (isLong) {
      yield headBytes;
      yield payload;
      yield new Uint8Array(size - HEAD_BYTES - payload.length);
      continue;
    }
    piece.set(headBytes, length);
    piece.set(payload, length + HEAD_BYTES);
    piece.fill(0, length + HEAD_BYTES + payload.length, length + size);
    length += size;
  }
  if (length > 0) yield piece.subarray(0, length);
}

/** @returns `undefined` if it is damaged. */
function readPayload(file: ReadableFile, at: number, salt: number): Uint8Array<ArrayBuffer> | undefined {
  const headBytes = new Uint8Array(HEAD_BYTES);
  if (file.read(headBytes, { at }) !== HEAD_BYTES) return undefined;
  const head = decodeHead(headBytes, salt);
  if (head === undefined || !isIntact(file, at + HEAD_BYTES, head, salt)) return undefined;
  const payload = new Uint8Array(head.payloadBytes);
  return file.read(payload, { at: at + HEAD_BYTES }) === payload.length ? payload : undefined;
}

/** The digest that a chunk's record holds, in hexadecimal digits. */
export function readDigest(file: ReadableFile, { at, payloadBytes }: FoundRecord): string {
  const payload = new Uint8Array(Math.min(payloadBytes, 64));
  file.read(payload, { at: at + HEAD_BYTES });
  return Array.from(payload, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
