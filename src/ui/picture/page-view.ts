import {
  ShardError,
  deleteJournal,
  type JournalState,
  type LoadingProgress,
  type OpenedPicture,
  type PlacedTile,
  type Sharder,
} from "../../index.js";
import { Dashboard } from "../dashboard/dashboard.js";
import { reportDone, reportError } from "../element-events.js";
import type { ShownJobState, JobStatus, JobView } from "../job-view.js";
import type { DashboardHost, Division, Workload } from "../dashboard/host.js";
import { loadingText } from "../loading-text.js";
import { failureText } from "../parts/failure-text.js";
import { formatCount } from "../parts/format.js";
import { tickWhile } from "../parts/tick.js";
import { perFrame, TEXT_INTERVAL_MS } from "../parts/frame.js";
import { LogPanel } from "../parts/log-panel.js";
import { Notice } from "../parts/notice.js";
import { ResumeOffer } from "../parts/resume-offer.js";
import type { ProgressText } from "../parts/progress-view.js";
import { WorkerColours } from "../workers/colours.js";
import { logSharder } from "../workers/sharder-log.js";
import { JobPanel } from "./job-panel.js";
import { PictureInput } from "./picture-input.js";
import type { ChosenPicture, PictureJob } from "./picture-job.js";
import { layOutPicture } from "./picture-layout.js";
import { PICTURE_JOURNAL, PictureResume, type InterruptedPicture } from "./picture-resume.js";
import { MAX_PREVIEW_PIXELS, Preview } from "./preview.js";
import { jobText, resultText } from "./progress-text.js";
import { savePng } from "./save-png.js";
import { tileWorkload } from "./tile-workload.js";
import { UpscaleSession, type SessionListener } from "./upscale-session.js";

/**
 * The tab "Enlarge a picture": connects its panels with a sharder and its session. Lives as long as the element is in
 * the page.
 */
export class PageView implements SessionListener, JobView, DashboardHost {
  readonly roots: readonly HTMLElement[];
  readonly #host: HTMLElement;
  readonly #signal: AbortSignal;
  readonly #colours = new WorkerColours();
  readonly #notice = new Notice();
  readonly #offer = new ResumeOffer("resume-picture");
  readonly #resume = new PictureResume();
  readonly #preview = new Preview();
  readonly #log = new LogPanel();
  readonly #dashboard = new Dashboard(this.#colours, "tile", "picture-", this);
  readonly #input: PictureInput;
  readonly #job: JobPanel;
  readonly #update = perFrame(() => this.#updateNow(), TEXT_INTERVAL_MS);
  #sharder: Sharder | undefined;
  #session: UpscaleSession | undefined;
  #loading: ProgressText = { fraction: undefined, headline: "Loading the model", detail: "" };
  /** Chosen while the model was still loading. */
  #waiting: ChosenPicture | undefined;
  /** Until there is a sharder. */
  #loadState: ShownJobState = "loading";
  /** Starts the loading, where that waits for the user. */
  #onWanted: (() => void) | undefined;
  #isSaving = false;
  #workload: Workload | undefined;
  #division: Division | undefined;
  #model: string | undefined;

