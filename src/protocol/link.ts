import type { Reply } from "./error-record.js";
import type { NoticeKind } from "./notice-kind.js";

/** What every worker offers to the page's link, besides its own API. */
export interface LinkedApi {
  /**
   * Hold the Web Lock of this name for as long as the worker lives; the page sees by it that the worker has ended.
   * @returns whether the lock is held: a sandboxed page may have no locks.
   */
  attach(lifeline: string): Promise<Reply<boolean>>;
}

/** Posted by a worker outside Comlink, since it answers no call: from now on its results can't be trusted, and it has to be ended. */
export interface WorkerNotice {
  readonly notice: NoticeKind;
  readonly message: string;
}

export function isWorkerNotice(value: unknown): value is WorkerNotice {
  return typeof value === "object" && value !== null && "notice" in value && "message" in value;
}
