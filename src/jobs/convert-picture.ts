import type { PictureEncoding } from "../protocol/picture-api.js";
import { PictureWorker } from "./picture-worker.js";

/**
 * Write a picture in another format, in a worker of its own. Colours of Display P3 are kept where the browser can.
 *
 * @param picture a file in any format that the browser decodes.
 * @throws ShardError "picture-unreadable"; "invalid-options" where the browser can't write the format, or not at this size.
 */
export async function convertPicture(picture: Blob, encoding: PictureEncoding): Promise<Blob> {
  const worker = new PictureWorker();
  try {
    return await worker.convert(picture, encoding);
  } finally {
    worker.close();
  }
}
