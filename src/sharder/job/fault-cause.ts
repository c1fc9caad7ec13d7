import type { DeathCause } from "../../core/death-cause.js";
import type { ShardError } from "../../core/errors.js";
import type { FaultCause } from "../events.js";

/** What an error that a worker answered or ended with says about the cause. */
export function causeOf({ code }: Pick<ShardError, "code">): FaultCause {
  if (code === "out-of-memory") return "out-of-memory";
  if (code === "worker-timeout") return "hung";
  if (code.startsWith("server-")) return "server-lost";
  return code === "worker-lost" || code === "backend-unavailable" ? "crashed" : "threw";
}

/**
 * Whether a worker ended because its server could not be used at all: it is too busy, not reached, or wants other headers. Then the items
 * that it was on have nothing to do with it.
 */
export function isWithoutServer({ code }: Pick<ShardError, "code">): boolean {
  return code === "server-busy" || code === "server-unreachable" || code === "server-refused";
}

/** How a worker's end is reported. */
export function causeOfEnd(cause: DeathCause): FaultCause {
  return cause === "trapped" ? "crashed" : cause;
}
