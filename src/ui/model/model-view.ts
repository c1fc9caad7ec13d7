import { ShardError } from "../../index.js";
import { Dashboard } from "../dashboard/dashboard.js";
import { FollowedSharder } from "../dashboard/followed-sharder.js";
import { relayEvents, reportDone, reportError } from "../element-events.js";
import { readOptions } from "../element-options.js";
import type { JobStatus, JobView } from "../job-view.js";
import type { DashboardHost, Workload } from "../dashboard/host.js";
import { failureText } from "../parts/failure-text.js";
import { listenForFiles } from "../parts/file-drop.js";
import { tickWhile } from "../parts/tick.js";
import { perTextFrame } from "../parts/frame.js";
import { LogPanel } from "../parts/log-panel.js";
import { Notice } from "../parts/notice.js";
import { ProgressView } from "../parts/progress-view.js";
import { UNKNOWN_MODEL } from "../speed/speed-text.js";
import { WorkerColours } from "../workers/colours.js";
import { InterruptedOffer } from "./interrupted-offer.js";
import { ModelChoice } from "./model-choice.js";
import { ModelFacts } from "./model-facts.js";
import { ModelInputsPanel } from "./model-inputs.js";
import type { LoadRequest, RunRequest } from "./model-request.js";
import type { ModelSessionListener } from "./model-run.js";
import { ModelSession } from "./model-session.js";
import { ModelResume } from "./model-resume.js";
import { modelStatus } from "./model-status.js";
import { layOutModel } from "./model-layout.js";
import { modelProgressText } from "./model-text.js";
import { modelWorkload } from "./model-workload.js";
import { ResultsPanel } from "./outputs/results-panel.js";
import type { ItemRow } from "./run-model.js";
import { RunControls } from "./run-controls.js";

/** The tab "Your own model": connects its panels with a session. Lives as long as the element is in the page. */
export class ModelView implements ModelSessionListener, JobView, DashboardHost {
  readonly roots: readonly HTMLElement[];
  readonly #host: HTMLElement;
  readonly #session: ModelSession;
  readonly #signal: AbortSignal;
  readonly #notice = new Notice("model-notice");
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
  /** What is loaded, and what is chosen for it. */
  readonly choice: ModelChoice;
  readonly #interrupted: InterruptedOffer;
  readonly #following: FollowedSharder;
  readonly #update = perTextFrame(() => this.#updateNow());

  /**
   * @param host has the attributes, and accepts dropped files while `isShown`.
   * @param storage a name that no other element of the page has.
   * @param signal aborts when the element leaves the page.
   */
  constructor(host: HTMLElement, isShown: () => boolean, storage: string, signal: AbortSignal) {
    this.#host = host;
    this.#signal = signal;
    const followers = { dashboard: this.#dashboard, log: this.#log, one: "item", update: this.#update } as const;
    this.#following = new FollowedSharder(followers, signal);
    this.#resume = new ModelResume(storage);
    this.#session = new ModelSession(() => readOptions(host).workers, this.#resume.journal, this);
    this.choice = new ModelChoice(host, this.#session, this.#inputs, this.#notice, this.#update);
    this.#interrupted = new InterruptedOffer(this.#resume, this.#session, this.#inputs, this.choice, {
      begin: () => this.#notice.hide(),
      fail: (title, message) => this.onFailure(title, message),
    });
    const onNothing = (): void =>
      this.onFailure("That is not a file", "Expected model files or pictures, received no file: save them first.");
    listenForFiles(host, { isActive: isShown, onFiles: (files) => this.choice.take(files), onNothing }, signal);
    this.roots = layOutModel({
      notice: this.#notice,
      offer: this.#interrupted.offer,
      source: this.choice.source,
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

  /** Whether it runs the host's own sharder. */
  get isLent(): boolean {
    return this.#session.isLent;
  }

  get status(): JobStatus {
    return modelStatus(this.#session);
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
    const isSame = sharder === this.#following.current;
    if (isSame && labels !== undefined) this.#inputs.offerLabels(sharder.model, labels);
    else this.#inputs.offer(sharder.model, labels);
    this.onInspected();
    const { labels: waiting } = this.choice.takeWaiting();
    // Chosen while the model was being loaded.
    if (waiting !== undefined && this.#session.loaded?.labels !== waiting) void this.#session.useLabels(waiting);
    this.#results.clear();
    if (isSame) return;
    relayEvents(sharder, this.#host, this.#following.follow(sharder));
  }

  onInspected(): void {
    const { sharder, labels, notices } = this.#session;
    if (sharder !== undefined) this.#facts.show(this.#session.modelName, sharder.model, labels, notices);
  }

  onRun(): void {
    this.#interrupted.offer.hide();
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
    return this.#interrupted.show(this.#signal);
  }

  onRow(row: ItemRow): void {
    this.#results.add(row);
  }

  onFailure(title: string, message: string, thrown?: unknown): void {
    if (this.#signal.aborted) return;
    this.#notice.show(title, message);
    if (thrown instanceof ShardError) reportError(this.#host, { job: "model", error: thrown });
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
      modelProgressText(
        this.#session,
        this.#inputs.request !== undefined,
        this.#dashboard.numbers,
        this.choice.waitingText,
      ),
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
