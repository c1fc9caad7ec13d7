import { transfer } from "comlink";
import type { ShardErrorCode } from "../../src/core/errors.js";
import { asOutOfMemory, saysAllocationFailed } from "../../src/protocol/allocation-failure.js";
import { toErrorRecord, type Reply } from "../../src/protocol/error-record.js";
import { EngineBroken } from "./engine.js";

interface ReplyOptions<T> {
  /** What is transferred to the page instead of copied. Default: nothing. */
  readonly transferables?: (value: T) => readonly Transferable[];
  /** The code for a thrown value that is not a `ShardError`. Default "internal". */
  readonly fallback?: ShardErrorCode;
}

/** Run a call and answer it with its value, or with a record of what it threw. Never rejects. */
export async function reply<T>(run: () => T | Promise<T>, options: ReplyOptions<T> = {}): Promise<Reply<T>> {
  try {
    const value = await run();
    // Comlink transfers only what is listed for the very object that is returned.
    return transfer<Reply<T>>({ ok: true, value }, [...(options.transferables?.(value) ?? [])]);
  } catch (thrown) {
    const error = saysAllocationFailed(thrown) ? asOutOfMemory(thrown) : thrown;
    const notice = thrown instanceof EngineBroken ? thrown.notice : undefined;
    return { ok: false, error: { ...toErrorRecord(error, options.fallback ?? "internal"), notice } };
  }
}

/** Like `reply`, for a call that returns no value. */
export function acknowledge(
  run: () => void | Promise<void>,
  options: ReplyOptions<undefined> = {},
): Promise<Reply<undefined>> {
  return reply(async () => {
    await run();
    return undefined;
  }, options);
}
