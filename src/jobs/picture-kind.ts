import { ShardError } from "../core/errors.js";
import type { Picture } from "./picture-worker.js";

const KINDS = ["Blob", "File", "ImageData", "ImageBitmap", "VideoFrame"] as const;

/**
 * @param index of the picture in the call, for the message.
 * @throws ShardError "invalid-input" for anything but a picture.
 */
export function checkPicture(value: unknown, index: number): asserts value is Picture {
  const kind = kindOf(value);
  if (KINDS.some((each) => each === kind)) return;
  const advice = /^HTML(Image|Video|Canvas)Element$/.test(kind)
    ? "pass the result of createImageBitmap(element)"
    : "pass one of these";
  throw new ShardError(
    "invalid-input",
    `Expected picture ${index} to be an ImageData, ImageBitmap, Blob or VideoFrame, received ${kind}: ${advice}.`,
  );
}

/** Not `instanceof`: a picture may come from another frame. */
function kindOf(value: unknown): string {
  const tag = Object.prototype.toString.call(value).slice("[object ".length, -1);
  return typeof value === "object" ? tag : typeof value;
}
