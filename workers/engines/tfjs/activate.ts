import { ready, setBackend } from "@tensorflow/tfjs-core";
import { ShardError } from "../../../src/core/errors.js";
import { messageOf } from "../../../src/protocol/error-record.js";

/** Why a backend does not start, and what helps. */
export interface RefusalCause {
  readonly what: string;
  readonly advice: string;
}

/**
 * Make `backend` the backend of TF.js.
 * @param cause finds out why it refused, where TF.js only logs that.
 * @throws ShardError "backend-unavailable" whose message contains `advice`, or the cause and what helps against it.
 */
export async function activate(
  backend: string,
  advice: string,
  cause: () => Promise<RefusalCause | undefined> = async () => undefined,
): Promise<void> {
  let reason: unknown;
  try {
    if (await setBackend(backend)) {
      await ready();
      return;
    }
  } catch (thrown) {
    reason = thrown;
  }
  const found = await cause();
  const text = found?.what ?? (reason === undefined ? undefined : messageOf(reason));
  const because = text === undefined ? "" : ` (${text})`;
  throw new ShardError(
    "backend-unavailable",
    `Expected the TF.js backend "${backend}" to start in a worker, but it refused${because}: ${found?.advice ?? advice}, or use another backend.`,
    { cause: reason },
  );
}
