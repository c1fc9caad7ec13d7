import { ShardError } from "../../../src/core/errors.js";

/** What LiteRT prints of an operation of another library that nobody has given it. */
const UNRESOLVED = /unresolved (?:custom )?op: ([^\s.]+)/;

/** Why LiteRT can't run a sound file, if it has said so: the operation that it lacks. */
export function lackingOperation(printed: string, cause?: unknown): ShardError | undefined {
  const [, name] = UNRESOLVED.exec(printed) ?? [];
  if (name === undefined) return undefined;
  return new ShardError(
    "model-unsupported",
    `Expected operations that LiteRT has in the browser, received the custom operation "${name.slice(0, 80)}": convert the model without it.`,
    { cause },
  );
}
