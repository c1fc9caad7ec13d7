import type { JournalState, PictureInProgress, Sharder, WorkerDetail } from "../../index.js";
import { FollowedSharder } from "../dashboard/followed-sharder.js";
import type { Division, Workload } from "../dashboard/host.js";
import type { JobStatus, JobView } from "../job-view.js";
import { failureText } from "../parts/failure-text.js";
import { perFrame, TEXT_INTERVAL_MS } from "../parts/frame.js";
import { tickWhile } from "../parts/tick.js";
import { UNKNOWN_MODEL } from "../speed/speed-text.js";
import type { LoadingState } from "./loading-state.js";
import type { ChosenPicture } from "./picture-job.js";
import { PictureList, type ListOwner } from "./picture-list.js";
import { PicturePanels, type PanelsOwner } from "./picture-panels.js";
import { PictureReports, type ReportedTab } from "./picture-reports.js";
import type { InterruptedPictures, PictureStorage } from "./picture-resume.js";
import { jobChoices, pictureStatus } from "./picture-state.js";
import { runsWithText } from "./picture-words.js";
import { MAX_PREVIEW_PIXELS } from "./preview.js";
import { jobText } from "./progress-text.js";
import type { QueueEntry } from "./queue-entry.js";
import { QueueKeeper } from "./queue-keeper.js";
import { saveJob } from "./save-pictures.js";
import { tileWorkload } from "./tile-workload.js";
import { UpscaleSession } from "./upscale-session.js";

/**
 * The tab "Enlarge a picture": connects its panels with a sharder and its session. Lives as long as the element is in
 * the page.
 */
