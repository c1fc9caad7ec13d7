import type { PictureFit } from "../../../index.js";

/** The picture that a model got, as it got it: what lies behind masks, boxes and points. */
export interface PictureBehind {
  readonly bitmap: ImageBitmap;
  readonly fit: PictureFit;
  /** The size that the model takes, pixels. */
  readonly width: number;
  readonly height: number;
}

/** Wider canvases are no sharper on the page. */
const MAX_SIDE = 960;

/** The size at which it is shown: undistorted where the model got it stretched. */
export function shownSize({ bitmap, fit, width, height }: PictureBehind): { width: number; height: number } {
  const [w, h] = fit === "stretch" ? [bitmap.width, bitmap.height] : [width, height];
  const scale = MAX_SIDE / Math.max(w, h, 1);
  // Small model inputs are drawn larger, so that lines on them are thin.
  return { width: Math.max(1, Math.round(w * scale)), height: Math.max(1, Math.round(h * scale)) };
}

/** Draw it over the whole canvas, fitted as for the model. */
export function drawBehind(context: CanvasRenderingContext2D, { bitmap, fit, width, height }: PictureBehind): void {
  const { canvas } = context;
  context.fillStyle = "#000";
  context.fillRect(0, 0, canvas.width, canvas.height);
  if (fit === "stretch") {
    context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    return;
  }
  const choose = fit === "cover" ? Math.max : Math.min;
  const scale = choose(width / bitmap.width, height / bitmap.height) * (canvas.width / width);
  const [w, h] = [bitmap.width * scale, bitmap.height * scale];
  context.drawImage(bitmap, (canvas.width - w) / 2, (canvas.height - h) / 2, w, h);
}
