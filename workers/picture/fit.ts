import type { Rectangle } from "../../src/core/tiles.js";
import type { PictureFit } from "../../src/protocol/picture-api.js";

/** An excess over a whole pixel below this is a rounding error: 300 · (224 ÷ 300) is not 225 pixels. */
const ROUNDING = 1e-9;

/**
 * Where a picture is drawn on a canvas of width × height pixels. Sizes and positions are whole pixels, so that no edge
 * is half drawn. With "cover" the rectangle reaches beyond the canvas on two sides.
 *
 * "cover" rounds like Teachable Machine's own `cropTo`, so that its models see what they were trained on: sizes are
 * rounded up, and an odd remainder is cut off at the right or the bottom.
 *
 * @param picture its size in pixels, > 0.
 */
export function fitPicture(
  picture: { readonly width: number; readonly height: number },
  width: number,
  height: number,
  fit: PictureFit,
): Rectangle {
  if (fit === "stretch") return { x: 0, y: 0, width, height };
  const across = width / picture.width;
  const down = height / picture.height;
  if (fit === "cover") {
    const scale = Math.max(across, down);
    const drawnWidth = Math.max(width, Math.ceil(picture.width * scale - ROUNDING));
    const drawnHeight = Math.max(height, Math.ceil(picture.height * scale - ROUNDING));
    // `-Math.floor(…)` would give −0.
    const x = 0 - Math.floor((drawnWidth - width) / 2);
    const y = 0 - Math.floor((drawnHeight - height) / 2);
    return { x, y, width: drawnWidth, height: drawnHeight };
  }
  const scale = Math.min(across, down);
  const drawnWidth = clamp(Math.round(picture.width * scale), 1, width);
  const drawnHeight = clamp(Math.round(picture.height * scale), 1, height);
  const x = Math.floor((width - drawnWidth) / 2);
  const y = Math.floor((height - drawnHeight) / 2);
  return { x, y, width: drawnWidth, height: drawnHeight };
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}
