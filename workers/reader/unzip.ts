import { messageOf } from "../../src/protocol/error-record.js";
import type { PathBlob } from "../../src/protocol/reader-api.js";
import { ShardError } from "../../src/core/errors.js";
import { foreignFormatOf, refuseForeign } from "../../src/model/load/foreign-formats.js";
import { crc32 } from "./crc32.js";
import { damaged } from "./limits.js";
import { readZipDirectory, viewOf, type ZipEntry } from "./zip-directory.js";

const HEADER_BYTES = 30;
/** Inflated pieces are handed to the browser's store of blobs in portions of this size. */
const PORTION_BYTES = 2 ** 24;

/**
 * Read the files of a zip; pictures and the like are left out. Stored files stay where they are: their blobs are parts of the zip.
 * Yields after every piece of work.
 * @throws ShardError "model-malformed", "model-unsupported" (no model that can be read, encrypted, other methods), "out-of-memory"
 */
export async function* unzip(zip: Blob, name: string): AsyncGenerator<undefined, PathBlob<Blob>[]> {
  const entries = await readZipDirectory(zip, name);
  const paths = entries.map(({ path }) => path);
  if (!paths.some((path) => /\.(json|keras|h5|hdf5|zip)$/i.test(path))) {
    const format = foreignFormatOf(paths);
    if (format !== undefined) throw refuseForeign(name, format);
    throw new ShardError(
      "model-not-found",
      `Expected a model in "${name.slice(-80)}", received ${entries.length} files without a model.json, .keras or .h5 file among them: choose the zip of a model.`,
    );
  }
  const files: PathBlob<Blob>[] = [];
  for (const entry of entries) {
    if (/\.(jpe?g|png|gif|webp|bmp|mp[34]|wav|py|ipynb|pdf)$/i.test(entry.path)) continue;
    files.push({ path: entry.path, blob: yield* readFile(zip, entry, name) });
  }
  return files;
}

async function* readFile(zip: Blob, entry: ZipEntry, name: string): AsyncGenerator<undefined, Blob> {
  const { path, method, packedBytes, byteLength, headerAt } = entry;
  const header = await viewOf(zip.slice(headerAt, headerAt + HEADER_BYTES));
  if (header.byteLength < HEADER_BYTES || header.getUint32(0, true) !== 0x04_03_4b_50) {
    throw damaged(name, `the file "${path.slice(-60)}"`, "other bytes in its place");
  }
  const at = headerAt + HEADER_BYTES + header.getUint16(26, true) + header.getUint16(28, true);
  const packed = zip.slice(at, at + packedBytes);
  if (packed.size !== packedBytes || (method === "stored" && packedBytes !== byteLength)) {
    throw damaged(name, `${byteLength} bytes of "${path.slice(-60)}"`, `${packed.size}`);
  }
  if (method === "stored") {
    yield* check(packed.stream(), entry, name, () => {});
    return packed;
  }
  const portions: Blob[] = [];
  let pieces: Uint8Array<ArrayBuffer>[] = [];
  let waitingBytes = 0;
  const store = (): void => {
    portions.push(new Blob(pieces));
    [pieces, waitingBytes] = [[], 0];
  };
  yield* check(packed.stream().pipeThrough(new DecompressionStream("deflate-raw")), entry, name, (piece) => {
    pieces.push(piece);
    waitingBytes += piece.byteLength;
    if (waitingBytes >= PORTION_BYTES) store();
  });
  store();
  return new Blob(portions);
}

/** Read a file to its end and compare its length and checksum with what the directory states. */
async function* check(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  { path, byteLength, crc }: ZipEntry,
  name: string,
  onPiece: (piece: Uint8Array<ArrayBuffer>) => void,
): AsyncGenerator<undefined, void> {
  const reader = stream.getReader();
  let receivedBytes = 0;
  let sum = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      receivedBytes += value.byteLength;
      if (receivedBytes > byteLength) throw damaged(name, `${byteLength} bytes of "${path.slice(-60)}"`, "more");
      sum = crc32(value, sum);
      onPiece(value);
      yield;
    }
  } catch (thrown) {
    if (thrown instanceof ShardError) throw thrown;
    throw damaged(name, `the file "${path.slice(-60)}"`, `bytes that can't be unpacked (${messageOf(thrown)})`, thrown);
  } finally {
    reader.cancel().catch(() => {});
  }
  if (receivedBytes !== byteLength || sum !== crc) {
    throw damaged(name, `${byteLength} bytes of "${path.slice(-60)}" with its checksum`, `${receivedBytes} bytes`);
  }
}
