import type { ShardError } from "../../index.js";
import { failureText } from "../parts/failure-text.js";
import type { ChosenPicture, PictureJob } from "./picture-job.js";
import { countEntries, QueueEntry } from "./queue-entry.js";
import type { UpscaleSession } from "./upscale-session.js";

/** What the queue needs of its owner. */
export interface QueueOwner {
  /** An entry, or which entries there are, has changed. */
  onQueue(): void;
  /** Keep a finished result where it survives a reload, if that is possible. @returns the blob to use from now on. */
  keepResult(entry: QueueEntry, png: Blob): Promise<Blob>;
}

/**
 * The pictures to enlarge, one after another. A single picture is replaced by the next one; several make a list, to which later ones are
 * added. A picture that fails stops nothing. Without workers it waits, and goes on with the picture that it was at.
 */
export class PictureQueue {
  readonly #session: UpscaleSession;
  readonly #owner: QueueOwner;
  #entries: QueueEntry[] = [];
  /** Unlike any of an earlier page, whose files may still be kept. */
  #nextId = Date.now();
  #isList = false;
  readonly #entryOf = new WeakMap<PictureJob, QueueEntry>();
  /** Waits for a worker. */
  #stalled: { readonly entry: QueueEntry; readonly job: PictureJob } | undefined;
  #isStopped = false;
  /** Start over at the end. */
  isRepeating = false;
  /** The last result that is being encoded. The one after the next picture waits for it, so that memory stays bounded. */
  #encoding: Promise<void> = Promise.resolve();

  constructor(session: UpscaleSession, owner: QueueOwner) {
    this.#session = session;
    this.#owner = owner;
  }

  get entries(): readonly QueueEntry[] {
    return this.#entries;
  }

  /** Whether several pictures were taken, and not cleared since. */
  get isList(): boolean {
    return this.#isList;
  }

  /** Whether the picture waits for a worker. */
  get isStalled(): boolean {
    return this.#stalled !== undefined;
  }

  /** Whether something is left that could be started now. */
  get canStart(): boolean {
    return !this.#session.isActive && !this.isStalled && this.#entries.length > 0;
  }

  /** Whether a list was stopped before its end. */
  get isUnfinished(): boolean {
    return this.isList && this.#entries.some(({ state }) => state === "waiting" || state === "running");
  }

  take(pictures: readonly ChosenPicture[]): void {
    const [first] = pictures;
    if (first === undefined) return;
    const isAppended = this.#isList;
    const added = pictures.map((picture) => new QueueEntry(this.#nextId++, picture));
    // A single picture takes the place of the present one once it is decoded: it may not be a picture at all.
    if (isAppended) this.#entries.push(...added);
    else if (added.length > 1 || this.#entries.length === 0) this.#entries = added;
    this.#isList ||= added.length > 1;
    this.#isStopped = false;
    if (isAppended) this.#startNext();
    else this.#start(added[0]!);
    this.#owner.onQueue();
  }

  /** Put back what a reload, or the end of a sharder, has interrupted, and go on. */
  restore(entries: readonly QueueEntry[]): void {
    this.#entries = [...entries];
    for (const entry of entries) if (entry.state === "running") entry.state = "waiting";
    this.#isList = entries.length > 1;
    this.#isStopped = false;
    this.#owner.onQueue();
    this.#startNext();
  }

  /** The rest of a list that was stopped; otherwise everything once more. */
  startAgain(): void {
    if (!this.canStart) return;
    this.#isStopped = false;
    if (!this.#entries.some(({ state }) => state === "waiting")) {
      for (const entry of this.#entries) reset(entry);
    }
    this.#startNext();
  }

  /** Stop after all that is finished. */
  cancel(): void {
    this.#isStopped = true;
    this.isRepeating = false;
    this.#stalled?.job.end("cancelled");
    this.#stalled = undefined;
    this.#session.cancel();
    this.#owner.onQueue();
  }

  /** Take a picture off the list; if it is being enlarged, the next one follows. */
  remove(entry: QueueEntry): void {
    this.#entries = this.#entries.filter((each) => each !== entry);
    this.#isList &&= this.#entries.length > 0;
    if (this.#stalled?.entry === entry) {
      this.#stalled.job.end("cancelled");
      this.#stalled = undefined;
      // Without workers, the next one waits in its place.
      this.#startNext();
    } else if (entry.state === "running") this.#session.cancel();
    this.#owner.onQueue();
  }

  /** Forget the list. The picture on show stays. */
  clear(): void {
    this.cancel();
    this.#entries = [];
    this.#isList = false;
    this.#owner.onQueue();
  }

  /** A worker has become ready. */
  onWorker(): void {
    if (this.#stalled !== undefined) this.#start(this.#stalled.entry);
  }

  /** The picture of this job is decoded. */
  onOpen(job: PictureJob): void {
    const entry = this.#entryOf.get(job);
    if (entry === undefined) return;
    if (!this.#isList) this.#entries = [entry];
    entry.size = job.size;
    this.#owner.onQueue();
  }

  onEnd(job: PictureJob, error: ShardError | undefined): void {
    const entry = this.#entryOf.get(job);
    if (entry === undefined) return;
    entry.state = job.status === "done" ? "done" : job.status === "failed" ? "failed" : "waiting";
    entry.reason = job.status === "failed" ? (error?.message ?? "") : "";
    const before = this.#encoding;
    if (job.status === "done" && this.#isList) this.#encoding = this.#keep(entry, job);
    if (job.status === "stalled" && this.#entries.includes(entry)) this.#stalled = { entry, job };
    this.#owner.onQueue();
    void before.then(() => this.#startNext());
  }

  #startNext(): void {
    // A single picture that is being decoded is not in the list yet.
    if (this.#isStopped || this.isStalled || this.#session.isActive) return;
    if (this.#entries.some(({ state }) => state === "running")) return;
    const next = this.#entries.find(({ state }) => state === "waiting");
    if (next !== undefined) return this.#start(next);
    const { done } = countEntries(this.#entries);
    if (!this.isRepeating || done === 0) return;
    for (const entry of this.#entries) if (entry.state === "done") reset(entry);
    this.#startNext();
  }

  #start(entry: QueueEntry): void {
    entry.state = "running";
    entry.reason = "";
    this.#stalled = undefined;
    this.#entryOf.set(this.#session.start(entry.picture), entry);
    this.#owner.onQueue();
  }

  async #keep(entry: QueueEntry, job: PictureJob): Promise<void> {
    try {
      const png = await job.use((result) => result.toPng());
      if (png === undefined) return;
      entry.result = png;
      // The next pictures need not wait for the disk.
      void this.#owner.keepResult(entry, png).then((stored) => {
        if (entry.result !== png) return;
        entry.result = stored;
        this.#owner.onQueue();
      });
    } catch (thrown) {
      entry.state = "failed";
      entry.reason = failureText(thrown);
    }
    this.#owner.onQueue();
  }
}

function reset(entry: QueueEntry): void {
  entry.state = "waiting";
  entry.reason = "";
  entry.result = undefined;
}
