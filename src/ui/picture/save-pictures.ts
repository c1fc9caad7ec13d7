import { convertPicture, type PictureEncoding } from "../../index.js";
import { saveFile } from "../parts/save-file.js";
import type { PictureJob } from "./picture-job.js";
import type { QueueEntry } from "./queue-entry.js";
import { savedName, uniqueNames } from "./saving.js";

/** Save the picture that is shown. @throws ShardError where the browser can't write the format. */
export async function saveJob(job: PictureJob, scale: number, encoding: PictureEncoding): Promise<void> {
  const blob = await job.use((result) => result.toBlob(encoding));
  if (blob !== undefined) saveFile(blob, savedName(job.picture.name, scale, encoding.type));
}

/** Save one finished picture of a list. @throws as `saveJob` */
export async function saveEntry(
  { picture, result }: QueueEntry,
  scale: number,
  encoding: PictureEncoding,
): Promise<void> {
  if (result === undefined) return;
  saveFile(await encode(result, encoding), savedName(picture.name, scale, encoding.type));
}

/**
 * Save all finished pictures of a list as a ZIP archive, under their own names and in their folders. One at a time is in memory.
 * @param onProgress called with the number of pictures that are packed.
 * @throws as `saveJob`
 */
export async function saveAll(
  entries: readonly QueueEntry[],
  scale: number,
  encoding: PictureEncoding,
  onProgress: (doneCount: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const { zipPictures } = await import("./zip-pictures.js");
  // As they are now: a list that is run again meanwhile has no results for a while.
  const finished = entries.flatMap(({ picture, result }) => (result === undefined ? [] : [{ picture, result }]));
  const names = uniqueNames(
    finished.map(({ picture }) => savedName(picture.path ?? picture.name, scale, encoding.type)),
  );
  const items = finished.map(({ result }, index) => ({ name: names[index]!, read: () => encode(result, encoding) }));
  const archiveName = (index: number): string => `pictures-x${scale}${index === 0 ? "" : `-${index + 1}`}.zip`;
  await zipPictures(items, (zip, index) => saveFile(zip, archiveName(index)), onProgress, signal);
}

async function encode(result: Blob, encoding: PictureEncoding): Promise<Blob> {
  return encoding.type === result.type ? result : convertPicture(result, encoding);
}
