import { Zip, ZipPassThrough } from "fflate";

/** A file of the archive, made when its turn comes. */
export interface ZipItem {
  readonly name: string;
  read(): Promise<Blob>;
}

/** Beyond 4 GiB, and 65,535 files, an archive needs extensions that not every program reads. */
const MAX_BYTES = 4e9;
const MAX_FILES = 65_000;
/** The browser moves blobs of this size to the disk. */
const PART_BYTES = 16 << 20;
/** More at once would hold up the page: the checksum is computed on its thread. */
const SLICE_BYTES = 1 << 20;

/**
 * Pack files into ZIP archives, without compressing them once more. One file at a time is in memory, and what is packed is handed over to
 * the browser in parts.
 *
 * @param onArchive called for each archive; there are several only beyond 4 GB.
 * @param onProgress called with the number of files that are packed.
 * @throws whatever `read` throws; the signal's reason.
 */
export async function zipPictures(
  items: readonly ZipItem[],
  onArchive: (zip: Blob, index: number) => void,
  onProgress: (doneCount: number) => void,
  signal: AbortSignal,
): Promise<void> {
  let archive = new Archive();
  let archiveCount = 0;
  for (const [index, item] of items.entries()) {
    const blob = await item.read();
    if (archive.fileCount > 0 && (archive.byteCount + blob.size > MAX_BYTES || archive.fileCount >= MAX_FILES)) {
      onArchive(archive.end(), archiveCount++);
      archive = new Archive();
    }
    await archive.add(item.name, blob, signal);
    onProgress(index + 1);
  }
  onArchive(archive.end(), archiveCount);
}

class Archive {
  readonly #zip: Zip;
  readonly #parts: Blob[] = [];
  #pending: Uint8Array<ArrayBuffer>[] = [];
  #pendingBytes = 0;
  byteCount = 0;
  fileCount = 0;

  constructor() {
    this.#zip = new Zip((error, chunk) => {
      if (error) throw error;
      this.#pending.push(chunk);
      this.#pendingBytes += chunk.length;
      this.byteCount += chunk.length;
      if (this.#pendingBytes >= PART_BYTES) this.#flush();
    });
  }

  async add(name: string, blob: Blob, signal: AbortSignal): Promise<void> {
    const file = new ZipPassThrough(name);
    this.#zip.add(file);
    for (let at = 0; at < blob.size; at += SLICE_BYTES) {
      signal.throwIfAborted();
      file.push(new Uint8Array(await blob.slice(at, at + SLICE_BYTES).arrayBuffer()));
    }
    // By itself, so that an empty file ends, too: the archive would otherwise never.
    file.push(new Uint8Array(0), true);
    this.fileCount++;
  }

  end(): Blob {
    this.#zip.end();
    this.#flush();
    return new Blob(this.#parts, { type: "application/zip" });
  }

  #flush(): void {
    this.#parts.push(new Blob(this.#pending));
    this.#pending = [];
    this.#pendingBytes = 0;
  }
}
