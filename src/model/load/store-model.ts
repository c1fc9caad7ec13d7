import { messageOf } from "../../protocol/error-record.js";
import type { LoadedFile } from "./load-file.js";
import { loadOnnxReader } from "./find-onnx.js";
import { isOnnx } from "./is-onnx.js";
import { isWholeModel } from "./load-model-file.js";
import type { LoadNotice } from "./load-notice.js";
import type { FilesInCache } from "./model-cache.js";
import { readModelJson } from "./model-json.js";
import { weightUrls, type WeightLocation } from "./weight-urls.js";

/** A model that has been loaded, to be stored for the next load. */
export interface LoadedModel {
  readonly modelFile: LoadedFile;
  readonly modelBytes: Uint8Array;
  /** In the manifest's order. */
  readonly weightFiles: readonly LoadedFile[];
  readonly weightData: ArrayBuffer | SharedArrayBuffer;
  /** Where each weight file begins in `weightData`. */
  readonly byteOffsets: readonly number[];
  readonly location: WeightLocation;
}

/**
 * Bring the cache up to date with a loaded model. The model.json is stored last and lists the copies that belong to it, so that
 * a load without a server never mixes versions, even if storing was interrupted half-way. Never rejects.
 */
export async function storeModel(
  cache: FilesInCache,
  model: LoadedModel,
  onNotice: (notice: LoadNotice) => void,
): Promise<void> {
  const { modelFile, modelBytes, weightFiles, weightData, byteOffsets } = model;
  try {
    const ids: string[] = [];
    for (const [index, file] of weightFiles.entries()) {
      const end = byteOffsets[index + 1] ?? weightData.byteLength;
      const byteOffset = byteOffsets[index]!;
      ids.push(await store(cache, file, new Uint8Array(weightData, byteOffset, end - byteOffset)));
    }
    const isListed = modelFile.origin !== "server" && modelFile.stored.weightIds.join() === ids.join();
    if (isListed) return;
    await removeOldWeights(cache, model);
    await store(cache, modelFile, modelBytes, ids);
  } catch (thrown) {
    onNotice(storingFailed(modelFile.url, thrown));
  }
}

/** @returns the copy's id; "" if the file may not be stored. */
async function store(
  cache: FilesInCache,
  file: LoadedFile,
  bytes: Uint8Array,
  weightIds?: readonly string[],
): Promise<string> {
  if (file.origin === "server") {
    if (file.facts.mayBeStored) return cache.store(file.url, file.facts, bytes, weightIds);
    await cache.remove(file.url);
    return "";
  }
  return weightIds === undefined ? file.stored.id : cache.store(file.url, file.stored, bytes, weightIds);
}

/** If file names contain hashes, every new version would leave the weight files of the last one behind. */
async function removeOldWeights(cache: FilesInCache, { modelFile, weightFiles, location }: LoadedModel): Promise<void> {
  if (modelFile.origin !== "server" || modelFile.replaced === undefined) return;
  const oldBytes = new Uint8Array(await new Response(modelFile.replaced.body).arrayBuffer());
  // A file of another kind that held the whole model had no weight files.
  if (isWholeModel(oldBytes) && !isOnnx(oldBytes)) return;
  const { paths } = isOnnx(oldBytes)
    ? (await loadOnnxReader(undefined)).externalFiles(oldBytes)
    : readModelJson(modelFile.url, oldBytes);
  const current = new Set(weightFiles.map(({ url }) => url));
  for (const url of await weightUrls(paths, modelFile.url, location)) if (!current.has(url)) await cache.remove(url);
}

function storingFailed(url: string, thrown: unknown): LoadNotice {
  const isFull =
    typeof thrown === "object" && thrown !== null && "name" in thrown && thrown.name === "QuotaExceededError";
  return isFull
    ? { code: "cache-full", message: `The browser has no room to store ${url}: it will be downloaded again next time.` }
    : {
        code: "cache-unavailable",
        message: `The browser did not store ${url} (${messageOf(thrown)}): it will be downloaded again next time.`,
      };
}
