/** Every way in which the library refuses or fails, as a stable, documented code. */
export type ShardErrorCode =
  // what the caller passed
  | "invalid-options"
  | "invalid-input"
  | "invalid-cost"
  | "unknown-backend"
  | "unknown-worker"
  // the model
  | "model-not-found"
  | "model-network"
  | "model-malformed"
  | "weights-missing"
  | "weights-truncated"
  | "model-unsupported"
  | "model-failed"
  // the workers
  | "backend-unavailable"
  | "no-workers"
  | "worker-lost"
  | "worker-timeout"
  // the servers of remote workers
  | "server-unreachable"
  | "server-refused"
  | "server-busy"
  | "server-failed"
  // the job
  | "aborted"
  | "disposed"
  | "out-of-memory"
  | "picture-unreadable"
  | "picture-too-large"
  // the journal
  | "storage-unavailable"
  | "journal-busy"
  | "internal";

/** An item that failed wherever it was tried, and the last error there. */
export interface ItemError {
  /** In the numbering of the call: its inputs' rows, or all items of its stream. */
  readonly item: number;
  readonly error: ShardError;
}

export interface ShardErrorOptions {
  /** Id of the worker the error comes from. */
  readonly workerId?: string | undefined;
  /** The error underneath; kept as `Error.cause`. */
  readonly cause?: unknown;
  /** How long a server has asked to be left alone, ms. */
  readonly retryAfterMs?: number | undefined;
  /** All items that failed, where that is why the call rejects. */
  readonly itemErrors?: readonly ItemError[] | undefined;
}

/**
 * The only error that leaves the library. `message` says what was expected, what was received and what to do.
 *
 * An aborted call is a `ShardError` with `code: "aborted"` and `name: "AbortError"`, so that code
 * which recognises aborts by name, as the platform does, keeps working; `cause` is the signal's reason.
 */
export class ShardError extends Error {
  readonly code: ShardErrorCode;
  readonly workerId: string | undefined;
  /** How long a server has asked to be left alone, ms; `undefined` if none has. */
  readonly retryAfterMs: number | undefined;
  /** The items that failed wherever they were tried, ascending; `undefined` if the call ended for another reason. */
  readonly itemErrors: readonly ItemError[] | undefined;

  constructor(code: ShardErrorCode, message: string, options: ShardErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = code === "aborted" ? "AbortError" : "ShardError";
    this.code = code;
    this.workerId = options.workerId;
    this.retryAfterMs = options.retryAfterMs;
    this.itemErrors = options.itemErrors;
  }
}
