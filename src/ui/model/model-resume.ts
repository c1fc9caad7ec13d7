import type { StreamJournalOptions } from "../../index.js";
import { formatCount, formatDone } from "../parts/format.js";
import { findInterrupted } from "../parts/interrupted-run.js";
import { KeptJob, MAX_KEPT_BYTES } from "../parts/kept-job.js";
import { describeRun, readDescription, restoreRun } from "./kept-run.js";
import { itemCountOfRun, type LoadRequest, type RunRequest } from "./model-request.js";

/**
 * The journal of a run of the user's own model; there is one at a time in each element of a page.
 *
 * What the model runs on is compared batch by batch; the key tells runs of different length apart.
 */
export function modelJournal(name: string, request: RunRequest): StreamJournalOptions {
  const key = `${request.kind}, ${itemCountOfRun(request)}`;
  return { name, key, ifBusy: "ignore", keepResults: false };
}

/** A run that was interrupted. */
export interface InterruptedModel {
  /** "Resume model.json: 312 of 1000 items are done." */
  readonly text: string;
  /** `undefined` if its files were too large to keep: the user has to choose them again. */
  readonly load: LoadRequest | undefined;
  readonly run: RunRequest;
}

/** Keeps the model and the inputs of the run that is under way, so that a reload can resume it. */
export class ModelResume {
  /** The name of the journal. */
  readonly journal: string;
  readonly #kept: KeptJob;
  #isKept = false;

  /** @param name one that no other element of the page has. */
  constructor(name: string) {
    this.journal = `page: ${name}`;
    this.#kept = new KeptJob(name);
  }

  /** A journal has been opened for this run. */
  keep(load: LoadRequest, request: RunRequest): void {
    this.#isKept = true;
    const { description, files } = describeRun(load, request);
    const isComplete = files.reduce((total, { size }) => total + size, 0) <= MAX_KEPT_BYTES;
    void this.#kept.keep({ ...description, isComplete }, isComplete ? files : []);
  }

  /** The run has ended, so that there is nothing to resume. */
  forget(): void {
    if (!this.#isKept) return;
    this.#isKept = false;
    void this.#kept.forget();
  }

  async find(): Promise<InterruptedModel | undefined> {
    const found = await findInterrupted(this.#kept, this.journal);
    const description = readDescription(found?.description);
    if (found === undefined || description === undefined) return undefined;
    const { address, modelNames, itemCount, kind } = description;
    const { load, run } = restoreRun(description, found.files);
    const name = address ?? modelNames[0] ?? "the model";
    const text = `Resume ${name}: ${formatDone(found.doneItemCount, formatCount(itemCount, "item"))}.`;
    const isComplete = (found.description as { readonly isComplete?: unknown }).isComplete === true;
    if (isComplete) return { text, load, run };
    const inputs = { random: [], pictures: ["the pictures"], tensors: ["the files of numbers"] }[kind];
    const advice = `Its files were too large to keep: choose ${[...modelNames.slice(0, 3), ...inputs].join(", ")} again, then resume.`;
    return { text: `${text} ${advice}`, load: undefined, run };
  }
}
