import { Unzip, UnzipInflate } from "fflate";
import { ShardError } from "../../../index.js";
import { Slices } from "../outputs/slices.js";

/** Bytes of the archive that are read at a time. */
const STEP_BYTES = 256 * 1024;
/** The arrays are held in memory, as a whole. */
const MAX_BYTES = 1024 * 1024 * 1024;

/**
 * The arrays in a `.npz` file, as `numpy.savez` and `numpy.savez_compressed` write it: one `.npy` file for each.
 * @throws ShardError "invalid-input" if it is no such archive, is damaged, or holds more than 1 GB.
 */
export async function filesInNpz(archive: File): Promise<File[]> {
  const files: File[] = [];
  let unpackedBytes = 0;
  let failure: unknown;
  const unzip = new Unzip((entry) => {
    const pieces: Uint8Array<ArrayBuffer>[] = [];
    entry.ondata = (error, data, isLast) => {
      if (error !== null) failure ??= error;
      else if (!(unpackedBytes > MAX_BYTES)) pieces.push(new Uint8Array(data));
      unpackedBytes += error === null ? data.byteLength : 0;
      if (isLast) files.push(new File(pieces, entry.name));
    };
    if (entry.name.endsWith(".npy")) entry.start();
  });
  unzip.register(UnzipInflate);
  const slices = new Slices();
  try {
    for (let from = 0; from < archive.size && failure === undefined; from += STEP_BYTES) {
      const bytes = new Uint8Array(await archive.slice(from, from + STEP_BYTES).arrayBuffer());
      unzip.push(bytes, from + STEP_BYTES >= archive.size);
      if (unpackedBytes > MAX_BYTES) throw invalid(archive, "at most 1024 MB of arrays", "more", "save fewer of them");
      await slices.rest();
    }
  } catch (thrown) {
    if (thrown instanceof ShardError) throw thrown;
    failure = thrown;
  }
  // Cut off between two arrays, it would be taken for a whole one with fewer of them.
  if (files.length > 0 && !(await hasEnd(archive))) failure ??= new Error("The archive has no end.");
  if (failure !== undefined)
    throw invalid(archive, "an archive that can be unpacked", "a damaged one", "save it again");
  if (files.length === 0)
    throw invalid(archive, "arrays as numpy.savez writes them", "none", "save them with numpy.savez");
  return files;
}

/** Whether there is the record that ends an archive; a comment of up to 64 kB may follow it. Source: PKWARE APPNOTE, 4.3.16. */
async function hasEnd(archive: File): Promise<boolean> {
  const tail = new Uint8Array(await archive.slice(-(22 + 65_535)).arrayBuffer());
  return tail.some((byte, at) => byte === 0x50 && tail[at + 1] === 0x4b && tail[at + 2] === 5 && tail[at + 3] === 6);
}

function invalid({ name }: File, expected: string, received: string, advice: string): ShardError {
  return new ShardError("invalid-input", `Expected ${expected} in ${name}, received ${received}: ${advice}.`);
}
