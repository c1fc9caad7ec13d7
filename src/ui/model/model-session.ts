import {
  createSharder,
  randomInputs,
  readLabels,
  type LoadingProgress,
  type ModelLabels,
  type Sharder,
  type SharderEventMap,
  type WorkerSpec,
} from "../../index.js";
import { modelSource } from "../bundled-files.js";
import { failureText } from "../parts/failure-text.js";
import { unlessEnded } from "../parts/unless-ended.js";
import { rememberServers } from "../workers/worker-specs.js";
import { attemptLabels, findLabels } from "./find-labels.js";
import { newRun, type ModelActivity, type ModelRun, type ModelSessionListener } from "./model-run.js";
import { freeSizeFor, type FreeSizes, type LoadRequest, type RunRequest } from "./model-request.js";
import { sourceOf, type PresentModel } from "./present-model.js";
import { reasonOf, runModel } from "./run-model.js";
import { Slices } from "./outputs/slices.js";
import { modelNameOf } from "./sources/model-name.js";

/**
 * The user's own model: loads it, runs it and replaces it with the next one. It does one thing at a time. If a model
 * can't be loaded, the previous one stays.
 */
export class ModelSession {
  readonly #readWorkers: () => "auto" | readonly WorkerSpec[];
  readonly #journalName: string;
  readonly #listener: ModelSessionListener;
  #present: PresentModel | undefined;
  #activity: ModelActivity | undefined;
  #run: ModelRun | undefined;
  #controller = new AbortController();

  /** @param journalName of the journal that its runs are recorded in. */
  constructor(readWorkers: () => "auto" | readonly WorkerSpec[], journalName: string, listener: ModelSessionListener) {
    this.#readWorkers = readWorkers;
    this.#journalName = journalName;
    this.#listener = listener;
  }

  get sharder(): Sharder | undefined {
    return this.#present?.sharder;
  }

  /** What was asked for when the present model was loaded. */
  get loaded(): LoadRequest | undefined {
    return this.#present?.loaded;
  }

  /** Whether the sharder is its host's. */
  get isLent(): boolean {
    return this.#present?.lent !== undefined;
  }

  /** Where the present model is; `undefined` for that of a sharder of the host's own which gives no address. */
  get modelSource(): LoadRequest["model"] | undefined {
    return this.#present && sourceOf(this.#present);
  }

  /** What the present model is called. */
  get modelName(): string {
    return this.modelSource === undefined ? "the page’s model" : modelNameOf(this.modelSource);
  }

  get labels(): ModelLabels | undefined {
    return this.#present?.labels;
  }

  /** What failed while this model was loaded, and was recovered from. */
  get notices(): readonly string[] {
    return this.#present?.notices ?? [];
  }

  get activity(): ModelActivity | undefined {
    return this.#activity;
  }

  /** The current run, or the last one with this model. */
  get run(): ModelRun | undefined {
    return this.#run;
  }

