import {
  ShardError,
  type JournalState,
  type PictureInProgress,
  type PlacedTile,
  type Sharder,
  type WorkerDetail,
} from "../../index.js";
import { Dashboard } from "../dashboard/dashboard.js";
import { FollowedSharder } from "../dashboard/followed-sharder.js";
import { reportDone, reportError } from "../element-events.js";
import type { JobStatus, JobView } from "../job-view.js";
import type { DashboardHost, Division, Workload } from "../dashboard/host.js";
import { element } from "../parts/dom.js";
import { failureText } from "../parts/failure-text.js";
import { formatCount } from "../parts/format.js";
import { tickWhile } from "../parts/tick.js";
import { perFrame, TEXT_INTERVAL_MS } from "../parts/frame.js";
import { LogPanel } from "../parts/log-panel.js";
import { Notice } from "../parts/notice.js";
import { ResumeOffer } from "../parts/resume-offer.js";
import { UNKNOWN_MODEL } from "../speed/speed-text.js";
import { WorkerColours } from "../workers/colours.js";
import { JobPanel, type JobChoices } from "./job-panel.js";
import { PictureInput } from "./picture-input.js";
import type { ChosenPicture, PictureJob } from "./picture-job.js";
import { LoadingState } from "./loading-state.js";
import { layOutPicture } from "./picture-layout.js";
import { PictureCaption } from "./picture-caption.js";
import { PictureList, type ListOwner } from "./picture-list.js";
import { type InterruptedPictures, type PictureStorage } from "./picture-resume.js";
import { runsWithText } from "./picture-words.js";
import { MAX_PREVIEW_PIXELS, Preview } from "./preview.js";
import { jobText, resultText } from "./progress-text.js";
import type { QueueEntry } from "./queue-entry.js";
import { QueueKeeper } from "./queue-keeper.js";
import { SaveControls } from "./save-controls.js";
import { saveJob } from "./save-pictures.js";
import { takeFiles } from "./take-files.js";
import { tileWorkload } from "./tile-workload.js";
import { UpscaleSession, type SessionListener } from "./upscale-session.js";

/**
 * The tab "Enlarge a picture": connects its panels with a sharder and its session. Lives as long as the element is in
 * the page.
 */
export class PageView implements SessionListener, ListOwner, JobView, DashboardHost {
  readonly roots: readonly HTMLElement[];
  readonly #host: HTMLElement;
  readonly #signal: AbortSignal;
  readonly #colours = new WorkerColours();
  readonly #notice = new Notice();
  readonly #offer = new ResumeOffer("resume-picture");
  readonly #storage: PictureStorage;
  readonly #keeper: QueueKeeper;
  readonly #preview = new Preview();
  readonly #caption = new PictureCaption();
  readonly #log = new LogPanel();
  readonly #dashboard = new Dashboard(this.#colours, "tile", "picture-", this);
  /** What is shown until there is a sharder. */
  readonly loading: LoadingState;
  readonly #input: PictureInput;
  readonly #saving = new SaveControls(() => void this.#save());
  readonly #listPlace = element("div", { class: "list-place" });
  readonly #job: JobPanel;
  readonly #update = perFrame(() => this.#updateNow(), TEXT_INTERVAL_MS);
  #sharder: Sharder | undefined;
  readonly #following: FollowedSharder;
  #session: UpscaleSession | undefined;
  #list: PictureList | undefined;
  /** Chosen while the model was still loading. */
  #waiting: readonly ChosenPicture[] = [];
  #isSaving = false;
  #workload: Workload | undefined;
  #division: Division | undefined;
  #model: string | undefined;

  /**
   * @param host has the attributes, and accepts dropped pictures while `isShown`.
   * @param toModel shows the other tab, with these files of a model.
   * @param signal aborts when the element leaves the page.
   */
  constructor(
    host: HTMLElement,
    isShown: () => boolean,
    toModel: (files: readonly File[]) => void,
    storage: PictureStorage,
    signal: AbortSignal,
  ) {
    const followers = { dashboard: this.#dashboard, log: this.#log, one: "tile", update: this.#update } as const;
    this.#following = new FollowedSharder(followers, signal);
    this.#host = host;
    this.#storage = storage;
    this.#keeper = new QueueKeeper(storage, () => this.update());
    this.#signal = signal;
    const takers = {
      choose: (pictures: readonly ChosenPicture[]) => this.#choose(pictures),
      toModel,
      refuse: (title: string, reason: string) => this.refuse(title, reason),
      note: (text: string) => this.note(text),
      notice: this.#notice,
    };
    this.#input = new PictureInput(
      (files) => takeFiles(files, takers),
      (reason) => this.refuse("That is not a picture", reason),
    );
    this.#input.listen(host, isShown, signal);
    this.loading = new LoadingState(this.#notice, this.#log, this.#input, () => this.#update());
    this.#job = new JobPanel(this.#input, this.#saving, this.#dashboard.speedUp.root, {
      runAgain: () => this.run(),
      togglePause: () => (this.#session?.job?.status === "paused" ? this.resume() : this.pause()),
      cancel: () => this.cancel(),
      repeat: (isOn) => this.#list?.repeat(isOn),
    });
    this.roots = layOutPicture({
      notice: this.#notice,
      offer: this.#offer,
      job: this.#job,
      preview: this.#preview,
      caption: this.#caption.root,
      list: this.#listPlace,
      workers: this.#dashboard.workers,
      log: this.#log,
      dashboard: this.#dashboard,
    });
    this.#updateNow();
  }

