import { convertPicture, type PictureEncoding } from "../../index.js";
import type { PictureJob } from "./picture-job.js";
import type { QueueEntry } from "./queue-entry.js";
import { download, savedName, uniqueNames } from "./saving.js";

/** Save the picture that is shown. @throws ShardError where the browser can't write the format. */
export async function saveJob(job: PictureJob, scale: number, encoding: PictureEncoding): Promise<void> {
  const blob = await job.use((result) => result.toBlob(encoding));
  if (blob !== undefined) download(blob, savedName(job.picture.name, scale, encoding.type));
}

/** Save one finished picture of a list. @throws as `saveJob` */
export async function saveEntry(entry: QueueEntry, scale: number, encoding: PictureEncoding): Promise<void> {
  const blob = await encode(entry, encoding);
  if (blob !== undefined) download(blob, savedName(entry.picture.name, scale, encoding.type));
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
  const finished = entries.filter(({ result }) => result !== undefined);
  const names = uniqueNames(
    finished.map(({ picture }) => savedName(picture.path ?? picture.name, scale, encoding.type)),
  );
  const items = finished.map((entry, index) => ({
    name: names[index]!,
    read: async () => (await encode(entry, encoding)) ?? new Blob(),
  }));
  const archiveName = (index: number): string => `pictures-x${scale}${index === 0 ? "" : `-${index + 1}`}.zip`;
  await zipPictures(items, (zip, index) => download(zip, archiveName(index)), onProgress, signal);
}

async function encode({ result }: QueueEntry, encoding: PictureEncoding): Promise<Blob | undefined> {
  if (result === undefined || encoding.type === result.type) return result;
  return convertPicture(result, encoding);
}