  /** Cancels the current activity. @param workers others than are read by default. */
  async load(request: LoadRequest, workers?: readonly WorkerSpec[]): Promise<void> {
    const signal = this.#begin({ kind: "loading", progress: undefined });
    const notices: string[] = [];
    try {
      const labels = attemptLabels(() => findLabels(request, signal), this.#labelsFailed, signal);
      const sharder = await createSharder({
        ...modelSource(request.model),
        split: request.split,
        workers: workers ?? this.#readWorkers(),
        signal,
        onProgress: (progress) => this.#showProgress(signal, progress),
        onNotice: ({ message }) => {
          notices.push(message);
          // Notices also arrive later: the browser's copy of the model is stored after it is loaded.
          if (this.#present?.notices === notices) this.#listener.onInspected();
        },
      });
      rememberServers(sharder, workers ?? []);
      const found = await labels;
      // The load may have been cancelled while the labels were being fetched.
      if (signal.aborted) return await sharder.dispose();
      this.#adopt({ sharder, loaded: request, labels: found, notices });
    } catch (thrown) {
      if (!signal.aborted) this.#listener.onFailure("The model could not be loaded", failureText(thrown), thrown);
    } finally {
      this.#end(signal);
    }
  }

  /** Run a sharder that stays its owner's to end. Cancels the current activity. @param address of its model, where that is known. */
  use(sharder: Sharder, address: string | undefined): void {
    this.cancel();
    this.#adopt({ sharder, lent: { address }, notices: [] });
  }

  #adopt(present: PresentModel): void {
    this.#release();
    this.#present = present;
    this.#run = undefined;
    this.#listener.onModel();
  }

  /** Use labels for the model that is loaded. */
  async useLabels(file: File): Promise<void> {
    const labels = await attemptLabels(() => readLabels(file), this.#labelsFailed);
    if (labels === undefined || this.#present === undefined) return;
    this.#present = { ...this.#present, labels };
    this.#listener.onModel();
  }

  /** @param sizes for what the model leaves free. */
  async inspect(sizes: FreeSizes): Promise<void> {
    const sharder = this.sharder;
    if (sharder === undefined) return;
    const signal = this.#begin({ kind: "inspecting" });
    try {
      await sharder.inspect({ inputs: randomInputs(sharder.model, { itemCount: 2, freeSize: freeSizeFor(sizes) }) });
      if (sharder === this.sharder) this.#listener.onInspected();
    } catch (thrown) {
      if (!signal.aborted) this.#listener.onFailure("The layers could not be measured", failureText(thrown));
    } finally {
      this.#end(signal);
    }
  }

  async start(request: RunRequest): Promise<void> {
    const sharder = this.sharder;
    if (sharder === undefined) return;
    const run = newRun(request);
    this.#run = run;
    const signal = this.#begin({ kind: "running", run });
    this.#listener.onRun();
    const onJournal = ({ detail: { name, state } }: SharderEventMap["journal"]): void => {
      const isOpen = state === "started" || state === "resumed" || state === "replaced";
      if (isOpen && name === this.#journalName && this.loaded) this.#listener.onRecorded(this.loaded, request);
    };
    sharder.addEventListener("journal", onJournal);
    const slices = new Slices();
    try {
      for await (const row of runModel(sharder, request, this.labels, { signal, journalName: this.#journalName })) {
        if (signal.aborted) break;
        run.doneItemCount++;
        if (row.error !== undefined) run.refusedItemCount++;
        run.store.add(row.outputs ?? (row.error === undefined ? "" : reasonOf(row.error)));
        this.#listener.onRow(row);
        this.#listener.onProgress();
        // A shard may have thousands of items.
        await slices.rest();
      }
      run.outcome = signal.aborted ? "cancelled" : "done";
    } catch (thrown) {
      run.outcome = signal.aborted ? "cancelled" : "failed";
      if (!signal.aborted) this.#listener.onFailure("The model could not be run", failureText(thrown), thrown);
    } finally {
      sharder.removeEventListener("journal", onJournal);
      // A pause holds for the sharder's later jobs, too; another one may be running by now.
      if (signal === this.#controller.signal) unlessEnded(() => sharder.resume());
      run.stopwatch.stop();
      // After a failure, a reload may help. And another run may have begun.
      if (run.outcome !== "failed" && run === this.#run) this.#listener.onSettled();
      this.#end(signal);
    }
  }

  /** Start nothing more of the run, until `resume`. What is under way is finished. */
  pause(): void {
    const run = this.#run;
    if (run?.outcome !== "running" || !unlessEnded(() => this.sharder?.pause())) return;
    run.outcome = "paused";
    run.stopwatch.stop();
    this.#listener.onActivity();
  }

  resume(): void {
    const run = this.#run;
    if (run?.outcome !== "paused" || !unlessEnded(() => this.sharder?.resume())) return;
    run.outcome = "running";
    run.stopwatch.resume();
    this.#listener.onActivity();
  }

  /** At once, though the job itself has to write its journal to the end. */
  cancel(): void {
    this.#controller.abort();
    if (this.#activity?.kind !== "running") return;
    const { run } = this.#activity;
    run.outcome = "cancelled";
    run.stopwatch.stop();
    this.#activity = undefined;
    unlessEnded(() => this.sharder?.resume());
    this.#listener.onActivity();
  }

  close(): void {
    this.cancel();
    this.#release();
  }

  #release(): void {
    if (!this.isLent) void this.sharder?.dispose();
  }

  readonly #labelsFailed = (reason: string): void => this.#listener.onFailure("The labels could not be read", reason);

  #begin(activity: ModelActivity): AbortSignal {
    this.cancel();
    this.#controller = new AbortController();
    this.#activity = activity;
    this.#listener.onActivity();
    return this.#controller.signal;
  }

  /** Leaves alone an activity that has started since. */
  #end(signal: AbortSignal): void {
    if (signal === this.#controller.signal) this.#activity = undefined;
    this.#listener.onActivity();
  }

  #showProgress(signal: AbortSignal, progress: LoadingProgress): void {
    if (signal !== this.#controller.signal) return;
    this.#activity = { kind: "loading", progress };
    this.#listener.onProgress();
  }
}