  get status(): JobStatus {
    const job = this.#session?.job;
    // A job without workers has not ended.
    const states = { opening: "loading", stalled: "paused" } as const;
    const status = job?.status === "opening" || job?.status === "stalled" ? states[job.status] : job?.status;
    return {
      job: "picture",
      state: status ?? (this.#session === undefined ? this.loading.state : "ready"),
      fraction: job?.fraction ?? 0,
      workerCount: (this.#sharder?.workers ?? []).filter(({ state }) => state !== "dead").length,
    };
  }

  run(picture?: Blob): void {
    if (picture !== undefined) {
      this.#choose([{ blob: picture, name: picture instanceof File ? picture.name : "picture" }]);
    } else if (this.loading.isHeldBack) this.loading.begin();
    else this.#begin(() => this.#list?.queue.startAgain());
  }

  pause(): void {
    this.#session?.pause();
  }

  resume(): void {
    this.#session?.resume();
  }

  cancel(): void {
    this.#list?.queue.cancel();
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
    this.#session = new UpscaleSession(sharder, sizes, this.#storage.journal, this);
    this.#list = new PictureList(this.#session, this.#keeper, this.#preview, this.#saving, this, this.#signal);
    this.#listPlace.replaceChildren(this.#list.panel.root);
    this.#follow(sharder);
    tickWhile(() => this.#session?.isActive === true, this.#update, this.#signal);
    this.loading.ready();
    if (this.#waiting.length > 0) this.#choose(this.#waiting);
  }

  /** Show what this sharder does, and no longer what the one before does. */
  #follow(sharder: Sharder): void {
    const signal = this.#following.follow(sharder);
    const onWorker = ({ detail }: CustomEvent<WorkerDetail>): void => {
      if (detail.state === "ready") this.#list?.queue.onWorker();
    };
    sharder.addEventListener("worker", onWorker, { signal });
    sharder.addEventListener("journal", ({ detail: { name, state } }) => this.#onJournal(name, state), { signal });
  }

  /** Enlarge the sample, unless the user has already chosen a picture or may want to resume one. */
  offerSample(sample: ChosenPicture): void {
    if (this.#session?.job === undefined && this.#offer.root.hidden) this.#choose([{ ...sample, isSample: true }]);
  }

  /** Offer to resume the pictures that were being enlarged when the page was closed, if there are any. Never rejects. */
  async offerInterrupted(): Promise<void> {
    const found = await this.#keeper.find();
    if (found === undefined || this.#signal.aborted || this.#session?.job !== undefined) return;
    const choices = { resume: () => this.#restore(found), startOver: () => void this.#startOver(found) };
    this.#offer.show(found.text, choices, found.verb);
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

  /** Use another sharder from now on, also for the picture that is being enlarged: that begins again. */
  exchange(sharder: Sharder): void {
    this.#sharder = sharder;
    this.#follow(sharder);
    this.#session?.use(sharder);
    this.#list?.queue.onWorker();
  }

  stopRepeating(): void {
    this.#list?.repeat(false);
  }

  get workload(): Workload | undefined {
    return this.#workload;
  }

  get whyUnmeasured(): string | undefined {
    return this.#sharder !== undefined && this.#model === undefined ? UNKNOWN_MODEL : undefined;
  }

  close(): void {
    this.#session?.close();
    this.#preview.close();
    this.#keeper.close();
  }

  onOpen(job: PictureJob, opened: PictureInProgress): void {
    this.#preview.open(opened, job.picture.name, this.scale);
    this.#caption.show(job, this.scale);
    this.#list?.onOpen(job, opened);
    const { width, height, tileCount } = opened;
    this.#workload = tileWorkload(this.#sharder?.model, this.#model, opened);
    const workers = this.#sharder?.workers.filter(({ state }) => state !== "dead") ?? [];
    this.#log.add(
      `${job.picture.name}, ${width} × ${height}: ${formatCount(tileCount, "tile")} for ${formatCount(workers.length, "worker")}`,
    );
  }

  onTile(job: PictureJob, tile: PlacedTile<ImageBitmap>, workerId: string): void {
    if (job !== this.#session?.shown || this.#list?.isFollowing !== true) tile.bitmap.close();
    else this.#preview.addTile(tile, this.#colours.of(workerId));
    this.#update();
  }

  onEnd(job: PictureJob, error: ShardError | undefined): void {
    const { name } = job.picture;
    const isDone = job.status === "done";
    if (job === this.#session?.shown && this.#list?.isFollowing === true) this.#preview.end(isDone);
    if (job.status === "stalled") this.#log.add(`${name} waits for a worker`, "fault");
    else if (error === undefined)
      this.#log.add(isDone ? `${name} done: ${resultText(job, this.scale)}` : `${name} cancelled`);
    else if (this.#list?.queue.isList === true)
      this.#log.add(`${name} could not be enlarged: ${error.message}`, "fault");
    else this.refuse(`${name} could not be enlarged`, error.message);
    if (error !== undefined) reportError(this.#host, { job: "picture", error });
    else if (isDone) {
      const { tileCount: itemCount, stopwatch } = job;
      reportDone(this.#host, { job: "picture", itemCount, durationMs: stopwatch.elapsedMs });
    }
    this.#list?.onEnd(job, error);
  }

  onChange(): void {
    this.#update();
  }

  update(): void {
    this.#update();
  }

  onLook({ size }: QueueEntry): void {
    // What of its file was lost was said when it was opened.
    this.#caption.show({ size, colourSpace: "srgb", losses: [] }, this.scale);
  }

  onCleared(): void {
    this.#input.focus();
  }

  get scale(): number {
    return Number(this.#sharder?.model.userDefinedMetadata["scale"] ?? 1);
  }

  #restore(found: InterruptedPictures): void {
    this.#offer.hide();
    this.#begin(() => this.#list?.restore(found));
  }

  async #startOver({ entries }: InterruptedPictures): Promise<void> {
    this.#offer.hide();
    await this.attempt("The journal could not be deleted", () => this.#keeper.discardTiles());
    if (!this.#signal.aborted) this.#choose(entries.map(({ picture }) => picture));
  }

  /** Only the tab that writes the journal keeps the pictures. */
  #onJournal(name: string, state: JournalState): void {
    const isOpen = state === "started" || state === "resumed" || state === "replaced";
    if (isOpen && name === this.#storage.journal) this.#list?.onRecorded();
  }

  #choose(pictures: readonly ChosenPicture[]): void {
    this.#offer.hide();
    this.#waiting = this.#list === undefined ? pictures : [];
    this.loading.begin();
    this.#begin(() => this.#list?.take(pictures));
  }

  /** A new attempt makes the previous notice obsolete. */
  #begin(start: () => void): void {
    if (this.#session !== undefined) this.#notice.hide();
    start();
  }

  async attempt(what: string, action: () => Promise<unknown> | undefined): Promise<void> {
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
    const { encoding } = this.#saving;
    await this.attempt(`${job.picture.name} could not be saved`, async () => {
      await saveJob(job, this.scale, encoding);
      this.#list?.onSaved(job);
    });
    this.#isSaving = false;
    this.#update();
  }

  #updateNow(): void {
    if (this.#signal.aborted) return;
    const session = this.#session;
    const job = session?.job;
    const { numbers } = this.#dashboard;
    const isActive = session?.isActive ?? false;
    const queue = this.#list?.queue;
    const goesOn = !isActive && (queue?.isUnfinished === true || job?.isContinuable === true);
    const choices: JobChoices = {
      canRunAgain: queue?.canStart === true || this.loading.isHeldBack,
      start: this.loading.isHeldBack ? "Run" : goesOn ? "Go on" : "Run again",
      canPause: job?.status === "running" || job?.status === "paused",
      isPaused: job?.status === "paused",
      canCancel: isActive || queue?.isStalled === true,
      isRepeating: queue?.isRepeating === true,
    };
    const text = job === undefined ? this.loading.text : jobText(job, this.scale, numbers);
    this.#job.update(text, choices, runsWithText(this.#model, this.#sharder?.workers ?? []));
    this.#saving.update(session?.shown?.result !== undefined, this.#isSaving);
    this.#list?.updatePanel();
    this.#dashboard.update();
  }
}
