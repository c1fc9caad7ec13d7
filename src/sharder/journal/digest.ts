import { ShardError } from "../../core/errors.js";

/** What can be hashed: text, or numbers in memory. */
export type Hashable =
  | string
  | ArrayBuffer
  | SharedArrayBuffer
  | Float32Array
  | Int32Array
  | Uint8Array
  | Uint8ClampedArray;

/** A slice is copied at once, which must not hold up the page. */
const SLICE_BYTES = 4 * 1024 * 1024;

/**
 * SHA-256 of some parts and of their lengths. The browser hashes off the page's thread; the page only copies one slice of 4 MiB after
 * another. What takes more than a slice gets the hash of the hashes of its slices.
 *
 * @returns 64 hexadecimal digits.
 * @throws ShardError "storage-unavailable" where there is no `crypto.subtle`: in a page that is not secure.
 */
export async function digestOf(parts: readonly Hashable[]): Promise<string> {
  const all = parts.flatMap((part) => {
    const bytes = bytesOf(part);
    return [bytesOf(`${typeof part === "string" ? "text" : "bytes"} ${bytes.length}\n`), bytes];
  });
  const byteLength = all.reduce((total, bytes) => total + bytes.length, 0);
  const digests: string[] = [];
  // A copy, since shared memory can't be hashed.
  let slice = new Uint8Array(Math.min(SLICE_BYTES, byteLength));
  let filled = 0;
  let left = byteLength;
  for (const bytes of all) {
    for (let at = 0; at < bytes.length;) {
      const taken = bytes.subarray(at, at + slice.length - filled);
      slice.set(taken, filled);
      filled += taken.length;
      at += taken.length;
      if (filled < slice.length) continue;
      digests.push(await sha256(slice));
      left -= filled;
      slice = new Uint8Array(Math.min(SLICE_BYTES, left));
      filled = 0;
    }
  }
  const [first] = digests;
  return digests.length === 1 ? first! : sha256(new TextEncoder().encode(digests.join("\n")));
}

function bytesOf(part: Hashable): Uint8Array {
  if (typeof part === "string") return new TextEncoder().encode(part);
  if (ArrayBuffer.isView(part)) return new Uint8Array(part.buffer, part.byteOffset, part.byteLength);
  return new Uint8Array(part);
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const subtle = globalThis.crypto?.subtle as SubtleCrypto | undefined;
  if (subtle === undefined) {
    throw new ShardError(
      "storage-unavailable",
      "Expected a secure page for a journal, received one without crypto.subtle: serve it over HTTPS.",
    );
  }
  return toHex(new Uint8Array(await subtle.digest("SHA-256", bytes)));
}

function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The other way round. */
export function fromHex(digits: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: digits.length / 2 }, (_, index) =>
    parseInt(digits.slice(2 * index, 2 * index + 2), 16),
  );
}

/** The name of a journal's file: any name gives a legal one. */
export async function journalFileName(name: string): Promise<string> {
  return `${(await digestOf([JSON.stringify(name)])).slice(0, 32)}.journal`;
}
