import { ShardError, deleteJournal, type Sharder, type WorkerSpec } from "../../index.js";
import { Dashboard } from "../dashboard/dashboard.js";
import { relayEvents, reportDone, reportError } from "../element-events.js";
import { readOptions, readSplit } from "../element-options.js";
import type { ShownJobState, JobStatus, JobView } from "../job-view.js";
import type { DashboardHost, Workload } from "../dashboard/host.js";
import { failureText } from "../parts/failure-text.js";
import { listenForFiles } from "../parts/file-drop.js";
import { tickWhile } from "../parts/tick.js";
import { perFrame, TEXT_INTERVAL_MS } from "../parts/frame.js";
import { LogPanel } from "../parts/log-panel.js";
import { Notice } from "../parts/notice.js";
import { ProgressView } from "../parts/progress-view.js";
import { ResumeOffer } from "../parts/resume-offer.js";
import { UNKNOWN_MODEL } from "../speed/speed-text.js";
import { WorkerColours } from "../workers/colours.js";
import { specsOf } from "../workers/worker-specs.js";
import { logSharder } from "../workers/sharder-log.js";
import { ModelFacts } from "./model-facts.js";
import { ModelInputsPanel } from "./model-inputs.js";
import type { LoadRequest, RunRequest } from "./model-request.js";
import type { ModelSessionListener } from "./model-run.js";
import { ModelSession } from "./model-session.js";
import { ModelSourcePanel } from "./model-source.js";
import { ModelResume, type InterruptedModel } from "./model-resume.js";
import { layOutModel } from "./model-layout.js";
import { modelProgressText } from "./model-text.js";
import { modelWorkload } from "./model-workload.js";
import { ResultsPanel } from "./outputs/results-panel.js";
import type { ItemRow } from "./run-model.js";
import { RunControls } from "./run-controls.js";
import { sortFiles } from "./sort-files.js";
import { WaitingFiles } from "./waiting-files.js";

