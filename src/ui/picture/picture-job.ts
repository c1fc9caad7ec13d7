import type { PictureLoss, PictureColourSpace, UpscaledPicture } from "../../index.js";
import { Stopwatch } from "../parts/stopwatch.js";

/** "stalled": no worker is left; it goes on once one has been added. */
export type JobStatus = "opening" | "running" | "paused" | "stalled" | "done" | "cancelled" | "failed";

/** A picture to enlarge, with its file name. */
export interface ChosenPicture {
  readonly blob: Blob;
  readonly name: string;
  /** Its name with the folders that were chosen or dropped with it: "holidays/day 1/cat.jpg". */
  readonly path?: string | undefined;
  /** The page's own, which needs not be kept. */
  readonly isSample?: boolean;
}

export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

/** One picture that is being enlarged, as the panels show it. Only `UpscaleSession` changes it. */
export class PictureJob {
  readonly picture: ChosenPicture;
  readonly controller = new AbortController();
  /** Time spent on it, without the pauses. */
  readonly stopwatch = new Stopwatch();
  status: JobStatus = "opening";
  /** Of the original picture; `undefined` until it is decoded. */
  size: PictureSize | undefined;
  colourSpace: PictureColourSpace = "srgb";
  losses: readonly PictureLoss[] = [];
  tileCount = 0;
  doneTileCount = 0;
  /** Finished tiles, by worker id. */
  readonly tilesByWorker = new Map<string, number>();
  result: UpscaledPicture | undefined;
  /** Whether finished tiles are in a journal, so that the next run of this picture resumes. */
  isRecorded = false;
  #uses: Promise<unknown>[] = [];

  constructor(picture: ChosenPicture) {
    this.picture = picture;
  }

  get isActive(): boolean {
    return this.status === "opening" || this.status === "running" || this.status === "paused";
  }

  /** Whether it was cancelled, and starting it again resumes it. */
  get isContinuable(): boolean {
    return this.status === "cancelled" && this.isRecorded && this.doneTileCount > 0;
  }

  get fraction(): number {
    return this.tileCount === 0 ? 0 : this.doneTileCount / this.tileCount;
  }

  countTile(workerId: string): void {
    this.doneTileCount++;
    this.tilesByWorker.set(workerId, (this.tilesByWorker.get(workerId) ?? 0) + 1);
  }

  end(status: "stalled" | "done" | "cancelled" | "failed"): void {
    this.status = status;
    this.stopwatch.stop();
  }

  /** Do something with the result, which stays open for so long. */
  async use<T>(act: (result: UpscaledPicture) => Promise<T>): Promise<T | undefined> {
    if (this.result === undefined) return undefined;
    const use = act(this.result);
    this.#uses.push(use.catch(() => {}));
    return use;
  }

  /** Free the result's pixels once nobody uses them any more. */
  close(): void {
    const { result } = this;
    this.result = undefined;
    void Promise.all(this.#uses).then(() => result?.close());
  }
}
