import type { UpscaledPicture } from "../../index.js";
import { Stopwatch } from "../parts/stopwatch.js";

export type JobStatus = "opening" | "running" | "paused" | "done" | "cancelled" | "failed";

/** A picture to enlarge, with its file name. */
export interface ChosenPicture {
  readonly blob: Blob;
  readonly name: string;
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
  tileCount = 0;
  doneTileCount = 0;
  /** Finished tiles, by worker id. */
  readonly tilesByWorker = new Map<string, number>();
  result: UpscaledPicture | undefined;

  constructor(picture: ChosenPicture) {
    this.picture = picture;
  }

  get isActive(): boolean {
    return this.status === "opening" || this.status === "running" || this.status === "paused";
  }

  get fraction(): number {
    return this.tileCount === 0 ? 0 : this.doneTileCount / this.tileCount;
  }

  countTile(workerId: string): void {
    this.doneTileCount++;
    this.tilesByWorker.set(workerId, (this.tilesByWorker.get(workerId) ?? 0) + 1);
  }

  end(status: "done" | "cancelled" | "failed"): void {
    this.status = status;
    this.stopwatch.stop();
  }
}
