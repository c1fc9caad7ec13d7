import { ShardError, type ShardErrorCode } from "../core/errors.js";
import type { NoticeKind } from "./notice-kind.js";

/** A `ShardError` as it crosses a worker boundary: Comlink keeps only message, name and stack of an Error. */
export interface ErrorRecord {
  readonly code: ShardErrorCode;
  readonly message: string;
  readonly workerId?: string | undefined;
  /** Message of the error's cause; error objects do not survive every structured clone. */
  readonly causeMessage?: string | undefined;
  /** As in the error. */
  readonly retryAfterMs?: number | undefined;
  /** The worker can't be used any more because of this error, and posts this notice next. */
  readonly notice?: NoticeKind | undefined;
}

/** A worker's answer. Errors are values, so that none is lost or flattened on the way. */
export type Reply<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: ErrorRecord };

/** Describe any thrown value as a record; `fallback` is the code of anything but a `ShardError`. */
export function toErrorRecord(thrown: unknown, fallback: ShardErrorCode): ErrorRecord {
  if (thrown instanceof ShardError) {
    return {
      code: thrown.code,
      message: thrown.message,
      workerId: thrown.workerId,
      causeMessage: thrown.cause === undefined ? undefined : messageOf(thrown.cause),
      retryAfterMs: thrown.retryAfterMs,
    };
  }
  return { code: fallback, message: messageOf(thrown) };
}

/** Turn the record back into a `ShardError` that names the worker it came from. */
export function fromErrorRecord(record: ErrorRecord, workerId?: string): ShardError {
  return new ShardError(record.code, record.message, {
    workerId: record.workerId ?? workerId,
    cause: record.causeMessage === undefined ? undefined : new Error(record.causeMessage),
    retryAfterMs: record.retryAfterMs,
  });
}

/** TF.js quotes what it can't read in full length. */
const MAX_MESSAGE_LENGTH = 500;

/**
 * The text of a thrown value, at most 500 characters. Never throws, though anything can be thrown, even values without a text. WASM
 * runtimes throw plain objects with a message.
 */
export function messageOf(thrown: unknown): string {
  try {
    const message = typeof thrown === "object" && thrown !== null && "message" in thrown ? thrown.message : undefined;
    if (typeof message === "string" && message !== "") return message.slice(0, MAX_MESSAGE_LENGTH);
    return (thrown instanceof Error ? String(thrown.name) : String(thrown)).slice(0, MAX_MESSAGE_LENGTH);
  } catch {
    return `a thrown ${typeof thrown} without text`;
  }
}

/** The text with a full stop at its end, so that another sentence can follow. */
export function asSentence(text: string): string {
  const trimmed = text.trimEnd();
  return /[.!?]$/.test(trimmed) ? trimmed : `${trimmed}.`;
}
