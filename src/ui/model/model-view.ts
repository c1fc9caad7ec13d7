import { readOptions } from "../element-options.js";
import { element } from "../parts/dom.js";
import { dropHint, listenForFiles } from "../parts/file-drop.js";
import { perFrame, TEXT_INTERVAL_MS } from "../parts/frame.js";
import { LogPanel } from "../parts/log-panel.js";
import { Notice } from "../parts/notice.js";
import { ProgressView } from "../parts/progress-view.js";
import { WorkerColours } from "../workers/colours.js";
import { PlanPanel } from "../workers/plan-panel.js";
import { logSharder } from "../workers/sharder-log.js";
import { ModelFacts } from "./model-facts.js";
import { ModelInputsPanel } from "./model-inputs.js";
import { ModelSession, type ModelSessionListener } from "./model-session.js";
import { ModelSourcePanel } from "./model-source.js";
import { modelProgressText } from "./model-text.js";
import { ResultsTable } from "./results-table.js";
import type { ItemRow } from "./run-model.js";
import { sortFiles } from "./sort-files.js";

/** The tab "Your own model": connects its panels with a session. Lives as long as the element is in the page. */
export class ModelView implements ModelSessionListener {
  readonly roots: readonly HTMLElement[];
  readonly #session: ModelSession;
  readonly #signal: AbortSignal;
  readonly #notice = new Notice("model-notice");
  readonly #facts = new ModelFacts(() => void this.#session.inspect(this.#inputs.freeSize));
  readonly #plan = new PlanPanel(new WorkerColours());
  readonly #log = new LogPanel("model-");
  readonly #results = new ResultsTable();
  readonly #progress = new ProgressView("model-");
  readonly #inputs = new ModelInputsPanel(() => this.#update());
  readonly #run = element("button", { type: "button", class: "primary", "data-testid": "model-run" }, "Run");
  readonly #cancel = element("button", { type: "button", "data-testid": "model-cancel" }, "Cancel");
  readonly #source: ModelSourcePanel;
  #requested: { readonly model: string | readonly File[]; readonly labels: File | undefined } | undefined;
  readonly #update = perFrame(() => this.#updateNow(), TEXT_INTERVAL_MS);

  /**
   * @param host has the attributes, and accepts dropped files while `isShown`.
   * @param signal aborts when the element leaves the page.
   */
  constructor(host: HTMLElement, isShown: () => boolean, signal: AbortSignal) {
    this.#signal = signal;
    this.#session = new ModelSession(() => readOptions(host).workers, this);
    this.#source = new ModelSourcePanel({
      loadAddress: (address) => this.#load(address, undefined),
      takeFiles: (files) => this.#take(files),
      splitChanged: () => this.#reloadSplit(),
    });
    this.#run.addEventListener("click", () => this.#start());
    this.#cancel.addEventListener("click", () => this.#session.cancel());
    const onNothing = (): void =>
      this.onFailure("That is not a file", "Expected model files or pictures, received no file: save them first.");
    listenForFiles(host, { isActive: isShown, onFiles: (files) => this.#take(files), onNothing }, signal);
    const running = element(
      "section",
      { class: "panel job", "aria-label": "Run" },
      element("div", { class: "buttons" }, this.#run, this.#cancel),
      ...this.#progress.roots,
    );
    this.roots = [
      this.#notice.root,
      element("div", { class: "picture" }, this.#source.root, this.#inputs.root, running, this.#results.root),
      element("div", { class: "side" }, this.#facts.root, this.#plan.root, this.#log.root),
      dropHint("Drop a model’s files or pictures here"),
    ];
    this.#updateNow();
  }

  close(): void {
    this.#session.close();
    this.#results.clear();
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
    this.#inputs.offer(sharder.model, labels);
    this.onInspected();
    this.#results.clear();
    logSharder(sharder, this.#log, "item", this.#signal);
    for (const type of ["worker", "progress", "rebalance"] as const) {
      sharder.addEventListener(type, () => this.#update(), { signal: this.#signal });
    }
  }

  onInspected(): void {
    const { sharder, labels, notices } = this.#session;
    if (sharder !== undefined) this.#facts.show(sharder.model, labels, notices);
  }

  onRun(): void {
    this.#results.clear();
  }

  onRow(row: ItemRow): void {
    this.#results.add(row);
  }

  onFailure(title: string, message: string): void {
    if (!this.#signal.aborted) this.#notice.show(title, message);
  }

  /** A worker holds either the whole model or a stage of it, so another split needs another load. */
  #reloadSplit(): void {
    const isBusy = this.#session.activity !== undefined && this.#session.activity.kind !== "loading";
    if (this.#requested !== undefined && !isBusy) this.#load(this.#requested.model, this.#requested.labels);
  }

  #load(model: string | readonly File[], labels: File | undefined): void {
    this.#requested = { model, labels };
    this.#notice.hide();
    void this.#session.load({ model, labels, split: this.#source.split });
  }

  #take(files: readonly File[]): void {
    const { pictures, model, labels } = sortFiles(files);
    this.#notice.hide();
    this.#inputs.usePictures(pictures);
    if (model.length > 0) this.#load(model, labels);
    else if (labels !== undefined) void this.#session.useLabels(labels);
  }

  #start(): void {
    const { request } = this.#inputs;
    if (request === undefined) return;
    this.#notice.hide();
    void this.#session.start(request);
  }

  #updateNow(): void {
    if (this.#signal.aborted) return;
    const { sharder, activity } = this.#session;
    this.#progress.update(modelProgressText(this.#session, this.#inputs.request !== undefined));
    const hadFocus = this.#cancel.matches(":focus") || this.#run.matches(":focus");
    this.#run.disabled = sharder === undefined || activity !== undefined || this.#inputs.request === undefined;
    // A measurement is only one run long, so it can't be cancelled.
    this.#cancel.disabled = activity === undefined || activity.kind === "inspecting";
    this.#facts.update(activity === undefined);
    // Disabling the focused button would send the focus back to the top of the page.
    if (hadFocus) [this.#cancel, this.#run].find((button) => !button.disabled)?.focus();
    if (sharder !== undefined) this.#plan.update(sharder.workers, sharder.plan);
  }
}