/** The tab "Your own model": connects its panels with a session. Lives as long as the element is in the page. */
export class ModelView implements ModelSessionListener, JobView, DashboardHost {
  readonly roots: readonly HTMLElement[];
  readonly #host: HTMLElement;
  readonly #session: ModelSession;
  readonly #signal: AbortSignal;
  readonly #notice = new Notice("model-notice");
  readonly #offer = new ResumeOffer("resume-model");
  readonly #resume: ModelResume;
  readonly #facts = new ModelFacts(() => void this.#session.inspect(this.#inputs.sizes));
  readonly #colours = new WorkerColours();
  readonly #dashboard = new Dashboard(this.#colours, "item", "model-", this);
  readonly #log = new LogPanel("model-");
  readonly #results = new ResultsPanel((reason) => this.onFailure("The outputs can’t be shown", failureText(reason)));
  readonly #progress = new ProgressView("model-");
  readonly #inputs = new ModelInputsPanel(() => this.#update());
  readonly #controls = new RunControls({
    run: () => this.#start(),
    togglePause: () => (this.#session.run?.outcome === "paused" ? this.resume() : this.pause()),
    cancel: () => this.#session.cancel(),
  });
  readonly #source: ModelSourcePanel;
  #requested: { readonly model: string | readonly File[]; readonly labels: File | undefined } | undefined;
  /** Chosen before there was a model. */
  readonly #waiting = new WaitingFiles();
  /** Its events are shown, and emitted by the host. */
  #followed: Sharder | undefined;
  #following = new AbortController();
  readonly #update = perFrame(() => this.#updateNow(), TEXT_INTERVAL_MS);

  /**
   * @param host has the attributes, and accepts dropped files while `isShown`.
   * @param storage a name that no other element of the page has.
   * @param signal aborts when the element leaves the page.
   */
  constructor(host: HTMLElement, isShown: () => boolean, storage: string, signal: AbortSignal) {
    this.#host = host;
    this.#signal = signal;
    this.#resume = new ModelResume(storage);
    this.#session = new ModelSession(() => readOptions(host).workers, this.#resume.journal, this);
    this.#source = new ModelSourcePanel({
      loadAddress: (address) => this.#load(address, this.#waiting.labels),
      takeFiles: (files) => this.#take(files),
      splitChanged: () => this.#reloadSplit(),
    });
    this.#source.split = readSplit(host);
    const onNothing = (): void =>
      this.onFailure("That is not a file", "Expected model files or pictures, received no file: save them first.");
    listenForFiles(host, { isActive: isShown, onFiles: (files) => this.#take(files), onNothing }, signal);
    this.roots = layOutModel({
      notice: this.#notice,
      offer: this.#offer,
      source: this.#source,
      inputs: this.#inputs,
      controls: this.#controls,
      progress: this.#progress,
      results: this.#results,
      facts: this.#facts,
      log: this.#log,
      dashboard: this.#dashboard,
    });
    tickWhile(() => this.#session.activity?.kind === "running", this.#update, signal);
    this.#updateNow();
  }

  /** Files that were chosen, dropped or pasted: a model's, its labels or pictures. */
  takeFiles(files: readonly File[]): void {
    this.#take(files);
  }

  /** Load the model at an address, as if the user had entered it. */
  load(address: string): void {
    this.#source.split = readSplit(this.#host);
    this.#load(address, undefined);
  }

  /** Load the present model again, since the attributes name other workers or another split. */
  reload(): void {
    this.#source.split = readSplit(this.#host);
    if (this.#requested !== undefined) this.#load(this.#requested.model, this.#requested.labels);
  }

  /** Ask before a model is loaded from another site. @param text the question. */
  ask(text: string, onAgree: () => void, onDecline: () => void): void {
    this.#notice.ask("Load from another site?", text, [
      { title: "Load it", run: () => this.#answer(onAgree) },
      { title: "No, thanks", run: () => this.#answer(onDecline) },
    ]);
  }

  #answer(act: () => void): void {
    this.#notice.hide();
    act();
  }

  /** Run the host's own sharder, which stays the host's to end. @param address of its model, where the host says it. */
  use(sharder: Sharder, address: string | undefined): void {
    this.#notice.hide();
    this.#requested = undefined;
    this.#session.use(sharder, address);
  }

  /** Whether it runs the host's own sharder. */
  get isLent(): boolean {
    return this.#session.isLent;
  }

  get status(): JobStatus {
    const { activity, run, sharder } = this.#session;
    const states: Record<string, ShownJobState> = { loading: "loading", running: "running", inspecting: "running" };
    const idle: ShownJobState = sharder === undefined ? "waiting" : "ready";
    return {
      job: "model",
      state:
        activity === undefined || run?.outcome === "paused" ? (run?.outcome ?? idle) : (states[activity.kind] ?? idle),
      fraction: run === undefined || run.itemCount === 0 ? 0 : run.doneItemCount / run.itemCount,
      workerCount: (sharder?.workers ?? []).filter(({ state }) => state !== "dead").length,
    };
  }

  run(picture?: Blob): void {
    if (picture !== undefined) {
      this.#inputs.usePictures([picture instanceof File ? picture : new File([picture], "picture")]);
    }
    if (this.#session.activity === undefined) this.#start();
  }

  pause(): void {
    this.#session.pause();
  }

  resume(): void {
    this.#session.resume();
  }

  cancel(): void {
    this.#session.cancel();
  }

  close(): void {
    this.#session.close();
    this.#results.clear();
  }

  fail(title: string, message: string): void {
    this.onFailure(title, message);
  }

  note(text: string): void {
    this.#log.add(text, "plain", "jobs");
  }

  get isBusy(): boolean {
    return this.#session.activity?.kind === "running";
  }

  get workload(): Workload | undefined {
    return modelWorkload(this.#session, this.#session.run?.request ?? this.#inputs.request);
  }

  get whyUnmeasured(): string | undefined {
    const { sharder, modelSource } = this.#session;
    return sharder !== undefined && modelSource === undefined ? UNKNOWN_MODEL : undefined;
  }

  /** Without delay, so that a pressed button responds. */
  onActivity(): void {
    this.#updateNow();
  }

  onProgress(): void {
    this.#update();
  }

  onModel(): void {
    const { sharder, labels } = this.#session;
    if (sharder === undefined) return;
    // Other labels for the same model come here, too.
    const isSame = sharder === this.#followed;
    if (isSame && labels !== undefined) this.#inputs.offerLabels(sharder.model, labels);
    else this.#inputs.offer(sharder.model, labels);
    this.onInspected();
    const { labels: waiting } = this.#waiting.take();
    // Chosen while the model was being loaded.
    if (waiting !== undefined && this.#session.loaded?.labels !== waiting) void this.#session.useLabels(waiting);
    this.#results.clear();
    if (!isSame) this.#follow(sharder);
  }

  /** Show what this sharder does, and no longer what the one before does. */
  #follow(sharder: Sharder): void {
    this.#followed = sharder;
    this.#following.abort();
    this.#following = new AbortController();
    const signal = AbortSignal.any([this.#signal, this.#following.signal]);
    relayEvents(sharder, this.#host, signal);
    this.#dashboard.attach(sharder, signal);
    logSharder(sharder, this.#log, "item", signal);
    for (const type of ["worker", "progress", "rebalance"] as const) {
      sharder.addEventListener(type, () => this.#update(), { signal });
    }
  }

  onInspected(): void {
    const { sharder, labels, notices } = this.#session;
    if (sharder !== undefined) this.#facts.show(this.#session.modelName, sharder.model, labels, notices);
  }

  onRun(): void {
    this.#offer.hide();
    const { sharder, run, labels, modelName } = this.#session;
    if (sharder === undefined || run === undefined) return;
    const { store, request } = run;
    this.#results.open({ store, request, model: sharder.model, labels, modelName });
  }

  onRecorded(loaded: LoadRequest, request: RunRequest): void {
    this.#resume.keep(loaded, request);
  }

  onSettled(): void {
    this.#resume.forget();
    const { run } = this.#session;
    if (run?.outcome !== "done") return;
    reportDone(this.#host, { job: "model", itemCount: run.itemCount, durationMs: run.stopwatch.elapsedMs });
  }

  /**
   * Offer to resume the run that was under way when the page was closed. Never rejects.
   * @returns whether there is one.
   */
  async offerInterrupted(): Promise<boolean> {
    const found = await this.#resume.find();
    if (found === undefined || this.#signal.aborted || this.#session.activity !== undefined) return false;
    this.#offer.show(found.text, {
      resume: () => void this.#resumeRun(found, false),
      startOver: () => void this.#resumeRun(found, true),
    });
    return true;
  }

  onRow(row: ItemRow): void {
    this.#results.add(row);
  }

  onFailure(title: string, message: string, thrown?: unknown): void {
    if (this.#signal.aborted) return;
    this.#notice.show(title, message);
    if (thrown instanceof ShardError) reportError(this.#host, { job: "model", error: thrown });
  }

  /** A worker holds either the whole model or a stage of it, so another split needs another load. */
  #reloadSplit(): void {
    const isBusy = this.#session.activity !== undefined && this.#session.activity.kind !== "loading";
    if (this.#requested === undefined || isBusy) return;
    const { sharder } = this.#session;
    this.#load(this.#requested.model, this.#requested.labels, sharder && specsOf(sharder));
  }

  /** @param workers others than the attributes name. */
  #load(model: string | readonly File[], labels: File | undefined, workers?: readonly WorkerSpec[]): void {
    this.#requested = { model, labels };
    this.#notice.hide();
    this.#source.show(model);
    void this.#session.load({ model, labels, split: this.#source.split }, workers);
  }

  #take(files: readonly File[]): void {
    const { pictures, model, labels, tensors } = sortFiles(files);
    this.#notice.hide();
    this.#inputs.usePictures(pictures);
    this.#inputs.useTensors(tensors);
    if (model.length > 0) {
      this.#load(model, labels ?? this.#waiting.labels);
      return;
    }
    if (this.#session.sharder !== undefined) {
      if (labels !== undefined) void this.#session.useLabels(labels);
      return;
    }
    this.#waiting.add({ labels, pictures, tensors });
    this.#update();
  }

  async #resumeRun({ load, run }: InterruptedModel, startsOver: boolean): Promise<void> {
    this.#notice.hide();
    if (load !== undefined) {
      this.#requested = { model: load.model, labels: load.labels };
      await this.#session.load(load);
    }
    // A failure to load has been reported, and the offer stays.
    if (load !== undefined && this.#session.loaded !== load) return;
    const chosen = this.#inputs.request;
    const request = load === undefined && run.kind !== "random" ? chosen : run;
    if (this.#session.sharder === undefined || request === undefined) {
      const advice = "Expected the model’s files and its inputs again, received none so far: choose them first.";
      this.onFailure("It can’t be resumed yet", advice);
      return;
    }
    if (startsOver) await deleteJournal(this.#resume.journal).catch(() => false);
    await this.#session.start(request);
  }

  #start(): void {
    const { request, problem } = this.#inputs;
    this.#notice.hide();
    if (problem !== undefined) {
      this.#notice.show("That can’t be run", problem);
      this.#inputs.focusProblem();
    }
    if (request !== undefined) void this.#session.start(request);
  }

  #updateNow(): void {
    if (this.#signal.aborted) return;
    const { sharder, activity } = this.#session;
    this.#progress.update(
      modelProgressText(this.#session, this.#inputs.request !== undefined, this.#dashboard.numbers, this.#waiting.text),
    );
    const { request, problem } = this.#inputs;
    const hasInput = request !== undefined || problem !== undefined;
    this.#controls.update({
      canRun: sharder !== undefined && activity === undefined && hasInput,
      canPause: activity?.kind === "running",
      isPaused: this.#session.run?.outcome === "paused",
      // A measurement is only one run long, so it can't be cancelled.
      canCancel: activity !== undefined && activity.kind !== "inspecting",
    });
    this.#facts.update(activity === undefined);
    this.#dashboard.update();
  }
}
