import { ShardError } from "../core/errors.js";

/**
 * The error for a model.json that is damaged.
 *
 * @param expected what the file should hold.
 * @param received what it holds; quote only a part of it (`show`), since a damaged file may hold anything.
 */
export function malformed(expected: string, received: string, cause?: unknown): ShardError {
  return new ShardError(
    "model-malformed",
    `Expected ${expected}, received ${received}: the model.json is damaged; export the model again.`,
    { cause },
  );
}

/** A value as JSON for a message, cut off after `maxLength` characters. */
export function show(value: unknown, maxLength = 120): string {
  return String(JSON.stringify(value)).slice(0, maxLength);
}
