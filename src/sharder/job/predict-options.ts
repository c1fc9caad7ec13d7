import { ShardError, type ItemError } from "../../core/errors.js";
import type { JournalOptions } from "../journal/journal-options.js";
import { orShardError } from "../../protocol/raw-errors.js";
import type { JobProgress } from "../events.js";
import { requireKnownKeys } from "../known-keys.js";

export interface PredictOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (progress: JobProgress) => void;
  /**
   * If several jobs of one sharder run at the same time, shards of the job with the higher priority run first. Any finite number.
   * Default 0.
   */
  readonly priority?: number;
  /**
   * Called for each item that failed wherever it was tried, as soon as that is known. The sharder's `onItemError` says what happens then.
   */
  readonly onItemError?: ((failure: ItemError) => void) | undefined;
  /**
   * Record finished shards in the browser under this name. The same call, after a reload, a crash of the tab or a power loss, then
   * resumes and computes only what was not finished. Once it has ended, its results stay until `deleteJournal` or until others need the
   * room, and the same call resolves at once. Default: nothing is recorded.
   */
  readonly journal?: string | JournalOptions | undefined;
}

const OPTION_NAMES: Readonly<Record<keyof PredictOptions, true>> = {
  signal: true,
  onProgress: true,
  priority: true,
  onItemError: true,
  journal: true,
};

/** @throws ShardError "invalid-options" */
export function checkPredictOptions(options: PredictOptions): void {
  orShardError("invalid-options", "options that can be read", "pass plain values", () => checkAll(options));
}

function checkAll(options: PredictOptions): void {
  const { signal, onProgress, priority, onItemError } = (options ?? {}) as Partial<
    Record<keyof PredictOptions, unknown>
  >;
  checkPriority(priority);
  const isSignal = signal === undefined || isAbortSignal(signal);
  if (
    typeof options === "object" &&
    options !== null &&
    isSignal &&
    [onProgress, onItemError].every((each) => ["undefined", "function"].includes(typeof each))
  ) {
    return requireKnownKeys("predict", options, OPTION_NAMES);
  }
  throw new ShardError(
    "invalid-options",
    `Expected { signal, onProgress, onItemError } with an AbortSignal and functions, received ${options === null ? "null" : typeof options}${isSignal ? "" : ` with a signal of type ${typeof signal}`}: correct or leave them out.`,
  );
}

/** @throws ShardError "invalid-options" */
export function checkSignal(signal: unknown): void {
  if (signal === undefined || isAbortSignal(signal)) return;
  throw new ShardError(
    "invalid-options",
    `Expected "signal" to be an AbortSignal, received ${signal === null ? "null" : typeof signal}: pass the controller's signal.`,
  );
}

/** Not `instanceof`: a signal may come from another frame. */
function isAbortSignal(value: unknown): value is AbortSignal {
  if (typeof value !== "object" || value === null) return false;
  const { aborted, addEventListener, removeEventListener } = value as Partial<AbortSignal>;
  return (
    typeof aborted === "boolean" && typeof addEventListener === "function" && typeof removeEventListener === "function"
  );
}

/** @throws ShardError "invalid-options" */
export function checkPriority(priority: unknown): void {
  if (priority === undefined || Number.isFinite(priority)) return;
  throw new ShardError(
    "invalid-options",
    `Expected "priority" to be a finite number, received ${typeof priority === "number" ? priority : typeof priority}: leave it out for 0.`,
  );
}
