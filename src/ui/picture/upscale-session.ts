import {
  ShardError,
  upscalePicture,
  type PictureInProgress,
  type PlacedTile,
  type Sharder,
  type UpscaleOptions,
} from "../../index.js";
import { failureText } from "../parts/failure-text.js";
import { unlessEnded } from "../parts/unless-ended.js";
import { PictureJob, type ChosenPicture } from "./picture-job.js";
import { pictureJournal } from "./picture-resume.js";

export type SessionSizes = Required<Pick<UpscaleOptions, "tileSize" | "maxPreviewPixels">>;

/** What the session reports to the page. */
export interface SessionListener {
  /** The picture has been decoded and replaces the previous one. The listener closes `preview`. */
  onOpen(job: PictureJob, opened: PictureInProgress): void;
  /** The listener closes the bitmap. */
  onTile(job: PictureJob, tile: PlacedTile<ImageBitmap>, workerId: string): void;
  /** The job is done, was cancelled, has failed or waits for a worker; `error` is set in the last two cases. */
  onEnd(job: PictureJob, error: ShardError | undefined): void;
  /** The job's status has changed, or another job is current. */
  onChange(): void;
}

/**
 * Enlarges the user's pictures on one sharder, one at a time. A new picture replaces the current one only once it is
 * decoded, so a file that is not a picture interrupts nothing.
 */
export class UpscaleSession {
  #sharder: Sharder;
  readonly #sizes: SessionSizes;
  readonly #journal: string;
  readonly #listener: SessionListener;
  /** The picture that is shown, whether it is running or has ended. */
  #current: PictureJob | undefined;
  /** The next picture, while it is being decoded. */
  #opening: PictureJob | undefined;

  /** @param journal name of the one that finished tiles are recorded in. */
  constructor(sharder: Sharder, sizes: SessionSizes, journal: string, listener: SessionListener) {
    this.#sharder = sharder;
    this.#sizes = sizes;
    this.#journal = journal;
    this.#listener = listener;
  }

  /** Run on another sharder from now on. The present job is cancelled. */
  use(sharder: Sharder): void {
    this.cancel();
    this.#sharder = sharder;
  }

  /** The job whose progress is shown. */
  get job(): PictureJob | undefined {
    return this.#opening ?? this.#current;
  }

  /** The job whose picture is shown; it can be saved if it has a result. */
  get shown(): PictureJob | undefined {
    return this.#current;
  }

  get isActive(): boolean {
    return this.job?.isActive ?? false;
  }

  start(picture: ChosenPicture): PictureJob {
    this.#opening?.controller.abort();
    const job = new PictureJob(picture);
    this.#opening = job;
    this.#listener.onChange();
    void this.#run(job);
    return job;
  }

  pause(): void {
    const job = this.#current;
    if (job?.status !== "running" || !unlessEnded(() => this.#sharder.pause())) return;
    job.status = "paused";
    job.stopwatch.stop();
    this.#listener.onChange();
  }

  resume(): void {
    const job = this.#current;
    if (job?.status !== "paused" || !unlessEnded(() => this.#sharder.resume())) return;
    job.status = "running";
    job.stopwatch.resume();
    this.#listener.onChange();
  }

  cancel(): void {
    this.#opening?.controller.abort();
    this.#cancelCurrent();
  }

  /** Cancels the current job and frees the pixels. The sharder stays the caller's. */
  close(): void {
    this.cancel();
    this.#current?.close();
  }

  async #run(job: PictureJob): Promise<void> {
    const { signal } = job.controller;
    try {
      const result = await upscalePicture(this.#sharder, job.picture.blob, {
        ...this.#sizes,
        signal,
        journal: pictureJournal(this.#journal, job.picture),
        onOpen: (opened) => this.#opened(job, opened),
        onTile: (tile, workerId) => this.#placed(job, tile, workerId),
      });
      if (signal.aborted) result.close();
      else job.result = result;
      this.#endPause(job);
      job.end(signal.aborted ? "cancelled" : "done");
      this.#settle(job, undefined);
    } catch (thrown) {
      this.#endPause(job);
      const error = asShardError(thrown);
      job.end(signal.aborted ? "cancelled" : error.code === "no-workers" ? "stalled" : "failed");
      this.#settle(job, signal.aborted ? undefined : error);
    }
  }

  #settle(job: PictureJob, error: ShardError | undefined): void {
    if (this.#opening === job) this.#opening = undefined;
    this.#listener.onEnd(job, error);
    this.#listener.onChange();
  }

  #opened(job: PictureJob, opened: PictureInProgress): void {
    this.#cancelCurrent();
    this.#current?.close();
    this.#current = job;
    this.#opening = undefined;
    job.status = "running";
    job.size = { width: opened.width, height: opened.height };
    job.tileCount = opened.tileCount;
    job.colourSpace = opened.colourSpace;
    job.losses = opened.losses;
    this.#listener.onOpen(job, opened);
    this.#listener.onChange();
  }

  #placed(job: PictureJob, tile: PlacedTile<ImageBitmap>, workerId: string): void {
    if (job.controller.signal.aborted) return tile.bitmap.close();
    job.countTile(workerId);
    this.#listener.onTile(job, tile, workerId);
  }

  #cancelCurrent(): void {
    const job = this.#current;
    if (job === undefined || !job.isActive) return;
    this.#endPause(job);
    job.controller.abort();
  }

  /** A pause of the sharder outlasts a job that ends during it, and would block the next one. */
  #endPause(job: PictureJob): void {
    if (job.status === "paused" && !job.controller.signal.aborted) unlessEnded(() => this.#sharder.resume());
  }
}

function asShardError(thrown: unknown): ShardError {
  if (thrown instanceof ShardError) return thrown;
  return new ShardError(
    "internal",
    `Expected the picture to be enlarged, received an unexpected error (${failureText(thrown)}): reload the page and try again.`,
    { cause: thrown },
  );
}
