import { ShardError } from "../../core/errors.js";
import type { ReadRequest, ReadResult } from "../../protocol/reader-api.js";
import { foreignFormatOf, foreignFormatOfBytes, refuseForeign } from "./foreign-formats.js";
import { listNames, pathOf } from "./match-files.js";
import { headOf, type SourceFile } from "./source-file.js";

/** Reads zips and HDF5 files; in a page, in a worker of its own. @throws ShardError */
export type ReadContainer = (request: ReadRequest<Blob>) => Promise<ReadResult<Blob>>;

/** A file that holds a whole model. */
export interface Container {
  readonly kind: "zip" | "hdf5";
  readonly file: SourceFile;
}

/** Every file's first bytes are read up to this count of files; of more files, only those with telling names. */
const FEW_FILES = 100;
const TELLING = /\.(keras|h5|hdf5?|he5|zip)$/i;

/** The kind of container whose first bytes these are. HDF5 allows a block of the user's before its own beginning. */
export function containerKind(head: Uint8Array): Container["kind"] | undefined {
  const startsWith = (...bytes: number[]): boolean => bytes.every((byte, index) => head[index] === byte);
  if (startsWith(0x50, 0x4b, 0x03, 0x04) || startsWith(0x50, 0x4b, 0x05, 0x06)) return "zip";
  return startsWith(0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a) ? "hdf5" : undefined;
}

/**
 * Find the one file that holds a whole model; `undefined` if there is none.
 * @throws ShardError "model-not-found" if there are several, "model-malformed" for one that is not what its name says, "model-unsupported"
 */
export async function findContainer(files: readonly SourceFile[]): Promise<Container | undefined> {
  const found: Container[] = [];
  for (const file of files) {
    const isTelling = TELLING.test(file.name);
    if (!isTelling && files.length > FEW_FILES) continue;
    const head = await headOf(file);
    const kind = containerKind(head);
    if (kind !== undefined && (isTelling || foreignFormatOf([pathOf(file)]) === undefined)) found.push({ kind, file });
    else if (kind === undefined && isTelling) throw notAContainer(file, head);
  }
  if (found.length > 1) {
    throw new ShardError(
      "model-not-found",
      `Expected one model, received ${found.length}: ${listNames(found.map(({ file }) => pathOf(file)))}: choose the file of one model.`,
    );
  }
  return found[0];
}

function notAContainer(file: SourceFile, head: Uint8Array): ShardError {
  const format = foreignFormatOfBytes(head);
  if (format !== undefined) return refuseForeign(pathOf(file), format);
  const received = file.blob.size === 0 ? "an empty file" : "other bytes";
  return new ShardError(
    "model-malformed",
    `Expected a zip or an HDF5 file at "${pathOf(file).slice(-80)}", received ${received}: the file is damaged or has another format; save or download it again.`,
  );
}

/**
 * The request for a Keras file that lies unpacked: config.json and model.weights.h5 in one folder, as in a `.keras` file.
 * `undefined` if there is none.
 */
export function unpackedKeras(
  files: readonly SourceFile[],
  name: string | undefined,
  shareWeights: boolean,
): Extract<ReadRequest<Blob>, { kind: "keras" }> | undefined {
  const byPath = new Map(files.map((file) => [pathOf(file), file.blob]));
  for (const [path, weights] of byPath) {
    if (!/(^|\/)model\.weights\.h5$/.test(path)) continue;
    const folder = path.slice(0, -"model.weights.h5".length);
    const config = byPath.get(`${folder}config.json`);
    if (config === undefined) continue;
    const assetFolder = `${folder}assets/`;
    const assets = [...byPath]
      .filter(([each]) => each.startsWith(assetFolder) && each.endsWith(".txt"))
      .map(([each, blob]) => ({ path: each.slice(assetFolder.length), blob }));
    const beside = { config, metadata: byPath.get(`${folder}metadata.json`), assets };
    return { kind: "keras", name: name ?? path, weights, beside, shareWeights };
  }
  return undefined;
}
