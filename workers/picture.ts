import { ShardError } from "../src/core/errors.js";
import type { PictureApi, PixelApi } from "../src/protocol/picture-api.js";
import { convertPicture } from "./picture/encode.js";
import { Picture } from "./picture/picture.js";
import { readPixels, type PictureSource } from "./picture/read-pixels.js";
import { exposeApi } from "./runtime/expose.js";
import { reply } from "./runtime/reply.js";

/**
 * The picture worker. It enlarges one picture at a time: it decodes, cuts, stitches and encodes it. It also prepares any
 * number of pictures as model inputs. It has no inference engine.
 */
let picture: Picture | undefined;

exposeApi<PictureApi<Blob, ImageBitmap> & PixelApi<PictureSource>>({
  open: (blob, plan) =>
    reply(
      async () => {
        picture?.close();
        picture = undefined;
        picture = await Picture.open(blob, plan);
        return picture.describe();
      },
      { transferables: ({ preview }) => [preview] },
    ),
  cutRow: (row) => reply(() => opened().cutRow(row), { transferables: ({ rgb }) => [rgb.buffer as ArrayBuffer] }),
  place: (request) =>
    reply(() => opened().place(request), { transferables: (placed) => placed.map(({ bitmap }) => bitmap) }),
  encode: (encoding) => reply(() => opened().encode(encoding)),
  view: (view) => reply(() => opened().view(view), { transferables: (bitmap) => [bitmap] }),
  convert: (blob, encoding) => reply(() => convertPicture(blob, encoding)),
  readPixels: (source, plan) =>
    reply(() => readPixels(source, plan), { transferables: ({ buffer }) => [buffer as ArrayBuffer] }),
});

function opened(): Picture {
  if (picture !== undefined) return picture;
  throw new ShardError("internal", "Expected an open picture, received a request before open().");
}
