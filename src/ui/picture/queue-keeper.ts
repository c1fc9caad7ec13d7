import { deleteJournal } from "../../index.js";
import { formatBytes } from "../parts/format.js";
import { MAX_KEPT_BYTES } from "../parts/kept-job.js";
import type { PictureJob } from "./picture-job.js";
import { describeInterrupted, type InterruptedPictures, type PictureStorage } from "./picture-resume.js";
import type { QueueEntry } from "./queue-entry.js";
import { QueueStore, type KeepOutcome } from "./queue-store.js";

const WORDS: Readonly<Record<KeepOutcome, string>> = {
  kept: "The list is kept: if this tab is closed, it can be resumed.",
  "too-large": `The list is not kept for a reload, since its files have more than ${formatBytes(MAX_KEPT_BYTES)}.`,
  "other-tab": "The list is not kept for a reload, since another tab keeps one.",
  "no-room": "The list is not kept for a reload, since the browser has no room for it.",
};

/** Keeps the pictures of this tab from the moment their results are being recorded, so that a reload can resume them. */
export class QueueKeeper {
  readonly #store: QueueStore;
  readonly #journal: string;
  readonly #onNotice: () => void;
  #isKeeping = false;
  #tileCount: number | undefined;
  #notice = "";

  constructor({ cache, journal }: PictureStorage, onNotice: () => void) {
    this.#store = new QueueStore(cache);
    this.#journal = journal;
    this.#onNotice = onNotice;
  }

  /** Whether the list survives a reload, in words. */
  get notice(): string {
    return this.#notice;
  }

  /** A journal has been opened for this job. */
  onRecorded(job: PictureJob, entries: readonly QueueEntry[]): void {
    job.isRecorded = true;
    if (job.picture.isSample === true) return;
    this.#isKeeping = true;
    this.#tileCount = job.tileCount;
    this.update(entries);
  }

  /** The entries have changed. */
  update(entries: readonly QueueEntry[]): void {
    if (!this.#isKeeping) return;
    void this.#store.keep(entries, this.#tileCount).then((outcome) => {
      this.#notice = WORDS[outcome];
      this.#onNotice();
    });
  }

  keepResult({ id }: QueueEntry, png: Blob): Promise<Blob> {
    return this.#isKeeping ? this.#store.keepResult(id, png) : Promise.resolve(png);
  }

  /** Nothing would be lost by a reload from now on. */
  forget(): void {
    if (this.#isKeeping) void this.#store.forget();
    this.#isKeeping = false;
    this.#notice = "";
  }

  /** What the last page has left. Never rejects. */
  async find(): Promise<InterruptedPictures | undefined> {
    const kept = await this.#store.find();
    const found = kept && (await describeInterrupted(kept, this.#journal));
    this.#isKeeping = found !== undefined;
    this.#tileCount = kept?.tileCount;
    return found;
  }

  /** Forget the tiles that are done. @throws ShardError */
  async discardTiles(): Promise<void> {
    await deleteJournal(this.#journal);
  }

  close(): void {
    this.#store.close();
  }
}