export class PageView implements PanelsOwner, ReportedTab, ListOwner, JobView {
  readonly #toModel: (files: readonly File[]) => void;
  readonly #signal: AbortSignal;
  readonly #storage: PictureStorage;
  readonly #keeper: QueueKeeper;
  readonly #reports: PictureReports;
  readonly #following: FollowedSharder;
  readonly #update = perFrame(() => this.#updateNow(), TEXT_INTERVAL_MS);
  readonly #panels = new PicturePanels(this);
  #sharder: Sharder | undefined;
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
    this.#toModel = toModel;
    this.#signal = signal;
    this.#storage = storage;
    this.#keeper = new QueueKeeper(storage, () => this.update());
    const { dashboard, log, input } = this.#panels;
    this.#reports = new PictureReports(host, this.#panels, this);
    this.#following = new FollowedSharder({ dashboard, log, one: "tile", update: this.#update }, signal);
    input.listen(host, isShown, signal);
    this.#updateNow();
  }

  get roots(): readonly HTMLElement[] {
    return this.#panels.roots;
  }

  /** What is shown until there is a sharder. */
  get loading(): LoadingState {
    return this.#panels.loading;
  }

  get status(): JobStatus {
    return pictureStatus(this.#session, this.loading, this.#sharder);
  }

  get sharder(): Sharder | undefined {
    return this.#sharder;
  }

  get session(): UpscaleSession | undefined {
    return this.#session;
  }

  get list(): PictureList | undefined {
    return this.#list;
  }

  run(picture?: Blob): void {
    if (picture !== undefined) {
      this.choose([{ blob: picture, name: picture instanceof File ? picture.name : "picture" }]);
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

  runAgain(): void {
    this.run();
  }

  togglePause(): void {
    if (this.#session?.job?.status === "paused") this.resume();
    else this.pause();
  }

  repeat(isOn: boolean): void {
    this.#list?.repeat(isOn);
  }

  toModel(files: readonly File[]): void {
    this.#toModel(files);
  }

  /** @param model its address, where that is known. */
  start(sharder: Sharder, tileSize: number | undefined, model: string | undefined): void {
    this.#sharder = sharder;
    this.#model = model;
    const { settings: panel } = this.#panels.dashboard;
    panel.useTileSize(tileSize);
    const sizes = {
      // Read for each picture.
      get tileSize(): number | undefined {
        return panel.settings.tileSize;
      },
      maxPreviewPixels: MAX_PREVIEW_PIXELS,
    };
    this.#session = new UpscaleSession(sharder, sizes, this.#storage.journal, this.#reports);
    const { preview, saving } = this.#panels;
    this.#list = new PictureList(this.#session, this.#keeper, preview, saving, this, this.#signal);
    this.#panels.list.replaceChildren(this.#list.panel.root);
    this.#follow(sharder);
    tickWhile(() => this.#session?.isActive === true, this.#update, this.#signal);
    this.loading.ready();
    if (this.#waiting.length > 0) this.choose(this.#waiting);
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
    if (this.#session?.job === undefined && this.#panels.offer.root.hidden)
      this.choose([{ ...sample, isSample: true }]);
  }

  /** Offer to resume the pictures that were being enlarged when the page was closed, if there are any. Never rejects. */
  async offerInterrupted(): Promise<void> {
    const found = await this.#keeper.find();
    if (found === undefined || this.#signal.aborted || this.#session?.job !== undefined) return;
    const choices = { resume: () => this.#restore(found), startOver: () => void this.#startOver(found) };
    this.#panels.offer.show(found.text, choices, found.verb);
  }

  note(text: string): void {
    this.#panels.log.add(text);
  }

  refuse(title: string, reason: string): void {
    this.#panels.refuse(title, reason);
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
    this.#panels.preview.close();
    this.#keeper.close();
  }

  opened(picture: PictureInProgress): void {
    this.#workload = tileWorkload(this.#sharder?.model, this.#model, picture);
  }

  update(): void {
    this.#update();
  }

  onLook({ size }: QueueEntry): void {
    // What of its file was lost was said when it was opened.
    this.#panels.caption.show({ size, colourSpace: "srgb", losses: [] }, this.scale);
  }

  onCleared(): void {
    this.#panels.input.focus();
  }

  get scale(): number {
    return Number(this.#sharder?.model.userDefinedMetadata["scale"] ?? 1);
  }

  #restore(found: InterruptedPictures): void {
    this.#panels.offer.hide();
    this.#begin(() => this.#list?.restore(found));
  }

  async #startOver({ entries }: InterruptedPictures): Promise<void> {
    this.#panels.offer.hide();
    await this.attempt("The journal could not be deleted", () => this.#keeper.discardTiles());
    if (!this.#signal.aborted) this.choose(entries.map(({ picture }) => picture));
  }

  /** Only the tab that writes the journal keeps the pictures. */
  #onJournal(name: string, state: JournalState): void {
    const isOpen = state === "started" || state === "resumed" || state === "replaced";
    if (isOpen && name === this.#storage.journal) this.#list?.onRecorded();
  }

  choose(pictures: readonly ChosenPicture[]): void {
    this.#panels.offer.hide();
    this.#waiting = this.#list === undefined ? pictures : [];
    this.loading.begin();
    this.#begin(() => this.#list?.take(pictures));
  }

  /** A new attempt makes the previous notice obsolete. */
  #begin(start: () => void): void {
    if (this.#session !== undefined) this.#panels.notice.hide();
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

  save(): void {
    void this.#save();
  }

  async #save(): Promise<void> {
    const job = this.#session?.shown;
    if (job?.result === undefined || this.#isSaving) return;
    this.#isSaving = true;
    this.#update();
    const { encoding } = this.#panels.saving;
    await this.attempt(`${job.picture.name} could not be saved`, async () => {
      await saveJob(job, this.scale, encoding);
      this.#list?.onSaved(job);
    });
    this.#isSaving = false;
    this.#update();
  }

  #updateNow(): void {
    if (this.#signal.aborted) return;
    const { job: panel, saving, dashboard, loading } = this.#panels;
    const job = this.#session?.job;
    const text = job === undefined ? loading.text : jobText(job, this.scale, dashboard.numbers);
    const choices = jobChoices(this.#session, this.#list?.queue, loading);
    panel.update(text, choices, runsWithText(this.#model, this.#sharder?.workers ?? []));
    saving.update(this.#session?.shown?.result !== undefined, this.#isSaving);
    this.#list?.updatePanel();
    dashboard.update();
  }
}