  /**
   * @param host has the attributes, and accepts dropped pictures while `isShown`.
   * @param signal aborts when the element leaves the page.
   */
  constructor(host: HTMLElement, isShown: () => boolean, signal: AbortSignal) {
    this.#host = host;
    this.#signal = signal;
    this.#input = new PictureInput(
      (picture) => this.#choose(picture),
      (reason) => this.refuse("That is not a picture", reason),
    );
    this.#input.listen(host, isShown, signal);
    this.#job = new JobPanel(this.#input.root, {
      runAgain: () => this.run(),
      togglePause: () => (this.#session?.job?.status === "paused" ? this.resume() : this.pause()),
      cancel: () => this.cancel(),
      save: () => void this.#save(),
    });
    this.roots = layOutPicture({
      notice: this.#notice,
      offer: this.#offer,
      job: this.#job,
      preview: this.#preview,
      workers: this.#dashboard.workers,
      log: this.#log,
      dashboard: this.#dashboard,
    });
    this.#updateNow();
  }

  /** Load nothing before the user or the host wants it. @param onWanted called at most once. */
  holdBack(onWanted: () => void): void {
    this.#loadState = "waiting";
    this.#loading = { fraction: 0, headline: "Not started", detail: "Press Run, or choose, drop or paste a picture." };
    this.#onWanted = () => {
      this.#onWanted = undefined;
      this.#loadState = "loading";
      onWanted();
    };
    this.#update();
  }

  get status(): JobStatus {
    const job = this.#session?.job;
    const status = job?.status === "opening" ? "loading" : job?.status;
    return {
      job: "picture",
      state: status ?? (this.#session === undefined ? this.#loadState : "ready"),
      fraction: job?.fraction ?? 0,
      workerCount: (this.#sharder?.workers ?? []).filter(({ state }) => state !== "dead").length,
    };
  }

  run(picture?: Blob): void {
    if (picture !== undefined) {
      this.#choose({ blob: picture, name: picture instanceof File ? picture.name : "picture" });
    } else if (this.#onWanted !== undefined) this.#onWanted();
    else this.#begin(() => this.#session?.runAgain());
  }

  pause(): void {
    this.#session?.pause();
  }

  resume(): void {
    this.#session?.resume();
  }

  cancel(): void {
    this.#session?.cancel();
  }

  showLoading(progress: LoadingProgress): void {
    this.#loading = loadingText(progress);
    this.#update();
  }

  /** Ask before anything is loaded from other sites. @param text the question. */
  ask(text: string, onAgree: () => void, onDecline: () => void): void {
    this.#notice.ask("Load from another site?", text, [
      { title: "Load it", run: onAgree },
      { title: "Use the page’s own model", run: onDecline },
    ]);
    this.#input.disable();
    this.#loading = { fraction: 0, headline: "Waiting for your answer", detail: "" };
    this.#update();
  }

  failLoading(message: string, onRetry: () => void): void {
    this.#loadState = "failed";
    this.#notice.show("The model could not be started", message, onRetry);
    this.#log.add(message, "fault");
    this.#input.disable();
    this.#loading = { fraction: 0, headline: "Not ready", detail: "" };
    this.#update();
  }

  /** @param model its address, where that is known. */
  start(sharder: Sharder, tileSize: number | undefined, model: string | undefined): void {
    this.#sharder = sharder;
    this.#model = model;
    const { settings: panel } = this.#dashboard;
    panel.useTileSize(tileSize);
    const sizes = {
      // Read for each picture.
      get tileSize(): number | undefined {
        return panel.settings.tileSize;
      },
      maxPreviewPixels: MAX_PREVIEW_PIXELS,
    };
    this.#session = new UpscaleSession(sharder, sizes, this);
    for (const type of ["worker", "progress", "rebalance"] as const) {
      sharder.addEventListener(type, () => this.#update(), { signal: this.#signal });
    }
    this.#dashboard.attach(sharder, this.#signal);
    tickWhile(() => this.#session?.isActive === true, this.#update, this.#signal);
    logSharder(sharder, this.#log, "tile", this.#signal);
    sharder.addEventListener("journal", ({ detail: { name, state } }) => this.#onJournal(name, state), {
      signal: this.#signal,
    });
    this.#loading = { fraction: 0, headline: "Ready", detail: "Choose, drop or paste a picture." };
    this.#update();
    if (this.#waiting !== undefined) this.#choose(this.#waiting);
  }

  /** Enlarge the sample, unless the user has already chosen a picture or may want to resume one. */
  offerSample(sample: ChosenPicture): void {
    if (this.#session?.job === undefined && this.#offer.root.hidden) this.#choose(sample);
  }

  /** Offer to resume the picture that was being enlarged when the page was closed, if there is one. Never rejects. */
  async offerInterrupted(): Promise<void> {
    const found = await this.#resume.find();
    if (found === undefined || this.#signal.aborted || this.#session?.job !== undefined) return;
    this.#offer.show(found.text, {
      resume: () => this.#choose(found.picture),
      startOver: () => void this.#startOver(found),
    });
  }

  note(text: string): void {
    this.#log.add(text);
  }

  refuse(title: string, reason: string): void {
    this.#notice.show(title, reason);
    this.#log.add(reason, "fault");
  }

  fail(title: string, message: string): void {
    this.refuse(title, message);
  }

  get isBusy(): boolean {
    return this.#session?.isActive ?? false;
  }

  /** @see DashboardHost.division. `undefined` for a sharder of the host's own. */
  get division(): Division | undefined {
    return this.#division;
  }

  /** Whoever makes the sharders. Call this before `start`. */
  set division(division: Division | undefined) {
    this.#division = division;
  }

  /** Use another sharder from now on, and enlarge the picture again on it. */
  exchange(sharder: Sharder): void {
    const picture = this.#session?.job?.picture;
    this.#session?.close();
    this.start(sharder, this.#dashboard.settings.settings.tileSize, this.#model);
    if (picture !== undefined) this.#choose(picture);
  }

  get workload(): Workload | undefined {
    return this.#workload;
  }

  close(): void {
    this.#session?.close();
    this.#preview.close();
  }

  onOpen(job: PictureJob, opened: OpenedPicture<ImageBitmap>): void {
    this.#preview.open(opened, job.picture.name);
    const { width, height, tileCount } = opened;
    this.#workload = tileWorkload(this.#sharder?.model, this.#model, opened);
    const workers = this.#sharder?.workers.filter(({ state }) => state !== "dead") ?? [];
    this.#log.add(
      `${job.picture.name}, ${width} × ${height}: ${formatCount(tileCount, "tile")} for ${formatCount(workers.length, "worker")}`,
    );
  }

  onTile(job: PictureJob, tile: PlacedTile<ImageBitmap>, workerId: string): void {
    if (job !== this.#session?.shown) return tile.bitmap.close();
    this.#preview.addTile(tile, this.#colours.of(workerId));
    this.#update();
  }

  onEnd(job: PictureJob, error: ShardError | undefined): void {
    const { name } = job.picture;
    // After a failure, a reload may help.
    if (error === undefined) this.#resume.forget(job);
    if (job === this.#session?.shown) this.#preview.end();
    if (error !== undefined) this.refuse(`${name} could not be enlarged`, adviceFor(error));
    else this.#log.add(job.status === "done" ? `${name} done: ${resultText(job, this.#scale)}` : `${name} cancelled`);
    if (error !== undefined) reportError(this.#host, { job: "picture", error });
    else if (job.status === "done") {
      const { tileCount: itemCount, stopwatch } = job;
      reportDone(this.#host, { job: "picture", itemCount, durationMs: stopwatch.elapsedMs });
    }
  }

  onChange(): void {
    this.#update();
  }

  get #scale(): number {
    return Number(this.#sharder?.model.userDefinedMetadata["scale"] ?? 1);
  }

  async #startOver({ picture }: InterruptedPicture): Promise<void> {
    this.#offer.hide();
    await this.#attempt("The journal could not be deleted", () => deleteJournal(PICTURE_JOURNAL));
    if (!this.#signal.aborted) this.#choose(picture);
  }

  /** Only the tab that writes the journal keeps the picture. */
  #onJournal(name: string, state: JournalState): void {
    const job = this.#session?.shown;
    const isOpen = state === "started" || state === "resumed" || state === "replaced";
    if (isOpen && name === PICTURE_JOURNAL && job?.isActive === true) this.#resume.keep(job);
  }

  #choose(picture: ChosenPicture): void {
    this.#offer.hide();
    this.#waiting = this.#session === undefined ? picture : undefined;
    this.#onWanted?.();
    this.#begin(() => this.#session?.start(picture));
  }

  /** A new attempt makes the previous notice obsolete. */
  #begin(start: () => void): void {
    if (this.#session !== undefined) this.#notice.hide();
    start();
  }

  async #attempt(what: string, action: () => Promise<unknown> | undefined): Promise<void> {
    try {
      await action();
    } catch (thrown) {
      if (!this.#signal.aborted) this.refuse(what, failureText(thrown));
    }
    this.#update();
  }

  async #save(): Promise<void> {
    const job = this.#session?.shown;
    if (job?.result === undefined || this.#isSaving) return;
    this.#isSaving = true;
    this.#update();
    await this.#attempt(`${job.picture.name} could not be saved`, () => savePng(job, this.#scale));
    this.#isSaving = false;
    this.#update();
  }

  #updateNow(): void {
    if (this.#signal.aborted) return;
    const session = this.#session;
    const job = session?.job;
    const { numbers } = this.#dashboard;
    const isActive = session?.isActive ?? false;
    this.#job.update(job === undefined ? this.#loading : jobText(job, this.#scale, numbers), {
      canRunAgain: (session?.shown !== undefined && !isActive) || this.#onWanted !== undefined,
      isFirstRun: this.#onWanted !== undefined,
      canPause: job?.status === "running" || job?.status === "paused",
      isPaused: job?.status === "paused",
      canCancel: isActive,
      canSave: session?.shown?.result !== undefined && !this.#isSaving,
    });
    this.#dashboard.update();
  }
}

/** The library's advice is for developers; on this page the user has controls instead. */
function adviceFor(error: ShardError): string {
  if (error.code !== "no-workers") return error.message;
  return "No worker is left to enlarge it: add one under Workers, then run it again.";
}
