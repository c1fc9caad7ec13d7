import {
  ShardError,
  createSharder,
  fetchLabels,
  labelsInArchive,
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
import { Stopwatch } from "../parts/stopwatch.js";
import { unlessEnded } from "../parts/unless-ended.js";
import { freeSizeFor, itemCountOfRun, type FreeSizes, type LoadRequest, type RunRequest } from "./model-request.js";
import { OutputStore } from "./outputs/output-store.js";
import { itemNameOf, reasonOf, runModel, type ItemRow } from "./run-model.js";
import { Slices } from "./outputs/slices.js";
import { modelNameOf } from "./sources/model-name.js";

/** What the session reports to the page. */
export interface ModelSessionListener {
  /** The session has started something, or has become idle. */
  onActivity(): void;
  /** The current activity has progressed. */
  onProgress(): void;
  /** Another model, or other labels, have been loaded. */
  onModel(): void;
  /** More is known about the model, or there is a new notice. */
  onInspected(): void;
  /** A run starts; the rows of the previous run are out of date. */
  onRun(): void;
  /** What is needed to resume the run after a reload should be kept: its results are being recorded. */
  onRecorded(loaded: LoadRequest, request: RunRequest): void;
  /** The run is done or was cancelled, so that there is nothing to resume. */
  onSettled(): void;
  onRow(row: ItemRow): void;
  /** @param thrown what made a load or a run fail. */
  onFailure(title: string, message: string, thrown?: unknown): void;
}

export type ModelActivity =
  | { readonly kind: "loading"; readonly progress: LoadingProgress | undefined }
  | { readonly kind: "inspecting" }
  | { readonly kind: "running"; readonly run: ModelRun };

/** One run of the model, as the panels show it. Only `ModelSession` changes it. */
export interface ModelRun {
  readonly request: RunRequest;
  readonly stopwatch: Stopwatch;
  /** The outputs of the items so far. */
  readonly store: OutputStore;
  readonly itemCount: number;
  doneItemCount: number;
  refusedItemCount: number;
  outcome: "running" | "paused" | "done" | "cancelled" | "failed";
}

/**
 * The user's own model: loads it, runs it and replaces it with the next one. It does one thing at a time. If a model
 * can't be loaded, the previous one stays.
 */
export class ModelSession {
  readonly #readWorkers: () => "auto" | readonly WorkerSpec[];
  readonly #journalName: string;
  readonly #listener: ModelSessionListener;
  #sharder: Sharder | undefined;
  /** The sharder that is not this session's to end. */
  #lent: { readonly sharder: Sharder; readonly address: string | undefined } | undefined;
  #loaded: LoadRequest | undefined;
  #labels: ModelLabels | undefined;
  #notices: string[] = [];
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
    return this.#sharder;
  }

  /** What was asked for when the present model was loaded. */
  get loaded(): LoadRequest | undefined {
    return this.#loaded;
  }

  /** Whether the sharder is its host's. */
  get isLent(): boolean {
    return this.#lent !== undefined;
  }

  /** Where the present model is; `undefined` for that of a sharder of the host's own which gives no address. */
  get modelSource(): LoadRequest["model"] | undefined {
    return this.#loaded?.model ?? this.#lent?.address;
  }

  /** What the present model is called. */
  get modelName(): string {
    return this.modelSource === undefined ? "the page’s model" : modelNameOf(this.modelSource);
  }

  get labels(): ModelLabels | undefined {
    return this.#labels;
  }

  /** What failed while this model was loaded, and was recovered from. */
  get notices(): readonly string[] {
    return this.#notices;
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
      const labels = this.#findLabels(request, signal);
      const sharder = await createSharder({
        ...modelSource(request.model),
        split: request.split,
        workers: workers ?? this.#readWorkers(),
        signal,
        onProgress: (progress) => this.#showProgress(signal, progress),
        onNotice: ({ message }) => {
          notices.push(message);
          // Notices also arrive later: the browser's copy of the model is stored after it is loaded.
          if (this.#notices === notices) this.#listener.onInspected();
        },
      });
      const found = await labels;
      // The load may have been cancelled while the labels were being fetched.
      if (signal.aborted) return await sharder.dispose();
      this.#release();
      this.#sharder = sharder;
      this.#lent = undefined;
      this.#loaded = request;
      this.#labels = found;
      this.#notices = notices;
      this.#run = undefined;
      this.#listener.onModel();
    } catch (thrown) {
      if (!signal.aborted) this.#listener.onFailure("The model could not be loaded", failureText(thrown), thrown);
    } finally {
      this.#end(signal);
    }
  }

  /** Run a sharder that stays its owner's to end. Cancels the current activity. @param address of its model, where that is known. */
  use(sharder: Sharder, address: string | undefined): void {
    this.cancel();
    this.#release();
    this.#sharder = sharder;
    this.#lent = { sharder, address };
    this.#loaded = undefined;
    this.#labels = undefined;
    this.#notices = [];
    this.#run = undefined;
    this.#listener.onModel();
  }

  /** Use labels for the model that is loaded. */
  async useLabels(file: File): Promise<void> {
    const labels = await this.#attemptLabels(() => readLabels(file));
    if (labels === undefined) return;
    this.#labels = labels;
    this.#listener.onModel();
  }

  /** @param sizes for what the model leaves free. */
  async inspect(sizes: FreeSizes): Promise<void> {
    const sharder = this.#sharder;
    if (sharder === undefined) return;
    const signal = this.#begin({ kind: "inspecting" });
    try {
      await sharder.inspect({ inputs: randomInputs(sharder.model, { itemCount: 2, freeSize: freeSizeFor(sizes) }) });
      if (sharder === this.#sharder) this.#listener.onInspected();
    } catch (thrown) {
      if (!signal.aborted) this.#listener.onFailure("The layers could not be measured", failureText(thrown));
    } finally {
      this.#end(signal);
    }
  }

  async start(request: RunRequest): Promise<void> {
    const sharder = this.#sharder;
    if (sharder === undefined) return;
    const run: ModelRun = {
      request,
      stopwatch: new Stopwatch(),
      store: new OutputStore((index) => itemNameOf(request, index)),
      itemCount: itemCountOfRun(request),
      doneItemCount: 0,
      refusedItemCount: 0,
      outcome: "running",
    };
    this.#run = run;
    const signal = this.#begin({ kind: "running", run });
    this.#listener.onRun();
    const onJournal = ({ detail: { name, state } }: SharderEventMap["journal"]): void => {
      const isOpen = state === "started" || state === "resumed" || state === "replaced";
      if (isOpen && name === this.#journalName && this.#loaded) this.#listener.onRecorded(this.#loaded, request);
    };
    sharder.addEventListener("journal", onJournal);
    const slices = new Slices();
    try {
      for await (const row of runModel(sharder, request, this.#labels, { signal, journalName: this.#journalName })) {
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
    if (run?.outcome !== "running" || !unlessEnded(() => this.#sharder?.pause())) return;
    run.outcome = "paused";
    run.stopwatch.stop();
    this.#listener.onActivity();
  }

  resume(): void {
    const run = this.#run;
    if (run?.outcome !== "paused" || !unlessEnded(() => this.#sharder?.resume())) return;
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
    unlessEnded(() => this.#sharder?.resume());
    this.#listener.onActivity();
  }

  close(): void {
    this.cancel();
    this.#release();
  }

  #release(): void {
    if (this.#sharder !== this.#lent?.sharder) void this.#sharder?.dispose();
  }

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

  #findLabels({ model, labels }: LoadRequest, signal: AbortSignal): Promise<ModelLabels | undefined> {
    return this.#attemptLabels(async () => {
      if (labels !== undefined) return readLabels(labels);
      return typeof model === "string" ? fetchLabels(model, { signal }) : labelsInArchive(model, signal);
    }, signal);
  }

  /** Never rejects: a model also runs without labels. */
  async #attemptLabels(
    read: () => Promise<ModelLabels | undefined>,
    signal?: AbortSignal,
  ): Promise<ModelLabels | undefined> {
    try {
      return await read();
    } catch (thrown) {
      // For a bad address or a dead connection, the failure of the model itself is reported.
      const isReported = thrown instanceof ShardError && ["invalid-options", "model-network"].includes(thrown.code);
      if (signal?.aborted !== true && !isReported) {
        this.#listener.onFailure("The labels could not be read", failureText(thrown));
      }
      return undefined;
    }
  }
}
