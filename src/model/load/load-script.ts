import { ShardError } from "../../core/errors.js";
import { throwIfAborted } from "../../protocol/abort.js";

/**
 * Load a script that few sharders need.
 * @param task what it does, as the rest of a sentence: "reads ONNX models".
 * @throws ShardError "backend-unavailable" if the script can't be loaded, "aborted"
 */
export async function loadScript<Exports>(
  task: string,
  signal: AbortSignal | undefined,
  load: () => Promise<Exports>,
): Promise<Exports> {
  try {
    return await load();
  } catch (cause) {
    throwIfAborted(signal);
    throw new ShardError(
      "backend-unavailable",
      `Expected to load the script that ${task}, received a failure (${String(cause)}): check the connection, and that the host serves all scripts of the build.`,
      { cause },
    );
  }
}
