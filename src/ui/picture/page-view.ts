import type { PictureEncoding, PictureInProgress, Sharder } from "../../index.js";
import { FollowedSharder } from "../dashboard/followed-sharder.js";
import type { Division, Workload } from "../dashboard/host.js";
import type { JobStatus, JobView } from "../job-view.js";
import { failureText } from "../parts/failure-text.js";
import { perTextFrame } from "../parts/frame.js";
import { tickWhile } from "../parts/tick.js";
import { UNKNOWN_MODEL } from "../speed/speed-text.js";
import { InterruptedList } from "./interrupted-list.js";
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
import { PictureSaving } from "./picture-saving.js";
import { tileWorkload } from "./tile-workload.js";
import { UpscaleSession } from "./upscale-session.js";

/**
 * The tab "Enlarge a picture": connects its panels with a sharder and its session. Lives as long as the element is in
 * the page.
 */
export class PageView implements PanelsOwner, ReportedTab, ListOwner, JobView {
  readonly toModel: (files: readonly File[]) => void;
  readonly #signal: AbortSignal;
  readonly #storage: PictureStorage;
  readonly #keeper: QueueKeeper;
  readonly #reports: PictureReports;
  readonly #following: FollowedSharder;
  readonly #interrupted: InterruptedList;
  readonly #saving = new PictureSaving(this);
  readonly #update = perTextFrame(() => this.#updateNow());
  readonly #panels = new PicturePanels(this);
  readonly roots = this.#panels.roots;
  /** What is shown until there is a sharder. */
  readonly loading = this.#panels.loading;
  sharder: Sharder | undefined;
  session: UpscaleSession | undefined;
  list: PictureList | undefined;
  /** @see DashboardHost.workload */
  workload: Workload | undefined;
  /** Set by whoever makes the sharders, before `start`; `undefined` for a sharder of the host's own. @see DashboardHost.division */
  division: Division | undefined;
  /** Chosen while the model was still loading. */
  #waiting: readonly ChosenPicture[] = [];
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
    this.toModel = toModel;
    this.#signal = signal;
    this.#storage = storage;
    this.#keeper = new QueueKeeper(storage, () => this.update());
    const { dashboard, log, input } = this.#panels;
    this.#reports = new PictureReports(host, this.#panels, this);
    this.#following = new FollowedSharder({ dashboard, log, one: "tile", update: this.#update }, signal);
    this.#interrupted = new InterruptedList(this.#panels.offer, this.#keeper, this);
    input.listen(host, isShown, signal);
    this.#updateNow();
  }

  get status(): JobStatus {
    return pictureStatus(this.session, this.loading, this.sharder);
  }

  run(picture?: Blob): void {
    if (picture !== undefined) {
      this.choose([{ blob: picture, name: picture instanceof File ? picture.name : "picture" }]);
    } else if (this.loading.isHeldBack) this.loading.begin();
    else this.#begin(() => this.list?.queue.startAgain());
  }

  pause(): void {
    this.session?.pause();
  }

  resume(): void {
    this.session?.resume();
  }

  cancel(): void {
    this.list?.queue.cancel();
  }

  repeat(isOn: boolean): void {
    this.list?.repeat(isOn);
  }

  /** @param model its address, where that is known. */
  start(sharder: Sharder, tileSize: number | undefined, model: string | undefined): void {
    this.sharder = sharder;
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
    this.session = new UpscaleSession(sharder, sizes, this.#storage.journal, this.#reports);
    const { preview, saving } = this.#panels;
    this.list = new PictureList(this.session, this.#keeper, preview, saving, this, this.#signal);
    this.#panels.list.replaceChildren(this.list.panel.root);
    this.#follow(sharder);
    tickWhile(() => this.session?.isActive === true, this.#update, this.#signal);
    this.loading.ready();
    if (this.#waiting.length > 0) this.choose(this.#waiting);
  }

  /** Show what this sharder does, and no longer what the one before does. */
  #follow(sharder: Sharder): void {
    this.list?.follow(sharder, this.#storage.journal, this.#following.follow(sharder));
  }

  /** Enlarge the sample, unless the user has already chosen a picture or may want to resume one. */
  offerSample(sample: ChosenPicture): void {
    if (this.session?.job === undefined && this.#panels.offer.root.hidden) this.choose([{ ...sample, isSample: true }]);
  }

  /** Offer to resume the pictures that were being enlarged when the page was closed, if there are any. Never rejects. */
  offerInterrupted(): Promise<void> {
    return this.#interrupted.show(this.#signal);
  }

  note(text: string): void {
    this.#panels.log.add(text);
  }

  fail(title: string, message: string): void {
    this.#panels.refuse(title, message);
  }

  get isBusy(): boolean {
    return this.session?.isActive ?? false;
  }

  /** Use another sharder from now on, also for the picture that is being enlarged: that begins again. */
  exchange(sharder: Sharder): void {
    this.sharder = sharder;
    this.#follow(sharder);
    this.session?.use(sharder);
    this.list?.queue.onWorker();
  }

  stopRepeating(): void {
    this.list?.repeat(false);
  }

  get whyUnmeasured(): string | undefined {
    return this.sharder !== undefined && this.#model === undefined ? UNKNOWN_MODEL : undefined;
  }

  close(): void {
    this.session?.close();
    this.#panels.preview.close();
    this.#keeper.close();
  }

  opened(picture: PictureInProgress): void {
    this.workload = tileWorkload(this.sharder?.model, this.#model, picture);
  }

  get isPaused(): boolean {
    return this.session?.job?.status === "paused";
  }

  get encoding(): PictureEncoding {
    return this.#panels.saving.encoding;
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
    return Number(this.sharder?.model.userDefinedMetadata["scale"] ?? 1);
  }

  restore(found: InterruptedPictures): void {
    this.#begin(() => this.list?.restore(found));
  }

  choose(pictures: readonly ChosenPicture[]): void {
    this.#panels.offer.hide();
    this.#waiting = this.list === undefined ? pictures : [];
    this.loading.begin();
    this.#begin(() => this.list?.take(pictures));
  }

  /** A new attempt makes the previous notice obsolete. */
  #begin(start: () => void): void {
    if (this.session !== undefined) this.#panels.notice.hide();
    start();
  }

  async attempt(what: string, action: () => Promise<unknown> | undefined): Promise<void> {
    try {
      await action();
    } catch (thrown) {
      if (!this.#signal.aborted) this.fail(what, failureText(thrown));
    }
    this.#update();
  }

  save(): void {
    void this.#saving.save();
  }

  #updateNow(): void {
    if (this.#signal.aborted) return;
    const { job: panel, saving, dashboard, loading } = this.#panels;
    const job = this.session?.job;
    const text = job === undefined ? loading.text : jobText(job, this.scale, dashboard.numbers);
    const choices = jobChoices(this.session, this.list?.queue, loading);
    panel.update(text, choices, runsWithText(this.#model, this.sharder?.workers ?? []));
    saving.update(this.session?.shown?.result !== undefined, this.#saving.isSaving);
    this.list?.updatePanel();
    dashboard.update();
  }
}
