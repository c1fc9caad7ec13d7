import { ShardError, type ShardErrorCode } from "../core/errors.js";
import { isLackOfRoom } from "./allocation-failure.js";
import { messageOf } from "./error-record.js";

/**
 * The library's error for whatever was thrown where the caller's values were read or copied. A `ShardError` stays as it is.
 *
 * @param code for anything but a lack of memory.
 * @param expected stands after "Expected", such as "tensors that can be read".
 * @param advice what to do, where it is not a lack of memory.
 */
function asShardError(thrown: unknown, code: ShardErrorCode, expected: string, advice: string): ShardError {
  if (thrown instanceof ShardError) return thrown;
  if (isLackOfRoom(thrown)) return outOfMemory(thrown);
  return new ShardError(code, `Expected ${expected}, received a failure (${messageOf(thrown)}): ${advice}.`, {
    cause: thrown,
  });
}

/** Run something that reads or copies values of the caller. @throws ShardError as `asShardError` describes it */
export function orShardError<T>(code: ShardErrorCode, expected: string, advice: string, run: () => T): T {
  try {
    return run();
  } catch (thrown) {
    throw asShardError(thrown, code, expected, advice);
  }
}

/** Run a public method, which rejects with nothing but `ShardError`s. */
export async function onlyShardErrors<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (thrown) {
    throw unforeseen(thrown);
  }
}

/** What no other rule has foreseen. */
export function unforeseen(thrown: unknown): ShardError {
  return asShardError(thrown, "internal", "no other errors than ShardErrors inside", "please report this");
}

function outOfMemory(cause: unknown): ShardError {
  return new ShardError(
    "out-of-memory",
    `Expected room for a copy of the data, received none (${messageOf(cause)}): pass fewer items at once, or use stream().`,
    { cause },
  );
}
