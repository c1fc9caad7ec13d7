import type { Reply } from "./error-record.js";
import type { LinkedApi } from "./link.js";

/**
 * The file of a journal, as it is stored and exported. All numbers are little-endian.
 *
 * It begins with 32 bytes of text (`inference-sharder journal 1`, filled up with line feeds). Records follow, each with a head of eight
 * 32-bit words and a payload that is filled up with zeros to a multiple of 8 bytes:
 *
 * | word | holds |
 * |---|---|
 * | 0 | 0x4c4e524a, which reads "JRNL" |
 * | 1 | the kind of record, see `RECORD_KINDS` |
 * | 2 | bytes of the payload |
 * | 3, 4 | the first item and the number of items that it is about |
 * | 5 | the number of the chunk, that is, of the batch that a stream's source yielded, from 0; always 0 for `predict` |
 * | 6 | CRC-32 of the payload |
 * | 7 | CRC-32 of words 0 to 6 |
 *
 * The first record is the header, a `JournalHeader` as JSON. The checksums of all others begin with its `salt` in place of 0, so that
 * records that an earlier journal has left on the disk are never taken for its own. A "chunk" record announces a batch of the source by the
 * SHA-256 of its inputs; if a chunk is announced again with other inputs, everything recorded for it and later ones is void. The payload
 * of a "shard" is described at `encodeShard` (src/sharder/journal/shard-payload.ts). "finished" says that the job has ended well.
 */
export const JOURNAL_MAGIC = "inference-sharder journal 1".padEnd(32, "\n");

/** The number of each kind of record in the file. */
export const RECORD_KINDS = { header: 1, chunk: 2, shard: 3, finished: 4 } as const;
export type RecordKind = keyof typeof RECORD_KINDS;

/** What a journal says about itself. */
export interface JournalHeader {
  readonly name: string;
  /** SHA-256 over the model, the inputs or the caller's key, and all options that change values: 64 hexadecimal digits. */
  readonly fingerprint: string;
  /** The inference runtime that computed it. A resumed job keeps it. */
  readonly engine: string;
  readonly kind: "predict" | "stream";
  /** How many items the job has; `undefined` for a stream. */
  readonly itemCount?: number | undefined;
  /** Milliseconds since 1970. */
  readonly createdAtMs: number;
}

/** A record to be appended. */
export interface NewRecord {
  readonly kind: Exclude<RecordKind, "header">;
  readonly firstItem: number;
  readonly itemCount: number;
  readonly chunk: number;
  readonly payload: ArrayBuffer;
}

/** A shard that a journal holds; `id` is where it begins in the file. */
export interface RecordedShard {
  readonly id: number;
  readonly firstItem: number;
  readonly itemCount: number;
  readonly chunk: number;
}

/** A batch of the source, as it was when its items were recorded. */
export interface RecordedChunk {
  readonly firstItem: number;
  readonly itemCount: number;
  readonly chunk: number;
  /** SHA-256 of its inputs: 64 hexadecimal digits. */
  readonly digest: string;
}

/** What is wrong with a file. */
export interface JournalDamage {
  /** Records in the middle that were skipped: their checksum is wrong. */
  readonly skippedRecordCount: number;
  /** Bytes at the end that were dropped: a record that was not written to its end, or what follows a damaged head. */
  readonly droppedBytes: number;
  /** Not even the header can be read, so that nothing is known about the file. */
  readonly isUnreadable: boolean;
}

export interface OpenRequest {
  /** By which the page calls it from now on. No other journal of the page has had it, whichever worker it was open in. */
  readonly journalId: number;
  /** The name of the file, see `journalFileName`. */
  readonly file: string;
  readonly header: JournalHeader;
  /** The most bytes that all journals of this origin may take together. Default: 2 GiB, but no more than half of the quota. */
  readonly maxBytes: number | undefined;
}

export interface OpenedJournal {
  readonly journalId: number;
  /** "replaced": the file held another job, or could not be read; it is empty now. */
  readonly state: "started" | "resumed" | "replaced";
  readonly damage: JournalDamage;
  /** The header of the file: that of the job that began it. */
  readonly header: JournalHeader;
  /** Ascending; no item twice. */
  readonly shards: readonly RecordedShard[];
  readonly chunks: readonly RecordedChunk[];
}

/** What is known about a journal without reading its results. */
export interface JournalInfo {
  readonly name: string;
  readonly kind: "predict" | "stream";
  /** "finished": its job has ended well, and all results are there. "damaged": its header can't be read. */
  readonly state: "unfinished" | "finished" | "damaged";
  /** Whether a job of this or another tab uses it now. */
  readonly isInUse: boolean;
  /** Items whose results are there. */
  readonly doneItemCount: number;
  /** Of the whole job; `undefined` for a stream that has not ended. */
  readonly itemCount: number | undefined;
  readonly byteLength: number;
  readonly createdAt: Date;
  /** When something was last recorded. */
  readonly changedAt: Date;
  /** The inference runtime that computed it. */
  readonly engine: string;
  readonly fingerprint: string;
}

/** What the worker of the journals offers. @typeParam B the platform's `Blob`, whose type this layer does not have. */
export interface JournalApi<B> extends LinkedApi {
  /** Open a journal for one job. A file of another job, or one that can't be read, is emptied. Its torn end is dropped. */
  open(request: OpenRequest): Promise<Reply<OpenedJournal>>;
  /** Resolves once the records are written, so that they survive the page; within 100 ms they are on the disk. Payloads are transferred. */
  append(journalId: number, records: readonly NewRecord[]): Promise<Reply<undefined>>;
  /** The payload of a recorded shard. */
  read(journalId: number, shardId: number): Promise<Reply<ArrayBuffer>>;
  /** Write what is left to the disk and release the file. */
  close(journalId: number): Promise<Reply<undefined>>;
  /** All journals of this origin, those that were changed last first. */
  list(): Promise<Reply<readonly JournalInfo[]>>;
  /** @returns whether there was one. */
  remove(file: string): Promise<Reply<boolean>>;
  /** A copy of the file as it is now; `undefined` if there is none. */
  export(file: string): Promise<Reply<B | undefined>>;
}

/** The Web Lock that whoever uses a journal holds. */
export function journalLock(file: string): string {
  return `inference-sharder/journal/${file}`;
}
