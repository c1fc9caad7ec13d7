import { ShardError } from "../../core/errors.js";
import { orShardError } from "../../protocol/raw-errors.js";
import { requireKnownKeys } from "../known-keys.js";

/** Where the results of a job are kept, so that it can be resumed after the page was closed or has crashed. */
export interface JournalOptions {
  /**
   * 1 to 200 characters, unique on this origin. A job of the same name resumes if model, inputs and options are the same; otherwise the
   * journal starts over, and what it held is deleted.
   */
  readonly name: string;
  /**
   * What the source of a stream is, such as the name, size and date of a file: the source itself can't be compared before it is pulled.
   * `predict` compares its inputs, and this too if it is given.
   */
  readonly key?: string | undefined;
  /**
   * The most bytes that all journals of this origin may take together. Where one grows beyond it, others that are not in use are deleted:
   * finished ones first, then those that were not written to for longest. Default: 2 GiB, but no more than half of the quota.
   */
  readonly maxBytes?: number | undefined;
  /**
   * What happens while another tab or another job uses this journal: "wait" (default) for its end; "fail": reject with "journal-busy";
   * "ignore": run without a journal, unless it becomes free within a second.
   */
  readonly ifBusy?: "wait" | "fail" | "ignore" | undefined;
  /** Whether the journal stays after the job has ended well, so that the same call resolves at once. Default true. */
  readonly keepResults?: boolean | undefined;
}

/** As `JournalOptions`, for a stream. */
export type StreamJournalOptions = JournalOptions & { readonly key: string };

const MAX_NAME_LENGTH = 200;

const OPTION_NAMES: Readonly<Record<keyof JournalOptions, true>> = {
  name: true,
  key: true,
  maxBytes: true,
  ifBusy: true,
  keepResults: true,
};

/** @throws ShardError "invalid-options" */
export function checkJournalOptions(given: unknown, kind: "predict" | "stream"): JournalOptions | undefined {
  return orShardError("invalid-options", "options that can be read", "pass plain values", () => checkAll(given, kind));
}

function checkAll(given: unknown, kind: "predict" | "stream"): JournalOptions | undefined {
  if (given === undefined) return undefined;
  if (typeof given === "string" && kind === "predict") return checkName({ name: given });
  if (typeof given !== "object" || given === null) {
    const [expected, advice] =
      kind === "predict"
        ? ["a name or { name }", 'pass journal: "my-job"']
        : ["{ name, key }", 'pass journal: { name: "my-job", key: "what the source is" }'];
    throw invalid("journal", expected, given, advice);
  }
  requireKnownKeys("a journal", given, OPTION_NAMES);
  const options = { ...given } as Readonly<Record<keyof JournalOptions, unknown>>;
  const { key, maxBytes, ifBusy, keepResults } = options;
  if (key === undefined ? kind === "stream" : typeof key !== "string") {
    throw invalid("journal.key", "a string that says what the source is", key, "pass a file's name, size and date");
  }
  if (maxBytes !== undefined && !(typeof maxBytes === "number" && maxBytes > 0)) {
    throw invalid("journal.maxBytes", "a number of bytes above 0", maxBytes, "leave it out for 2 GiB");
  }
  if (ifBusy !== undefined && ifBusy !== "wait" && ifBusy !== "fail" && ifBusy !== "ignore") {
    throw invalid("journal.ifBusy", '"wait", "fail" or "ignore"', ifBusy, 'leave it out for "wait"');
  }
  if (keepResults !== undefined && typeof keepResults !== "boolean") {
    throw invalid("journal.keepResults", "true or false", keepResults, "leave it out for true");
  }
  return checkName(options as unknown as JournalOptions);
}

/** @throws ShardError "invalid-options" */
export function checkName<T extends { readonly name: string }>(options: T): T {
  const name: unknown = options.name;
  if (typeof name === "string" && name !== "" && name.length <= MAX_NAME_LENGTH) return options;
  throw invalid("journal name", `1 to ${MAX_NAME_LENGTH} characters`, name, "choose another");
}

function invalid(option: string, expected: string, received: unknown, advice: string): ShardError {
  const shown = typeof received === "string" ? JSON.stringify(received.slice(0, 60)) : show(received);
  return new ShardError("invalid-options", `Expected "${option}" to be ${expected}, received ${shown}: ${advice}.`);
}

/** It may be anything, even an object without a text. */
function show(value: unknown): string {
  return typeof value === "object" && value !== null ? "an object" : String(value).slice(0, 60);
}
