import { JOURNAL_MAGIC, type JournalDamage, type JournalHeader } from "../../src/protocol/journal-api.js";
import { decodeHead, HEAD_BYTES, isIntact, paddedLength, type RecordHead } from "./frames.js";
import type { ReadableFile } from "./journal-file.js";

/** The longest header that is read. */
const MAX_HEADER_BYTES = 64 * 1024;

/** A record whose head is whole; `at` is where the head begins in the file. */
export interface FoundRecord extends RecordHead {
  readonly at: number;
  /** Its payload is not what was written. Only "chunk" records are kept nevertheless: what follows them counts for other inputs. */
  readonly isDamaged: boolean;
}

/** What a file holds. */
export interface Scan {
  /** `undefined`: it can't be read, or is empty. */
  readonly header: StoredHeader | undefined;
  /** In the order in which they were written, without the header. */
  readonly records: readonly FoundRecord[];
  /** Where the next record goes. */
  readonly endBytes: number;
  readonly damage: JournalDamage;
}

/** The header as it is in the file. */
export interface StoredHeader extends JournalHeader {
  /** A random number where the checksums of all other records begin. */
  readonly salt: number;
}

/**
 * Read a journal from its beginning. A record whose payload is damaged is skipped. Its head has a checksum of its own, so that its length
 * can be trusted; from the first damaged head on nothing can be, and the rest is dropped.
 *
 * @param isThorough check payloads too, which reads the whole file; without it only heads are read.
 */
export function scanJournal(file: ReadableFile, isThorough: boolean): Scan {
  const size = file.getSize();
  const first = readHeader(file, size);
  if (first === undefined) {
    const damage = { skippedRecordCount: 0, droppedBytes: size, isUnreadable: size > 0 };
    return { header: undefined, records: [], endBytes: 0, damage };
  }
  const { header } = first;
  const records: FoundRecord[] = [];
  let skippedRecordCount = 0;
  let at = first.endBytes;
  for (;;) {
    const head = readHead(file, at, size, header.salt);
    if (head === undefined) break;
    const isDamaged = isThorough && !isIntact(file, at + HEAD_BYTES, head, header.salt);
    // A second header is nothing that was ever written.
    if (head.kind === "header" || isDamaged) skippedRecordCount++;
    if (head.kind !== "header" && (!isDamaged || head.kind === "chunk")) records.push({ ...head, at, isDamaged });
    at += HEAD_BYTES + paddedLength(head.payloadBytes);
  }
  return {
    header,
    records,
    endBytes: at,
    damage: { skippedRecordCount, droppedBytes: size - at, isUnreadable: false },
  };
}

function readHeader(file: ReadableFile, size: number): { header: StoredHeader; endBytes: number } | undefined {
  const magic = readBytes(file, 0, JOURNAL_MAGIC.length);
  if (magic === undefined || new TextDecoder().decode(magic) !== JOURNAL_MAGIC) return undefined;
  const at = JOURNAL_MAGIC.length;
  const head = readHead(file, at, size, 0);
  if (head?.kind !== "header" || head.payloadBytes > MAX_HEADER_BYTES) return undefined;
  if (!isIntact(file, at + HEAD_BYTES, head, 0)) return undefined;
  const payload = readBytes(file, at + HEAD_BYTES, head.payloadBytes);
  const header = payload === undefined ? undefined : parseHeader(payload);
  return header && { header, endBytes: at + HEAD_BYTES + paddedLength(head.payloadBytes) };
}

/** @returns `undefined` if the head is damaged, or its payload is not all there. */
function readHead(file: ReadableFile, at: number, size: number, salt: number): RecordHead | undefined {
  const bytes = readBytes(file, at, HEAD_BYTES);
  const head = bytes && decodeHead(bytes, salt);
  return head !== undefined && at + HEAD_BYTES + paddedLength(head.payloadBytes) <= size ? head : undefined;
}

function readBytes(file: ReadableFile, at: number, byteLength: number): Uint8Array<ArrayBuffer> | undefined {
  const bytes = new Uint8Array(byteLength);
  return file.read(bytes, { at }) === byteLength ? bytes : undefined;
}

function parseHeader(payload: Uint8Array): StoredHeader | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(payload));
    return isHeader(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isHeader(value: unknown): value is StoredHeader {
  if (typeof value !== "object" || value === null) return false;
  const { name, fingerprint, engine, kind, itemCount, createdAtMs, salt } = value as Partial<Record<string, unknown>>;
  return (
    [name, fingerprint, engine].every((each) => typeof each === "string") &&
    (kind === "predict" || kind === "stream") &&
    (itemCount === undefined || Number.isSafeInteger(itemCount)) &&
    typeof createdAtMs === "number" &&
    Number.isSafeInteger(salt)
  );
}
