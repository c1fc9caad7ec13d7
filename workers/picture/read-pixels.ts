import { ShardError } from "../../src/core/errors.js";
import type { Rectangle } from "../../src/core/tiles.js";
import type { PixelPlan, Rgb } from "../../src/protocol/picture-api.js";
import { context2d } from "./canvas.js";
import { decodePicture } from "./decode.js";
import { fitPicture } from "./fit.js";
import { packPixels } from "./pack-pixels.js";

export type PictureSource = Blob | ImageData | ImageBitmap | VideoFrame;

/**
 * Kept between pictures, which mostly share one size. No other picture can interfere, since drawing and reading back is
 * synchronous.
 */
let canvas: OffscreenCanvas | undefined;

/**
 * Decode, crop, fit and pack one picture.
 * @param source this worker's own copy, which is closed.
 * @throws ShardError "picture-unreadable", "out-of-memory"
 */
export async function readPixels(source: PictureSource, plan: PixelPlan): Promise<Uint8Array | Float32Array> {
  const picture = await toDrawable(source);
  try {
    if (plan.crop === undefined) return packPixels(draw(picture, plan), plan);
    const part = await cutOut(picture, plan.crop);
    try {
      return packPixels(draw(part, plan), plan);
    } finally {
      part.close();
    }
  } finally {
    picture.close();
  }
}

async function toDrawable(source: PictureSource): Promise<ImageBitmap | VideoFrame> {
  if (source instanceof Blob) return decodePicture(source);
  return source instanceof ImageData ? createImageBitmap(source) : source;
}

/** Copy the part to a new picture, since smoothing would read some pixels beyond it. */
async function cutOut(picture: ImageBitmap | VideoFrame, { x, y, width, height }: Rectangle): Promise<ImageBitmap> {
  const whole = sizeOf(picture);
  if (x + width <= whole.width && y + height <= whole.height) return createImageBitmap(picture, x, y, width, height);
  throw new ShardError(
    "picture-unreadable",
    `Expected a picture that contains the crop of ${width} × ${height} pixels at (${x}, ${y}), received one of ${whole.width} × ${whole.height}: crop less, or leave the picture out.`,
  );
}

/** @returns opaque RGBA of the plan's size. */
function draw(picture: ImageBitmap | VideoFrame, plan: PixelPlan): Uint8ClampedArray {
  const { width, height, fit, smoothing, matte, padding } = plan;
  const target = fitPicture(sizeOf(picture), width, height, fit);
  if (canvas?.width !== width || canvas.height !== height) canvas = new OffscreenCanvas(width, height);
  const context = context2d(canvas);
  if (fit === "contain") {
    context.fillStyle = cssColour(padding);
    context.fillRect(0, 0, width, height);
  }
  context.fillStyle = cssColour(matte);
  context.fillRect(target.x, target.y, target.width, target.height);
  context.imageSmoothingQuality = smoothing;
  context.drawImage(picture, target.x, target.y, target.width, target.height);
  return context.getImageData(0, 0, width, height).data;
}

/** The size in drawn pixels: those of a frame may not be square, and the frame may be turned. */
function sizeOf(picture: ImageBitmap | VideoFrame): { width: number; height: number } {
  if (picture instanceof ImageBitmap) return { width: picture.width, height: picture.height };
  return { width: picture.displayWidth, height: picture.displayHeight };
}

function cssColour([red, green, blue]: Rgb): string {
  return `rgb(${red} ${green} ${blue})`;
}
