import { ShardError } from "../../src/core/errors.js";

/** A file of a few kilobytes can claim any number of bytes. Deflate itself makes at most 1,032 bytes of one. */
const MOST_EXPANSION = 1_032;
/** Room for small files, whose headers outweigh what they hold. */
const ALWAYS_BYTES = 2 ** 20;
/** What one ArrayBuffer holds everywhere. */
const MOST_BYTES = 2 ** 32;

/**
 * Refuse a file that claims to expand beyond what compression can do, or beyond memory.
 * @param claimedBytes after expansion, of everything in the file. @param fileBytes its own size.
 * @throws ShardError "model-malformed", "out-of-memory"
 */
export function checkExpansion(
  name: string,
  claimedBytes: number,
  fileBytes: number,
  mostExpansion = MOST_EXPANSION,
): void {
  if (claimedBytes > Math.max(ALWAYS_BYTES, fileBytes * mostExpansion)) {
    throw damaged(name, `contents that fit to its ${fileBytes} bytes`, `a claim of ${claimedBytes} bytes`);
  }
  if (claimedBytes <= MOST_BYTES) return;
  throw new ShardError(
    "out-of-memory",
    `Expected at most ${MOST_BYTES} bytes in "${name.slice(-80)}", received ${claimedBytes}: use a smaller model.`,
  );
}

/** The error for a file that can't be what it claims to be. */
export function damaged(name: string, expected: string, received: string, cause?: unknown): ShardError {
  return new ShardError(
    "model-malformed",
    `Expected ${expected} in "${name.slice(-80)}", received ${received}: the file is damaged or incomplete; save or download it again.`,
    { cause },
  );
}
