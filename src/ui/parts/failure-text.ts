import { ShardError } from "../../core/errors.js";
import { messageOf } from "../../protocol/error-record.js";

/** The text of a failure. A `ShardError` is never shortened: its advice stands at the end. */
export function failureText(thrown: unknown): string {
  return thrown instanceof ShardError ? thrown.message : messageOf(thrown);
}
