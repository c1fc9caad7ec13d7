import { transfer } from "comlink";
import type { ShardErrorCode } from "../../src/core/errors.js";
import { toErrorRecord, type Reply } from "../../src/protocol/error-record.js";

interface ReplyOptions<T> {
  /** What is handed over to the page instead of copied. Default: nothing. */
  readonly transferables?: (value: T) => readonly Transferable[];
  /** The code of whatever is thrown that is no `ShardError`. Default "internal". */
  readonly fallback?: ShardErrorCode;
}

/** Carry out a call and answer it: with its value, or with what it threw as a record. Never rejects. */
export async function reply<T>(run: () => T | Promise<T>, options: ReplyOptions<T> = {}): Promise<Reply<T>> {
  try {
    const value = await run();
    // Comlink hands over only what is listed for the very object that is returned.
    return transfer<Reply<T>>({ ok: true, value }, [...(options.transferables?.(value) ?? [])]);
  } catch (thrown) {
    return { ok: false, error: toErrorRecord(thrown, options.fallback ?? "internal") };
  }
}

/** As `reply`, for a call that has nothing to say but that it is done. */
export function acknowledge(
  run: () => void | Promise<void>,
  options: ReplyOptions<undefined> = {},
): Promise<Reply<undefined>> {
  return reply(async () => {
    await run();
    return undefined;
  }, options);
}
