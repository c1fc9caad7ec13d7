import type { PictureInProgress, PictureView } from "../../index.js";
import { MAX_PREVIEW_PIXELS, type Preview } from "./preview.js";
import type { QueueEntry } from "./queue-entry.js";

type Shown = Pick<PictureInProgress, "width" | "height" | "view" | "colourSpace">;

/** A finished picture of a list, from what is kept of it; `undefined` if nothing is. */
export function storedPicture({ picture, result, size }: QueueEntry, scale: number): Shown | undefined {
  if (result === undefined || size === undefined) return undefined;
  const view = ({ layer, part, width, height }: PictureView): Promise<ImageBitmap> => {
    const [file, factor] = layer === "original" ? [picture.blob, 1 / scale] : [result, 1];
    const [x, y, w, h] = [part.x * factor, part.y * factor, part.width * factor, part.height * factor];
    return createImageBitmap(file, x, y, w, h, { resizeWidth: width, resizeHeight: height, resizeQuality: "medium" });
  };
  return { ...size, view, colourSpace: "display-p3" };
}

/**
 * Show a picture that is finished or under way, after another one was looked at.
 * @param signal aborts if another one is to be shown meanwhile.
 * @throws if its files can't be decoded any more, or its job has ended.
 */
export async function showAgain(
  preview: Preview,
  picture: Shown,
  name: string,
  scale: number,
  signal: AbortSignal,
): Promise<void> {
  const [width, height] = [picture.width * scale, picture.height * scale];
  const previewScale = Math.min(1, Math.sqrt(MAX_PREVIEW_PIXELS / (width * height)));
  const previewWidth = Math.max(1, Math.round(width * previewScale));
  const previewHeight = Math.max(1, Math.round(height * previewScale));
  const whole = { part: { x: 0, y: 0, width, height }, width: previewWidth, height: previewHeight };
  const [plain, result] = await Promise.all([
    picture.view({ layer: "original", ...whole }),
    picture.view({ layer: "result", ...whole }),
  ]);
  if (signal.aborted) {
    plain.close();
    result.close();
    return;
  }
  preview.open({ ...picture, previewWidth, previewHeight, preview: plain }, name, scale);
  // One tile over all of it.
  const target = { x: 0, y: 0, width: previewWidth, height: previewHeight };
  preview.addTile({ tile: -1, target, bitmap: result }, "transparent");
  preview.end(true);
}
