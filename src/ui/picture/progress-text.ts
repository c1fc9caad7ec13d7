import { leftText } from "../numbers/left-text.js";
import type { LiveNumbers } from "../numbers/live-numbers.js";
import { formatCount, formatDone, formatDuration, formatNumber, formatRate } from "../parts/format.js";
import type { ProgressText } from "../parts/progress-view.js";
import type { PictureJob } from "./picture-job.js";
import { sizesText } from "./picture-words.js";

/** @param numbers how fast the workers are. */
export function jobText(job: PictureJob, scale: number, numbers: LiveNumbers | undefined): ProgressText {
  const { picture, tileCount, doneTileCount, fraction } = job;
  const tiles = `${doneTileCount} of ${formatCount(tileCount, "tile")}`;
  const doneTiles = formatDone(doneTileCount, formatCount(tileCount, "tile"));
  switch (job.status) {
    case "opening":
      return { fraction: undefined, headline: `Opening ${picture.name}`, detail: "" };
    case "running": {
      const leftCount = tileCount - doneTileCount;
      const parts = [
        tiles,
        formatRate(numbers?.at().itemsPerSecond, "tiles"),
        leftText(numbers?.timeLeft(leftCount) ?? { kind: "unknown" }, leftCount, "tile"),
      ];
      return { fraction, headline: `Enlarging ${picture.name}`, detail: parts.join(" · ") };
    }
    case "stalled": {
      const kept = job.isRecorded && doneTileCount > 0 ? ` ${doneTiles} and kept.` : "";
      return {
        fraction,
        headline: `Waiting for a worker: ${picture.name}`,
        detail: `No worker is left.${kept} Add one under Workers: it goes on by itself.`,
      };
    }
    case "paused":
      return { fraction, headline: `Paused: ${picture.name}`, detail: tiles };
    case "cancelled":
      return {
        fraction,
        headline: `Cancelled: ${picture.name}`,
        detail: job.isContinuable ? `${doneTiles} and kept: press “Go on” to continue.` : tiles,
        isOver: true,
      };
    case "failed":
      return {
        fraction,
        headline: `${picture.name} could not be enlarged`,
        detail: tileCount > 0 ? tiles : "",
        isOver: true,
      };
    case "done":
      return { fraction: 1, headline: `Done: ${picture.name}`, detail: resultText(job, scale), isOver: true };
  }
}

/** "480 × 320 → 960 × 640 in 2.0 s · 6.0 tiles/s · 0.31 megapixels/s": without the pauses, and in megapixels of the result. */
export function resultText({ size, tileCount, stopwatch }: PictureJob, scale: number): string {
  const { width, height } = size ?? { width: 0, height: 0 };
  const seconds = Math.max(1e-3, stopwatch.elapsedMs / 1e3);
  const megapixelsPerSecond = (width * height * scale * scale) / 1e6 / seconds;
  return [
    `${sizesText({ width, height }, scale)} in ${formatDuration(stopwatch.elapsedMs)}`,
    formatRate(tileCount / seconds, "tiles"),
    `${formatNumber(megapixelsPerSecond)}\u00a0megapixels/s`,
  ].join(" · ");
}
