import { ShardError } from "../../core/errors.js";
import type { ByteTarget } from "./byte-target.js";

/** A topology alone; weights are in files of their own. The largest one known to us has 40 MB. */
export const MAX_MODEL_JSON_BYTES = 256 * 2 ** 20;

/** Enough for the labels of a million classes. */
export const MAX_METADATA_BYTES = 16 * 2 ** 20;

/** Passes pieces on, and refuses a file as soon as it is seen to be larger than `maxBytes()` allows at that moment. */
export class LimitedTarget implements ByteTarget {
  readonly #target: ByteTarget;
  readonly #maxBytes: () => number;
  readonly #refuse: (receivedBytes: number) => ShardError;
  #announcedBytes = 0;
  #receivedBytes = 0;

  constructor(target: ByteTarget, maxBytes: () => number, refuse: (receivedBytes: number) => ShardError) {
    this.#target = target;
    this.#maxBytes = maxBytes;
    this.#refuse = refuse;
  }

  begin(byteLength: number | undefined, redirectedTo?: string): void {
    this.#announcedBytes = byteLength ?? 0;
    this.#receivedBytes = 0;
    this.#target.begin(byteLength, redirectedTo);
  }

  write(piece: Uint8Array): void {
    this.#receivedBytes += piece.byteLength;
    this.#target.write(piece);
    // After the piece has been looked at: it may show that another limit holds.
    const largest = Math.max(this.#announcedBytes, this.#receivedBytes);
    if (largest > this.#maxBytes()) throw this.#refuse(largest);
  }

  end(): void {
    this.#target.end();
  }
}

/** @param where its address or name. */
export function modelJsonTooLarge(where: string, receivedBytes: number): ShardError {
  return tooLarge(
    "a model.json",
    where,
    MAX_MODEL_JSON_BYTES,
    receivedBytes,
    "check the address; weights belong into the weight files",
  );
}

/** @param where its address or name. */
export function metadataTooLarge(where: string, receivedBytes: number): ShardError {
  return tooLarge("labels", where, MAX_METADATA_BYTES, receivedBytes, "check the file, or leave it out");
}

function tooLarge(what: string, where: string, maxBytes: number, receivedBytes: number, advice: string): ShardError {
  return new ShardError(
    "model-malformed",
    `Expected ${what} of at most ${maxBytes / 2 ** 20} MiB at ${where.slice(-200)}, received ${(receivedBytes / 2 ** 20).toFixed(1)} MiB or more: ${advice}.`,
  );
}
