import { RECORD_KINDS, type RecordKind } from "../../src/protocol/journal-api.js";
import { crc32 } from "../reader/crc32.js";

const MARK = 0x4c_4e_52_4a;
export const HEAD_BYTES = 32;
const ALIGNMENT = 8;
/** How much of a payload is in memory at once while it is checked. */
const PIECE_BYTES = 4 * 1024 * 1024;

/** The head of a record, see `JOURNAL_MAGIC` for its layout. */
export interface RecordHead {
  readonly kind: RecordKind;
  readonly payloadBytes: number;
  readonly firstItem: number;
  readonly itemCount: number;
  readonly chunk: number;
  readonly payloadCrc: number;
}

/** How long a payload is with the zeros after it. */
export function paddedLength(payloadBytes: number): number {
  return Math.ceil(payloadBytes / ALIGNMENT) * ALIGNMENT;
}

/** @param salt where the checksums begin. */
export function encodeHead(
  { kind, firstItem, itemCount, chunk }: Omit<RecordHead, "payloadCrc" | "payloadBytes">,
  payload: Uint8Array,
  salt: number,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(HEAD_BYTES);
  const view = new DataView(bytes.buffer);
  const words = [MARK, RECORD_KINDS[kind], payload.length, firstItem, itemCount, chunk, crc32(payload, salt)];
  words.forEach((word, index) => view.setUint32(4 * index, word, true));
  view.setUint32(HEAD_BYTES - 4, crc32(bytes.subarray(0, HEAD_BYTES - 4), salt), true);
  return bytes;
}

/** @returns `undefined` if these bytes are no head, or a damaged one. */
export function decodeHead(bytes: Uint8Array<ArrayBuffer>, salt: number): RecordHead | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const word = (index: number): number => view.getUint32(4 * index, true);
  const kind = KINDS.get(word(1));
  const isWhole = word(0) === MARK && word(7) === crc32(bytes.subarray(0, HEAD_BYTES - 4), salt);
  if (kind === undefined || !isWhole) return undefined;
  return {
    kind,
    payloadBytes: word(2),
    firstItem: word(3),
    itemCount: word(4),
    chunk: word(5),
    payloadCrc: word(6),
  };
}

const KINDS: ReadonlyMap<number, RecordKind> = new Map(
  (Object.keys(RECORD_KINDS) as RecordKind[]).map((kind) => [RECORD_KINDS[kind], kind]),
);

/** The part of a file that is read here, so that any file will do. */
interface Source {
  read(bytes: Uint8Array<ArrayBuffer>, options: { readonly at: number }): number;
}

/** Whether the payload at `at` is what was written. Takes O(4 MiB) of memory. */
export function isIntact(file: Source, at: number, { payloadBytes, payloadCrc }: RecordHead, salt: number): boolean {
  const piece = new Uint8Array(Math.min(PIECE_BYTES, payloadBytes));
  let crc = salt;
  for (let done = 0; done < payloadBytes;) {
    const bytes = piece.subarray(0, Math.min(piece.length, payloadBytes - done));
    if (file.read(bytes, { at: at + done }) !== bytes.length) return false;
    crc = crc32(bytes, crc);
    done += bytes.length;
  }
  return crc === payloadCrc;
}
