import { ShardError } from "../core/errors.js";
import { asSentence, messageOf } from "./error-record.js";

/**
 * What engines throw when they can't allocate: V8 "Array buffer allocation failed", "Invalid typed array length: N" and "Invalid array
 * length"; SpiderMonkey "invalid array length", "allocation size overflow" and "out of memory"; JavaScriptCore "Out of memory" and
 * "Array size is not a small enough positive integer"; Blink for a mapped GPU buffer "too large for the implementation".
 */
const WORDS =
  /allocation failed|could not allocate|allocation size overflow|out of memory|invalid (typed )?array( buffer)? length|small enough positive integer|too large for the implementation/i;

/**
 * Whether an error says that memory could not be allocated: for code that may throw anything, such as an engine, whose RangeErrors need not
 * be about memory. A full stack of calls is no such case.
 */
export function saysAllocationFailed(thrown: unknown): boolean {
  if (thrown instanceof ShardError) return thrown.code === "out-of-memory";
  return thrown instanceof Error && WORDS.test(thrown.message);
}

/**
 * Whether there was no room for a buffer, an array or a string: for code that only reads and copies values, whose RangeErrors can mean
 * nothing else, whatever they say, except for a full stack of calls. Not `instanceof`: it may come from another frame.
 */
export function isLackOfRoom(thrown: unknown): boolean {
  if (typeof thrown !== "object" || thrown === null) return false;
  const { name, message } = thrown as Partial<Error>;
  return name === "RangeError" && !/call stack/i.test(String(message));
}

/** A failed allocation as an error with advice. */
export function asOutOfMemory(thrown: unknown): ShardError {
  if (thrown instanceof ShardError) return thrown;
  return new ShardError(
    "out-of-memory",
    `Expected room in memory for the tensors of this call, but it failed: ${asSentence(messageOf(thrown))} Close other tabs, or use smaller items: a larger machine may be needed.`,
    { cause: thrown },
  );
}
