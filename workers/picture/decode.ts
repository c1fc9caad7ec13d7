import { ShardError } from "../../src/core/errors.js";
import { messageOf } from "../../src/protocol/error-record.js";

/**
 * Decode a picture file to sRGB and turn it upright by its EXIF orientation.
 * @throws ShardError "picture-unreadable"
 */
export async function decodePicture(blob: Blob): Promise<ImageBitmap> {
  try {
    return await createImageBitmap(blob, { imageOrientation: "from-image" });
  } catch (cause) {
    throw new ShardError(
      "picture-unreadable",
      `Expected a picture that the browser can decode (PNG, JPEG, WebP, GIF, AVIF, BMP), received ${blob.type || "a file of unknown type"}, ${blob.size} bytes (${messageOf(cause)}): choose another file.`,
      { cause },
    );
  }
}
