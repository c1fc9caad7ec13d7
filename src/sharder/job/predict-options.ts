import { ShardError } from "../../core/errors.js";
import type { JobProgress } from "../events.js";

export interface PredictOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (progress: JobProgress) => void;
}

/** @throws ShardError "invalid-options" */
export function checkPredictOptions(options: PredictOptions): void {
  const { signal, onProgress } = (options ?? {}) as { signal?: unknown; onProgress?: unknown };
  // Not `instanceof`: a signal may come from another frame.
  const isSignal =
    signal === undefined || typeof (signal as Partial<AbortSignal> | null)?.addEventListener === "function";
  if (
    typeof options === "object" &&
    options !== null &&
    isSignal &&
    ["undefined", "function"].includes(typeof onProgress)
  ) {
    return;
  }
  throw new ShardError(
    "invalid-options",
    `Expected { signal, onProgress } with an AbortSignal and a function, received ${options === null ? "null" : typeof options}${isSignal ? "" : ` with a signal of type ${typeof signal}`}: correct or leave them out.`,
  );
}
