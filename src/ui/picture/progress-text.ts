import { formatBytes, formatCount, formatDuration, formatNumber, formatRate, formatTimeLeft } from "../parts/format.js";
import type { LoadingProgress } from "../../sharder/options.js";
import type { PictureJob } from "./picture-job.js";

/** What the progress panel shows. `fraction` is `undefined` where it is not known how far it is. */
export interface ProgressText {
  readonly fraction: number | undefined;
  readonly headline: string;
  readonly detail: string;
}

export function loadingText({ phase, loadedBytes, totalBytes, fraction }: LoadingProgress): ProgressText {
  if (phase === "workers") return { fraction, headline: "Starting the workers", detail: "" };
  const total = totalBytes === undefined ? "" : ` of ${formatBytes(totalBytes)}`;
  return {
    fraction: totalBytes === undefined ? undefined : fraction,
    headline: "Loading the model",
    detail: `${formatBytes(loadedBytes)}${total}`,
  };
}

/** @param tilesPerSecond of all workers together, as measured; `undefined` before that. */
export function jobText(job: PictureJob, scale: number, tilesPerSecond: number | undefined): ProgressText {
  const { picture, tileCount, doneTileCount, fraction } = job;
  const tiles = `${doneTileCount} of ${formatCount(tileCount, "tile")}`;
  switch (job.status) {
    case "opening":
      return { fraction: undefined, headline: `Opening ${picture.name}`, detail: "" };
    case "running": {
      const leftMs = tilesPerSecond === undefined ? undefined : ((tileCount - doneTileCount) / tilesPerSecond) * 1e3;
      const parts = [tiles, formatRate(tilesPerSecond), ...(leftMs === undefined ? [] : [formatTimeLeft(leftMs)])];
      return { fraction, headline: `Enlarging ${picture.name}`, detail: parts.join(" · ") };
    }
    case "paused":
      return { fraction, headline: `Paused: ${picture.name}`, detail: tiles };
    case "cancelled":
      return { fraction, headline: `Cancelled: ${picture.name}`, detail: tiles };
    case "failed":
      return { fraction, headline: `${picture.name} could not be enlarged`, detail: tileCount > 0 ? tiles : "" };
    case "done":
      return { fraction: 1, headline: `Done: ${picture.name}`, detail: resultText(job, scale) };
  }
}

/** "960 × 640 in 2.0 s · 6.0 tiles/s · 0.31 megapixels/s", pauses left out; the megapixels are the result's. */
export function resultText({ size, tileCount, stopwatch }: PictureJob, scale: number): string {
  const { width, height } = size ?? { width: 0, height: 0 };
  const seconds = Math.max(1e-3, stopwatch.elapsedMs / 1e3);
  const megapixelsPerSecond = (width * height * scale * scale) / 1e6 / seconds;
  return [
    `${width * scale} × ${height * scale} in ${formatDuration(stopwatch.elapsedMs)}`,
    formatRate(tileCount / seconds),
    `${formatNumber(megapixelsPerSecond)}\u00a0megapixels/s`,
  ].join(" · ");
}
