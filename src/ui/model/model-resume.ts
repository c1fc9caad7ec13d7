import type { StreamJournalOptions } from "../../index.js";
import { formatCount } from "../parts/format.js";
import { findInterrupted } from "../parts/interrupted-run.js";
import { KeptJob, MAX_KEPT_BYTES } from "../parts/kept-job.js";
import { SPLITS, itemCountOfRun, type LoadRequest, type RunRequest } from "./model-request.js";

/** The journal of the run of the user's own model; there is one at a time. */
export const MODEL_JOURNAL = "page: model";

/** What the model runs on is compared batch by batch; the key tells runs of different length apart. */
export function modelJournal(request: RunRequest): StreamJournalOptions {
  const key = `${request.kind}, ${itemCountOfRun(request)}`;
  return { name: MODEL_JOURNAL, key, ifBusy: "ignore", keepResults: false };
}

/** A run that was interrupted. */
export interface InterruptedModel {
  /** "Resume model.json: 312 of 1000 items are done." */
  readonly text: string;
  /** `undefined` if its files were too large to keep: the user has to choose them again. */
  readonly load: LoadRequest | undefined;
  readonly run: RunRequest;
}

/** How a run is kept: files by their place in the list of kept files. */
interface Description {
  readonly address: string | undefined;
  readonly modelNames: readonly string[];
  readonly modelFileCount: number;
  readonly hasLabels: boolean;
  readonly split: LoadRequest["split"];
  readonly isComplete: boolean;
  readonly run: { readonly kind: RunRequest["kind"] };
  /** Inputs that had files, in the order of the files. */
  readonly inputNames?: readonly string[];
  readonly itemCount: number;
}

/** Keeps the model and the inputs of the run that is under way, so that a reload can resume it. */
export class ModelResume {
  readonly #kept = new KeptJob("model");
  #isKept = false;

  /** A journal has been opened for this run. */
  keep({ model, labels, split }: LoadRequest, request: RunRequest): void {
    this.#isKept = true;
    const modelFiles = typeof model === "string" ? [] : model;
    const chosen = request.kind === "tensors" ? request.files : {};
    const inputFiles = request.kind === "pictures" ? request.pictures : Object.values(chosen);
    const files = [...modelFiles, ...(labels === undefined ? [] : [labels]), ...inputFiles];
    const isComplete = files.reduce((total, { size }) => total + size, 0) <= MAX_KEPT_BYTES;
    const { pictures: _, files: _files, ...run } = { pictures: undefined, files: undefined, ...request };
    const description: Description = {
      address: typeof model === "string" ? model : undefined,
      modelNames: modelFiles.map(({ name }) => name),
      modelFileCount: modelFiles.length,
      hasLabels: labels !== undefined,
      split,
      isComplete,
      run,
      inputNames: Object.keys(chosen),
      itemCount: itemCountOfRun(request),
    };
    void this.#kept.keep(description, isComplete ? files : []);
  }

  /** The run has ended, so that there is nothing to resume. */
  forget(): void {
    if (!this.#isKept) return;
    this.#isKept = false;
    void this.#kept.forget();
  }

  async find(): Promise<InterruptedModel | undefined> {
    const found = await findInterrupted(this.#kept, MODEL_JOURNAL);
    if (found === undefined || !isDescription(found.description)) return undefined;
    const {
      address,
      modelNames,
      modelFileCount,
      hasLabels,
      split,
      isComplete,
      run,
      inputNames = [],
      itemCount,
    } = found.description;
    const { files, doneItemCount } = found;
    const inputFiles = files.slice(modelFileCount + (hasLabels ? 1 : 0));
    const name = address ?? modelNames[0] ?? "the model";
    const text = `Resume ${name}: ${doneItemCount} of ${formatCount(itemCount, "item")} are done.`;
    const load = {
      model: address ?? files.slice(0, modelFileCount),
      labels: hasLabels ? files[modelFileCount] : undefined,
      split,
    };
    const chosen = Object.fromEntries(inputFiles.map((file, index) => [inputNames[index] ?? String(index), file]));
    const request = { sizes: {}, ...run, pictures: inputFiles, files: chosen } as unknown as RunRequest;
    if (isComplete) return { text, load, run: request };
    const advice = `Its files were too large to keep: choose ${[...modelNames.slice(0, 3), ...(run.kind === "random" ? [] : [run.kind === "pictures" ? "the pictures" : "the files of numbers"])].join(", ")} again, then resume.`;
    return { text: `${text} ${advice}`, load: undefined, run: request };
  }
}

/** What was kept may be of an older version of the page. */
function isDescription(value: unknown): value is Description {
  if (typeof value !== "object" || value === null) return false;
  const { address, modelNames, modelFileCount, hasLabels, split, isComplete, run, itemCount } = value as Partial<
    Record<keyof Description, unknown>
  >;
  const { kind } = (run ?? {}) as { readonly kind?: unknown };
  return (
    (address === undefined || typeof address === "string") &&
    Array.isArray(modelNames) &&
    [modelFileCount, itemCount].every((count) => Number.isSafeInteger(count)) &&
    [hasLabels, isComplete].every((flag) => typeof flag === "boolean") &&
    SPLITS.some((each) => each === split) &&
    (kind === "random" || kind === "pictures" || kind === "tensors")
  );
}
