import { ShardError } from "../../src/core/errors.js";
import { messageOf } from "../../src/protocol/error-record.js";
import type { PictureEncoding } from "../../src/protocol/picture-api.js";
import { canHoldDisplayP3, context2d } from "./canvas.js";
import { decodePicture } from "./decode.js";
import { readTraits } from "./file-traits.js";

/** What shows through where a format has no transparency; without it, the browser would save black. */
const PAPER = "#ffffff";

/**
 * Write a canvas as a file, with its colour profile.
 * @throws ShardError "invalid-options" where the browser can't write the format, or not at this size.
 */
export async function encodeCanvas(canvas: OffscreenCanvas, { type, quality }: PictureEncoding): Promise<Blob> {
  let blob: Blob;
  try {
    blob = await canvas.convertToBlob({ type, ...(quality === undefined ? {} : { quality }) });
  } catch (cause) {
    throw refusal(canvas, type, messageOf(cause), cause);
  }
  // A browser writes a PNG instead of a format that it doesn't know.
  if (blob.type !== type) throw refusal(canvas, type, blob.type || "nothing", undefined);
  return blob;
}

/**
 * Decode a picture and write it in another format, with the colours that a canvas can hold.
 * @throws ShardError "picture-unreadable", "invalid-options"
 */
export async function convertPicture(blob: Blob, encoding: PictureEncoding): Promise<Blob> {
  const [bitmap, { gamut }] = await Promise.all([decodePicture(blob), readTraits(blob)]);
  try {
    const colourSpace = gamut !== "srgb" && canHoldDisplayP3() ? "display-p3" : "srgb";
    if (!takesTransparency(encoding)) return await encodeCanvas(onPaper(bitmap, colourSpace), encoding);
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
    context2d(canvas, colourSpace).drawImage(bitmap, 0, 0);
    return await encodeCanvas(canvas, encoding);
  } finally {
    bitmap.close();
  }
}

/** A copy as a format without transparency shows it. */
export function onPaper(picture: OffscreenCanvas | ImageBitmap, colourSpace: PredefinedColorSpace): OffscreenCanvas {
  const canvas = new OffscreenCanvas(picture.width, picture.height);
  const context = context2d(canvas, colourSpace);
  context.fillStyle = PAPER;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(picture, 0, 0);
  return canvas;
}

export function takesTransparency({ type }: PictureEncoding): boolean {
  return type !== "image/jpeg";
}

function refusal({ width, height }: OffscreenCanvas, type: string, received: string, cause: unknown): ShardError {
  return new ShardError(
    "invalid-options",
    `Expected this browser to write ${width} × ${height} pixels as ${type}, received ${received}: choose another format, such as PNG.`,
    { cause },
  );
}
