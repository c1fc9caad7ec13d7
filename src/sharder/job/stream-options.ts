import { ShardError } from "../../core/errors.js";
import { orShardError } from "../../protocol/raw-errors.js";
import type { StreamJournalOptions } from "../journal/journal-options.js";
import { requireKnownKeys } from "../known-keys.js";
import type { OnItemError } from "../options.js";
import { checkPriority, checkSignal } from "./predict-options.js";

export interface StreamOptions {
  /** "input" (default): shards in the order of their items. "completion": in the order in which they finish. */
  readonly order?: "input" | "completion";
  readonly signal?: AbortSignal | undefined;
  /** As in `PredictOptions`. */
  readonly priority?: number;
  /**
   * As in `PredictOptions`. On resuming the source is pulled from its beginning again, and has to yield the same batches; they are compared,
   * and what differs is computed. Recorded shards are yielded as they were, by the worker that computed them.
   */
  readonly journal?: StreamJournalOptions | undefined;
  /**
   * What happens about items that failed wherever they were tried. "throw": they are left out, and the stream rejects at its end, with an
   * error whose `itemErrors` names them. "report": shards come for them, too, with `itemErrors`. Default: the sharder's `onItemError`.
   */
  readonly onItemError?: OnItemError | undefined;
}

const OPTION_NAMES: Readonly<Record<keyof StreamOptions, true>> = {
  order: true,
  signal: true,
  priority: true,
  journal: true,
  onItemError: true,
};

/** @throws ShardError "invalid-options" */
export function checkStreamOptions(options: StreamOptions): StreamOptions {
  return orShardError("invalid-options", "options that can be read", "pass plain values", () => checkAll(options));
}

function checkAll(options: StreamOptions): StreamOptions {
  if (typeof options !== "object" || options === null) {
    throw new ShardError(
      "invalid-options",
      `Expected { order, signal, priority }, received ${options === null ? "null" : typeof options}: correct or leave them out.`,
    );
  }
  requireKnownKeys("stream", options, OPTION_NAMES);
  const { order = "input", signal, priority, onItemError = "throw" } = options;
  checkPriority(priority);
  checkOnItemError(onItemError);
  checkSignal(signal);
  if (order === "input" || order === "completion") return options;
  throw new ShardError(
    "invalid-options",
    `Expected "order" to be "input" or "completion", received "${String(order).slice(0, 40)}": leave it out for "input".`,
  );
}

function checkOnItemError(onItemError: unknown): void {
  if (onItemError === "throw" || onItemError === "report") return;
  throw new ShardError(
    "invalid-options",
    `Expected "onItemError" to be "throw" or "report", received ${JSON.stringify(onItemError)}: leave it out for what the sharder does.`,
  );
}
