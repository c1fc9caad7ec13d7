import type { Reply } from "./error-record.js";

/** What every worker offers to the page's link, besides its own API. */
export interface LinkedApi {
  /**
   * Hold the Web Lock of this name for as long as the worker lives; the page sees by it that the worker has ended.
   * @returns whether the lock is held: a sandboxed page may have no locks.
   */
  attach(lifeline: string): Promise<Reply<boolean>>;
}

/**
 * Posted by a worker outside Comlink, since it answers no call: from now on its results can't be trusted, and it has to be ended.
 *
 * - "device-lost", "context-lost": its GPU device or its WebGL context is gone. "device-error": the device reported an error.
 * - "out-of-memory": it ran short of memory in a way that it can't recover from.
 * - "trapped": its code broke off in the middle (a WASM trap or abort).
 */
export interface WorkerNotice {
  readonly notice: "device-lost" | "context-lost" | "device-error" | "out-of-memory" | "trapped";
  readonly message: string;
}

export function isWorkerNotice(value: unknown): value is WorkerNotice {
  return typeof value === "object" && value !== null && "notice" in value && "message" in value;
}
