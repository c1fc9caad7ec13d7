import { ready, setBackend } from "@tensorflow/tfjs-core";
import { ShardError } from "../../../src/core/errors.js";
import { messageOf } from "../../../src/protocol/error-record.js";

/**
 * Make `backend` the backend of TF.js.
 * @throws ShardError "backend-unavailable" whose message contains `advice`.
 */
export async function activate(backend: string, advice: string): Promise<void> {
  let reason: unknown;
  try {
    if (await setBackend(backend)) {
      await ready();
      return;
    }
  } catch (thrown) {
    reason = thrown;
  }
  const because = reason === undefined ? "" : ` (${messageOf(reason)})`;
  throw new ShardError(
    "backend-unavailable",
    `Expected the TF.js backend "${backend}" to start in a worker, but it refused${because}: ${advice}, or use another backend.`,
    { cause: reason },
  );
}
