import { ShardError } from "../../src/core/errors.js";
import { checkExpansion, damaged } from "./limits.js";

/** A file in a zip, as the directory at the zip's end describes it. */
export interface ZipEntry {
  readonly path: string;
  readonly method: "stored" | "deflated";
  readonly packedBytes: number;
  readonly byteLength: number;
  readonly crc: number;
  /** Where its own header begins in the zip. */
  readonly headerAt: number;
}

const END_BYTES = 22;
const ZIP64_LOCATOR_BYTES = 20;
const MOST_COMMENT_BYTES = 0xffff;
const MOST_DIRECTORY_BYTES = 2 ** 26;
const MOST_ENTRIES = 10_000;
/** Text compresses ten to twenty times, pruned weights better; bombs a thousand times. */
const MOST_EXPANSION = 200;
const ENTRY_BYTES = 46;

/**
 * Read the directory of a zip, with 64-bit sizes or not.
 * @returns its files, without folders and without what macOS adds.
 * @throws ShardError "model-malformed", "model-unsupported" (encrypted, several parts, other methods), "out-of-memory"
 * Source: PKWARE APPNOTE 6.3.10, 4.3.
 */
export async function readZipDirectory(zip: Blob, name: string): Promise<ZipEntry[]> {
  const { at, size, count } = await findDirectory(zip, name);
  if (at < 0 || size > MOST_DIRECTORY_BYTES || at + size > zip.size || count > MOST_ENTRIES) {
    throw damaged(name, `a directory of at most ${MOST_ENTRIES} files`, `${count} files in ${size} bytes at ${at}`);
  }
  const view = await viewOf(zip.slice(at, at + size));
  const entries: ZipEntry[] = [];
  for (let index = 0, offset = 0; index < count; index++) {
    if (offset + ENTRY_BYTES > size || view.getUint32(offset, true) !== 0x02_01_4b_50) {
      throw damaged(name, `${count} files`, `a directory that ends after ${index}`);
    }
    const lengths = [28, 30, 32].map((field) => view.getUint16(offset + field, true));
    const end = offset + ENTRY_BYTES + lengths.reduce((sum, length) => sum + length, 0);
    if (end > size) throw damaged(name, `${count} files`, `a directory that ends in file ${index}`);
    const entry = readEntry(view, offset, lengths, name);
    if (entry !== undefined) entries.push(entry);
    offset = end;
  }
  checkExpansion(
    name,
    entries.reduce((sum, { byteLength }) => sum + byteLength, 0),
    zip.size,
    MOST_EXPANSION,
  );
  return entries;
}

interface Directory {
  readonly at: number;
  readonly size: number;
  readonly count: number;
}

async function findDirectory(zip: Blob, name: string): Promise<Directory> {
  const tailAt = Math.max(0, zip.size - END_BYTES - MOST_COMMENT_BYTES - ZIP64_LOCATOR_BYTES);
  const tail = await viewOf(zip.slice(tailAt));
  for (let offset = tail.byteLength - END_BYTES; offset >= 0; offset--) {
    if (tail.getUint32(offset, true) !== 0x06_05_4b_50) continue;
    if (offset + END_BYTES + tail.getUint16(offset + 20, true) > tail.byteLength) continue;
    const [count, size, at] = [
      tail.getUint16(offset + 10, true),
      tail.getUint32(offset + 12, true),
      tail.getUint32(offset + 16, true),
    ];
    const locator = offset - ZIP64_LOCATOR_BYTES;
    if (locator >= 0 && tail.getUint32(locator, true) === 0x07_06_4b_50) {
      return findDirectory64(zip, Number(tail.getBigUint64(locator + 8, true)), name);
    }
    if (tail.getUint16(offset + 4, true) !== 0) throw unsupported(name, "a zip in several parts");
    return { at, size, count };
  }
  throw damaged(name, "a zip with a directory at its end", `${zip.size} bytes without one`);
}

async function findDirectory64(zip: Blob, endAt: number, name: string): Promise<Directory> {
  const view = await viewOf(zip.slice(endAt, endAt + 56));
  if (view.byteLength < 56 || view.getUint32(0, true) !== 0x06_06_4b_50) {
    throw damaged(name, "the directory of a large zip", `other bytes at ${endAt}`);
  }
  const [count, size, at] = [32, 40, 48].map((field) => Number(view.getBigUint64(field, true)));
  return { at: at!, size: size!, count: count! };
}

function readEntry(
  view: DataView,
  offset: number,
  [nameBytes = 0, extraBytes = 0]: readonly number[],
  name: string,
): ZipEntry | undefined {
  const nameAt = offset + ENTRY_BYTES;
  const path = readPath(new Uint8Array(view.buffer, view.byteOffset + nameAt, nameBytes));
  if (path.endsWith("/") || /(^|\/)(__MACOSX\/|\.)/.test(path)) return undefined;
  const flags = view.getUint16(offset + 8, true);
  if ((flags & 1) === 1) throw unsupported(name, "an encrypted zip");
  const method = view.getUint16(offset + 10, true);
  if (method !== 0 && method !== 8) throw unsupported(name, `"${path.slice(-60)}" packed by method ${method}`);
  const wide = wideNumbers(view, nameAt + nameBytes, extraBytes);
  // The wide numbers are there for those of these fields that are full, in this order.
  const [byteLength, packedBytes, headerAt] = [24, 20, 42].map((field) => {
    const value = view.getUint32(offset + field, true);
    return value === 0xff_ff_ff_ff ? (wide.shift() ?? value) : value;
  });
  return {
    path,
    method: method === 0 ? "stored" : "deflated",
    byteLength: byteLength!,
    packedBytes: packedBytes!,
    crc: view.getUint32(offset + 16, true),
    headerAt: headerAt!,
  };
}

function readPath(bytes: Uint8Array): string {
  // Old tools write other encodings than UTF-8; their odd letters don't matter here.
  return new TextDecoder().decode(bytes).replaceAll("\\", "/").replace(/^\/+/, "");
}

/** The 64-bit numbers in the extra fields of an entry. */
function wideNumbers(view: DataView, at: number, byteLength: number): number[] {
  const end = at + byteLength;
  for (let offset = at; offset + 4 <= end; offset += 4 + view.getUint16(offset + 2, true)) {
    if (view.getUint16(offset, true) !== 1) continue;
    const count = Math.floor(Math.min(view.getUint16(offset + 2, true), end - offset - 4) / 8);
    return Array.from({ length: count }, (_, index) => Number(view.getBigUint64(offset + 4 + 8 * index, true)));
  }
  return [];
}

function unsupported(name: string, received: string): ShardError {
  return new ShardError(
    "model-unsupported",
    `Expected a zip in one part, stored or deflated, at "${name.slice(-80)}", received ${received}: unpack it and choose its files.`,
  );
}

export async function viewOf(blob: Blob): Promise<DataView> {
  return new DataView(await blob.arrayBuffer());
}
