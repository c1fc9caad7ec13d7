import { expose, transfer } from "comlink";
import { ShardError } from "../src/core/errors.js";
import { toErrorRecord, type Reply } from "../src/protocol/error-record.js";
import type { PictureApi, PixelApi } from "../src/protocol/picture-api.js";
import { Picture } from "./picture/picture.js";
import { readPixels, type PictureSource } from "./picture/read-pixels.js";

/**
 * The picture worker: one picture at a time to be enlarged, decoded, cut, stitched and encoded here; and any number of
 * pictures that are made ready for a model. No TF.js.
 */
let picture: Picture | undefined;

const api: PictureApi<Blob, ImageBitmap> & PixelApi<PictureSource> = {
  open: (blob, plan) =>
    reply(
      async () => {
        picture?.close();
        picture = undefined;
        picture = await Picture.open(blob, plan);
        return picture.describe();
      },
      ({ preview }) => [preview],
    ),
  cutRow: (row) =>
    reply(
      async () => opened().cutRow(row),
      ({ rgb }) => [rgb.buffer as ArrayBuffer],
    ),
  place: (request) =>
    reply(
      () => opened().place(request),
      (placed) => placed.map(({ bitmap }) => bitmap),
    ),
  encode: () =>
    reply(
      () => opened().encode(),
      () => [],
    ),
  readPixels: (source, plan) =>
    reply(
      () => readPixels(source, plan),
      ({ buffer }) => [buffer as ArrayBuffer],
    ),
};
expose(api);

function opened(): Picture {
  if (picture !== undefined) return picture;
  throw new ShardError("internal", "Expected an open picture, received a request before open.");
}

async function reply<T>(run: () => Promise<T>, transferables: (value: T) => Transferable[]): Promise<Reply<T>> {
  try {
    const value = await run();
    // Comlink hands over only what is listed for the very object that is returned.
    return transfer({ ok: true, value }, transferables(value));
  } catch (thrown) {
    return { ok: false, error: toErrorRecord(thrown, "internal") };
  }
}
