import { ShardError } from "../../src/core/errors.js";
import { messageOf } from "../../src/protocol/error-record.js";
import { fileKindOf, SIGNATURE_BYTES, type FileKind } from "./file-kind.js";

const DECODABLE = "PNG, JPEG, WebP, GIF, AVIF or BMP";

/**
 * Decode a picture file, and turn it upright by its EXIF orientation. The bitmap keeps the colours of its profile, as far as the browser
 * does. Of an animation, it is the first frame.
 * @throws ShardError "picture-unreadable" that says what the file is instead.
 */
export async function decodePicture(blob: Blob): Promise<ImageBitmap> {
  try {
    return await createImageBitmap(blob, { imageOrientation: "from-image" });
  } catch (cause) {
    throw await unreadable(blob, cause);
  }
}

async function unreadable(blob: Blob, cause: unknown): Promise<ShardError> {
  const refuse = (text: string): ShardError => new ShardError("picture-unreadable", text, { cause });
  const size = `${blob.type || "of unknown type"}, ${blob.size} bytes`;
  let kind: FileKind;
  try {
    kind = fileKindOf(new Uint8Array(await blob.slice(0, SIGNATURE_BYTES).arrayBuffer()));
  } catch (thrown) {
    return refuse(
      `Expected a picture file that can be read, received one that can't be (${size}; ${messageOf(thrown)}): it may have been moved or changed since; choose it again.`,
    );
  }
  switch (kind.kind) {
    case "empty":
      return refuse("Expected a picture, received an empty file (0 bytes): copy or download it again, then choose it.");
    case "text":
      return refuse(`Expected a picture (${DECODABLE}), received a text file (${size}): choose a picture instead.`);
    case "foreign":
      return refuse(
        `Expected a picture that this browser can decode (${DECODABLE}), received ${kind.name} (${size}): ${kind.advice}.`,
      );
    case "picture":
      return refuse(
        `Expected a whole ${kind.format} picture, received one that is cut short, damaged or too large for this browser (${size}; ${messageOf(cause)}): copy or download it again, then choose it.`,
      );
    case "unknown":
      return refuse(
        `Expected a picture (${DECODABLE}), received a file in no picture format that is known here (${size}): choose another file.`,
      );
  }
}
