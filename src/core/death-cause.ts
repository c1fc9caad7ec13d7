import type { ShardErrorCode } from "./errors.js";

/**
 * Why a worker has ended.
 * - "crashed": it ended without being asked to, or did not start. "hung": it missed a deadline.
 * - "device-lost", "context-lost": its GPU device or its WebGL context is gone. "out-of-memory": it ran short of memory.
 * - "trapped": its code broke off in the middle of a call.
 * - "server-lost": the server that it sends its work to does not answer, or not as it should.
 * - "wrong-output": others have proven it wrong. "threw": it refused the model.
 */
export type DeathCause =
  | "crashed"
  | "hung"
  | "device-lost"
  | "context-lost"
  | "out-of-memory"
  | "trapped"
  | "server-lost"
  | "wrong-output"
  | "threw";

/** What the code of the error that ended a worker says about the cause. */
export function deathCauseOf(code: ShardErrorCode): DeathCause {
  if (code === "worker-timeout") return "hung";
  if (code === "out-of-memory") return "out-of-memory";
  if (code.startsWith("server-")) return "server-lost";
  return code.startsWith("model-") ? "threw" : "crashed";
}
