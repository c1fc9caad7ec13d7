import { ShardError } from "../core/errors.js";

/** The part of an `AbortSignal` that is needed here, because this layer has no DOM types. */
interface Abortable {
  readonly aborted: boolean;
  readonly reason: unknown;
}

/** @throws ShardError "aborted" carrying the signal's reason. */
export function throwIfAborted(signal: Abortable | undefined): void {
  if (signal?.aborted) throw abortError(signal);
}

export function abortError(signal: Abortable): ShardError {
  return new ShardError("aborted", "The call was aborted by its signal.", { cause: signal.reason });
}
