import type { Reply } from "./error-record.js";

/** What every worker answers to the link that the page has with it, whatever else it offers. */
export interface LinkedApi {
  /**
   * Hold the Web Lock of this name for as long as the worker lives; it is what shows the page that the worker has ended.
   * @returns whether it is held: a sandboxed page may have no locks.
   */
  attach(lifeline: string): Promise<Reply<boolean>>;
}

/** Posted by a worker outside Comlink, since it answers no call: from here on, what it computes can't be trusted. */
export interface WorkerNotice {
  readonly notice: "device-lost" | "device-error";
  readonly message: string;
}

export function isWorkerNotice(value: unknown): value is WorkerNotice {
  return typeof value === "object" && value !== null && "notice" in value && "message" in value;
}
