import type { WorkerEnd } from "../../core/dispatch/types.js";
import { ShardError } from "../../core/errors.js";
import type { EndCause } from "../../core/item-trials.js";
import type { PoolWorker } from "../../pool/pool-worker.js";
import { isWithoutServer } from "../job/fault-cause.js";

/** How a worker ended, as far as its items may be to blame for it; `undefined` if they are not. */
export function endOf(
  worker: PoolWorker | undefined,
  error: ShardError,
  attemptId: number | undefined,
): WorkerEnd | undefined {
  const cause = endCauseOf(worker, error);
  return cause && { attemptId, cause, error: ofItems(cause, error) };
}

/** The worker is lost because of its items: how they failed is what their caller has to know, whichever of the two was heard of first. */
function ofItems(end: EndCause, cause: ShardError): ShardError {
  if (end !== "out-of-memory" && end !== "trapped") return cause;
  const code = end === "trapped" ? "model-failed" : "out-of-memory";
  return new ShardError(code, cause.message, { workerId: cause.workerId, cause });
}

function endCauseOf(worker: PoolWorker | undefined, error: ShardError): EndCause | undefined {
  if (isWithoutServer(error)) return undefined;
  switch (worker?.deathCause) {
    case "wrong-output":
      return undefined;
    case "hung":
    case "out-of-memory":
    case "trapped":
      return worker.deathCause;
    case "threw":
      return "trapped";
    case "crashed":
    case "device-lost":
    case "context-lost":
    case "server-lost":
      return "unclear";
    case undefined:
      return error.code === "worker-timeout" ? "hung" : "unclear";
  }
}
