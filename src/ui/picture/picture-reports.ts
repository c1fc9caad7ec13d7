import type { PictureInProgress, PlacedTile, ShardError, Sharder } from "../../index.js";
import { reportDone, reportError } from "../element-events.js";
import { formatCount } from "../parts/format.js";
import type { PictureJob } from "./picture-job.js";
import type { PictureList } from "./picture-list.js";
import type { PicturePanels } from "./picture-panels.js";
import { resultText } from "./progress-text.js";
import type { SessionListener, UpscaleSession } from "./upscale-session.js";

/** The tab that the reports are for, as it is at present. */
export interface ReportedTab {
  readonly sharder: Sharder | undefined;
  readonly session: UpscaleSession | undefined;
  readonly list: PictureList | undefined;
  readonly scale: number;
  /** This picture is being enlarged. */
  opened(picture: PictureInProgress): void;
  update(): void;
}

/** Shows, logs and emits what becomes of the pictures. */
export class PictureReports implements SessionListener {
  readonly #host: HTMLElement;
  readonly #panels: PicturePanels;
  readonly #tab: ReportedTab;

  /** @param host emits the events. */
  constructor(host: HTMLElement, panels: PicturePanels, tab: ReportedTab) {
    this.#host = host;
    this.#panels = panels;
    this.#tab = tab;
  }

  onOpen(job: PictureJob, opened: PictureInProgress): void {
    const { scale, list, sharder } = this.#tab;
    const { preview, caption, log } = this.#panels;
    preview.open(opened, job.picture.name, scale);
    caption.show(job, scale);
    list?.onOpen(job, opened);
    this.#tab.opened(opened);
    const { width, height, tileCount } = opened;
    const workers = sharder?.workers.filter(({ state }) => state !== "dead") ?? [];
    log.add(
      `${job.picture.name}, ${width} × ${height}: ${formatCount(tileCount, "tile")} for ${formatCount(workers.length, "worker")}`,
    );
  }

  onTile(job: PictureJob, tile: PlacedTile<ImageBitmap>, workerId: string): void {
    if (this.#isFollowed(job)) this.#panels.preview.addTile(tile, this.#panels.colours.of(workerId));
    else tile.bitmap.close();
    this.#tab.update();
  }

  onEnd(job: PictureJob, error: ShardError | undefined): void {
    const { name } = job.picture;
    const { log, preview } = this.#panels;
    const { list, scale } = this.#tab;
    const isDone = job.status === "done";
    if (this.#isFollowed(job)) preview.end(isDone);
    if (job.status === "stalled") log.add(`${name} waits for a worker`, "fault");
    else if (error === undefined) log.add(isDone ? `${name} done: ${resultText(job, scale)}` : `${name} cancelled`);
    else if (list?.queue.isList === true) log.add(`${name} could not be enlarged: ${error.message}`, "fault");
    else this.#panels.refuse(`${name} could not be enlarged`, error.message);
    if (error !== undefined) reportError(this.#host, { job: "picture", error });
    else if (isDone) {
      const { tileCount: itemCount, stopwatch } = job;
      reportDone(this.#host, { job: "picture", itemCount, durationMs: stopwatch.elapsedMs });
    }
    list?.onEnd(job, error);
  }

  onChange(): void {
    this.#tab.update();
  }

  /** Whether the preview shows this job. */
  #isFollowed(job: PictureJob): boolean {
    return job === this.#tab.session?.shown && this.#tab.list?.isFollowing === true;
  }
}
