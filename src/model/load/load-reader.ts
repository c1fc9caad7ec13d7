import { ShardError } from "../../core/errors.js";
import { throwIfAborted } from "../../protocol/abort.js";

/**
 * Load a script that only models of one kind need.
 * @throws ShardError "backend-unavailable" if the script can't be loaded, "aborted"
 */
export async function loadReader<Reader>(
  kind: string,
  signal: AbortSignal | undefined,
  load: () => Promise<Reader>,
): Promise<Reader> {
  try {
    return await load();
  } catch (cause) {
    throwIfAborted(signal);
    throw new ShardError(
      "backend-unavailable",
      `Expected to load the script that reads ${kind} models, received a failure (${String(cause)}): check the connection, and that the host serves all scripts of the build.`,
      { cause },
    );
  }
}
