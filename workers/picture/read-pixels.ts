import { ShardError } from "../../src/core/errors.js";
import type { Rectangle } from "../../src/core/tiles.js";
import type { PixelPlan, Rgb } from "../../src/protocol/picture-api.js";
import { context2d } from "./canvas.js";
import { decodePicture } from "./decode.js";
import { fitPicture } from "./fit.js";
import { packPixels } from "./pack-pixels.js";

export type PictureSource = Blob | ImageData | ImageBitmap | VideoFrame;

/** Kept between pictures: they mostly come in one size. Drawing and reading back leave no gap for another to get in. */
let canvas: OffscreenCanvas | undefined;

/**
 * Decode, crop, fit and pack one picture.
 * @param source this worker's own copy; closed here.
 * @throws ShardError "picture-unreadable", "out-of-memory"
 */
export async function readPixels(source: PictureSource, plan: PixelPlan): Promise<Uint8Array | Float32Array> {
  const picture = await toDrawable(source);
  try {
    return packPixels(draw(picture, plan), plan);
  } finally {
    picture.close();
  }
}

async function toDrawable(source: PictureSource): Promise<ImageBitmap | VideoFrame> {
  if (source instanceof Blob) return decodePicture(source);
  return source instanceof ImageData ? createImageBitmap(source) : source;
}

/** @returns opaque RGBA of the plan's size. */
function draw(picture: ImageBitmap | VideoFrame, plan: PixelPlan): Uint8ClampedArray {
  const { width, height, fit, smoothing, matte, padding } = plan;
  const part = partOf(picture, plan.crop);
  const target = fitPicture(part, width, height, fit);
  if (canvas?.width !== width || canvas.height !== height) canvas = new OffscreenCanvas(width, height);
  const context = context2d(canvas);
  if (fit === "contain") {
    context.fillStyle = cssColour(padding);
    context.fillRect(0, 0, width, height);
  }
  context.fillStyle = cssColour(matte);
  context.fillRect(target.x, target.y, target.width, target.height);
  context.imageSmoothingQuality = smoothing;
  const { x, y } = target;
  context.drawImage(picture, part.x, part.y, part.width, part.height, x, y, target.width, target.height);
  return context.getImageData(0, 0, width, height).data;
}

function partOf(picture: ImageBitmap | VideoFrame, crop: Rectangle | undefined): Rectangle {
  const [width, height] =
    picture instanceof ImageBitmap ? [picture.width, picture.height] : [picture.displayWidth, picture.displayHeight];
  if (crop === undefined) return { x: 0, y: 0, width, height };
  if (crop.x + crop.width <= width && crop.y + crop.height <= height) return crop;
  throw new ShardError(
    "picture-unreadable",
    `Expected a picture that holds the crop of ${crop.width} × ${crop.height} pixels at (${crop.x}, ${crop.y}), received one of ${width} × ${height}: crop less, or leave the picture out.`,
  );
}

function cssColour([red, green, blue]: Rgb): string {
  return `rgb(${red} ${green} ${blue})`;
}
