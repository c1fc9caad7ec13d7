import type { JournalDetail, PictureInProgress, ShardError, Sharder, WorkerDetail } from "../../index.js";
import type { ChosenPicture, PictureJob } from "./picture-job.js";
import { PictureQueue, type QueueOwner } from "./picture-queue.js";
import type { InterruptedPictures } from "./picture-resume.js";
import type { Preview } from "./preview.js";
import type { QueueEntry } from "./queue-entry.js";
import { QueueKeeper } from "./queue-keeper.js";
import { QueuePanel } from "./queue-panel.js";
import type { SaveControls } from "./save-controls.js";
import { saveAll, saveEntry } from "./save-pictures.js";
import { showAgain, storedPicture } from "./show-again.js";
import type { UpscaleSession } from "./upscale-session.js";

/** What the list needs of the tab. */
export interface ListOwner {
  /** Factor by which the model enlarges. */
  readonly scale: number;
  /** Something that is shown has changed. */
  update(): void;
  /** Do something that may fail, and say so. @param what is said then. */
  attempt(what: string, action: () => Promise<unknown> | undefined): Promise<void>;
  /** Another picture of the list is shown. */
  onLook(entry: QueueEntry): void;
  /** The list was cleared, and with it the button that had the focus. */
  onCleared(): void;
}

/** The pictures of the tab: their queue, what is kept of them, and the panel that lists several. */
export class PictureList implements QueueOwner {
  readonly panel: QueuePanel;
  readonly #queue: PictureQueue;
  readonly #keeper: QueueKeeper;
  readonly #session: UpscaleSession;
  readonly #preview: Preview;
  readonly #saving: SaveControls;
  readonly #owner: ListOwner;
  readonly #signal: AbortSignal;
  /** The picture that is being enlarged, while it can be drawn. */
  #opened: PictureInProgress | undefined;
  /** While another picture of the list is looked at than the one that is being enlarged. */
  #looking: AbortController | undefined;
  /** Pictures that are in the archive so far, while one is made. */
  #packedCount: number | undefined;

  /** @param signal aborts when the element leaves the page. */
  constructor(
    session: UpscaleSession,
    keeper: QueueKeeper,
    preview: Preview,
    saving: SaveControls,
    owner: ListOwner,
    signal: AbortSignal,
  ) {
    this.#session = session;
    this.#keeper = keeper;
    this.#preview = preview;
    this.#saving = saving;
    this.#owner = owner;
    this.#signal = signal;
    this.#queue = new PictureQueue(session, this);
    this.panel = new QueuePanel({
      show: (entry) => void this.#show(entry),
      save: (entry) => void this.#save(entry),
      remove: (entry) => {
        this.#queue.remove(entry);
        // At once, so that a second press can't be lost on a row that is already gone.
        this.updatePanel();
      },
      scale: () => owner.scale,
      saveAll: () => void this.#saveAll(),
      clear: () => this.#clear(),
    });
  }

  get queue(): PictureQueue {
    return this.#queue;
  }

  /** Whether the preview shows the picture that is being enlarged. */
  get isFollowing(): boolean {
    return this.#looking === undefined;
  }

  take(pictures: readonly ChosenPicture[]): void {
    this.#queue.take(pictures);
  }

  restore({ entries }: InterruptedPictures): void {
    this.#queue.restore(entries);
  }

  /** Turn the repetition on, which starts it, or off. */
  repeat(isOn: boolean): void {
    this.#queue.isRepeating = isOn;
    if (isOn && !this.#queue.isUnfinished) this.#queue.startAgain();
    this.#owner.update();
  }

  /**
   * Go on with what waits once a worker is ready, and keep the pictures once a journal is opened for the current one: only the tab that writes
   * the journal keeps them.
   * @param journal its name.
   */
  follow(sharder: Sharder, journal: string, signal: AbortSignal): void {
    const onWorker = ({ detail }: CustomEvent<WorkerDetail>): void => {
      if (detail.state === "ready") this.#queue.onWorker();
    };
    const onJournal = ({ detail: { name, state } }: CustomEvent<JournalDetail>): void => {
      const isOpen = state === "started" || state === "resumed" || state === "replaced";
      const job = this.#session.shown;
      if (isOpen && name === journal && job?.isActive === true) this.#keeper.onRecorded(job, this.#queue.entries);
    };
    sharder.addEventListener("worker", onWorker, { signal });
    sharder.addEventListener("journal", onJournal, { signal });
  }

  onOpen(job: PictureJob, opened: PictureInProgress): void {
    this.#looking?.abort();
    this.#looking = undefined;
    this.#opened = opened;
    this.#queue.onOpen(job);
  }

  onEnd(job: PictureJob, error: ShardError | undefined): void {
    // After a failure, a reload may help. A list is kept until it is cleared.
    if (error === undefined && !this.#queue.isList) this.#keeper.forget();
    this.#queue.onEnd(job, error);
  }

  onQueue(): void {
    this.#keeper.update(this.#queue.entries);
    this.#owner.update();
  }

  keepResult(entry: QueueEntry, png: Blob): Promise<Blob> {
    return this.#keeper.keepResult(entry, png);
  }

  updatePanel(): void {
    const { entries, isList } = this.#queue;
    this.panel.update(entries, isList, this.#keeper.notice, this.#packedCount);
  }

  #clear(): void {
    this.#queue.clear();
    this.#keeper.forget();
    this.#owner.onCleared();
  }

  async #show(entry: QueueEntry): Promise<void> {
    const { name } = entry.picture;
    const { scale } = this.#owner;
    const isRunning = entry.state === "running";
    const picture = isRunning ? this.#opened : storedPicture(entry, scale);
    if (picture === undefined) return;
    this.#looking?.abort();
    const looking = new AbortController();
    this.#looking = looking;
    await this.#owner.attempt(`${name} could not be shown`, () =>
      showAgain(this.#preview, picture, name, scale, looking.signal),
    );
    if (this.#looking === looking) this.#owner.onLook(entry);
    // From here on, new tiles are drawn again.
    if (isRunning && this.#looking === looking) this.#looking = undefined;
  }

  #save(entry: QueueEntry): Promise<void> {
    return this.#owner.attempt(`${entry.picture.name} could not be saved`, () =>
      saveEntry(entry, this.#owner.scale, this.#saving.encoding),
    );
  }

  async #saveAll(): Promise<void> {
    if (this.#packedCount !== undefined) return;
    const show = (count: number | undefined): void => {
      this.#packedCount = count;
      this.#owner.update();
    };
    show(0);
    await this.#owner.attempt("The archive could not be made", () =>
      saveAll(this.#queue.entries, this.#owner.scale, this.#saving.encoding, show, this.#signal),
    );
    show(undefined);
  }
}
