import { ShardError } from "../../core/errors.js";
import { upscalePicture, type UpscaleOptions } from "../../jobs/upscale-picture.js";
import type { OpenedPicture, PlacedTile } from "../../protocol/picture-api.js";
import type { Sharder } from "../../sharder/sharder.js";
import { PictureJob, type ChosenPicture } from "./picture-job.js";

export type SessionSizes = Required<Pick<UpscaleOptions, "tileSize" | "maxPreviewPixels">>;

/** What the session tells the page. */
export interface SessionListener {
  /** The picture could be decoded, and takes the place of the one before. `preview` is the listener's to close. */
  onOpen(job: PictureJob, opened: OpenedPicture<ImageBitmap>): void;
  /** The bitmap is the listener's to close. */
  onTile(job: PictureJob, tile: PlacedTile<ImageBitmap>, workerId: string): void;
  /** It is done, cancelled or failed; `error` only where it failed. */
  onEnd(job: PictureJob, error: ShardError | undefined): void;
  /** Its status, or which job is current, has changed. */
  onChange(): void;
}

/**
 * The pictures that a person asks for on one sharder, one at a time. A new picture takes over once it is decoded:
 * a file that is no picture ends nothing.
 */
export class UpscaleSession {
  readonly #sharder: Sharder;
  readonly #sizes: SessionSizes;
  readonly #listener: SessionListener;
  /** The picture that is shown, running or not. */
  #current: PictureJob | undefined;
  /** The next one, being decoded. */
  #opening: PictureJob | undefined;

  constructor(sharder: Sharder, sizes: SessionSizes, listener: SessionListener) {
    this.#sharder = sharder;
    this.#sizes = sizes;
    this.#listener = listener;
  }

  /** What the progress is shown of. */
  get job(): PictureJob | undefined {
    return this.#opening ?? this.#current;
  }

  /** The one that can be saved, if it has a result. */
  get shown(): PictureJob | undefined {
    return this.#current;
  }

  get isActive(): boolean {
    return this.job?.isActive ?? false;
  }

  start(picture: ChosenPicture): void {
    this.#opening?.controller.abort();
    const job = new PictureJob(picture);
    this.#opening = job;
    this.#listener.onChange();
    void this.#run(job);
  }

  runAgain(): void {
    if (this.#current !== undefined && !this.isActive) this.start(this.#current.picture);
  }

  pause(): void {
    if (this.#current?.status !== "running") return;
    this.#sharder.pause();
    this.#current.status = "paused";
    this.#current.stopwatch.stop();
    this.#listener.onChange();
  }

  resume(): void {
    if (this.#current?.status !== "paused") return;
    this.#sharder.resume();
    this.#current.status = "running";
    this.#current.stopwatch.resume();
    this.#listener.onChange();
  }

  cancel(): void {
    this.#opening?.controller.abort();
    this.#cancelCurrent();
  }

  /** Ends what runs and frees the pixels; the sharder is the caller's. */
  close(): void {
    this.cancel();
    this.#current?.result?.close();
  }

  async #run(job: PictureJob): Promise<void> {
    const { signal } = job.controller;
    try {
      const result = await upscalePicture(this.#sharder, job.picture.blob, {
        ...this.#sizes,
        signal,
        onOpen: (opened) => this.#opened(job, opened),
        onTile: (tile, workerId) => this.#placed(job, tile, workerId),
      });
      if (signal.aborted) result.close();
      else job.result = result;
      this.#endPause(job);
      job.end(signal.aborted ? "cancelled" : "done");
      this.#listener.onEnd(job, undefined);
    } catch (thrown) {
      this.#endPause(job);
      job.end(signal.aborted ? "cancelled" : "failed");
      this.#listener.onEnd(job, signal.aborted ? undefined : asShardError(thrown));
    }
    if (this.#opening === job) this.#opening = undefined;
    this.#listener.onChange();
  }

  #opened(job: PictureJob, opened: OpenedPicture<ImageBitmap>): void {
    this.#cancelCurrent();
    this.#current?.result?.close();
    this.#current = job;
    this.#opening = undefined;
    job.status = "running";
    job.size = { width: opened.width, height: opened.height };
    job.tileCount = opened.tileCount;
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

  /** The sharder's pause outlives a job that ends in it, and would hold the next one. */
  #endPause(job: PictureJob): void {
    if (job.status === "paused" && !job.controller.signal.aborted) this.#sharder.resume();
  }
}

function asShardError(thrown: unknown): ShardError {
  if (thrown instanceof ShardError) return thrown;
  return new ShardError("internal", `Something unforeseen happened: ${String(thrown)}.`, { cause: thrown });
}
