import { ShardError } from "../core/errors.js";
import { throwIfAborted } from "../protocol/abort.js";
import type { ModelArtifacts } from "./artifacts.js";
import { ByteCollector } from "./load/byte-target.js";
import type { DownloadOptions } from "./load/download.js";
import { loadFile, type LoadedFile } from "./load/load-file.js";
import type { LoadNotice } from "./load/load-notice.js";
import { ProgressCounter, type LoadProgress } from "./load/load-progress.js";
import type { ModelCache } from "./load/model-cache.js";
import { readModelJson } from "./load/model-json.js";
import { storeModel } from "./load/store-model.js";
import { WeightAssembly } from "./load/weight-assembly.js";
import { isSameOrigin, weightUrls, type WeightLocation } from "./load/weight-urls.js";
import { checkWeightLength } from "./weights.js";

export interface FetchOptions extends WeightLocation, Omit<DownloadOptions, "unless" | "onBytes"> {
  /** Assemble the weights in a SharedArrayBuffer (needs cross-origin isolation). */
  readonly shareWeights?: boolean | undefined;
  /** Where to look first, after asking the server whether it is current, and to keep what has been downloaded. */
  readonly cache?: ModelCache | undefined;
  readonly onNotice?: ((notice: LoadNotice) => void) | undefined;
}

/** Weight files fetched at once; browsers open no more than six connections to one host over HTTP/1.1. */
const PARALLEL_DOWNLOADS = 4;

/**
 * Download a TF.js model: model.json and the weight files it names. With a cache, what has not changed since is not
 * transferred again, and where no server answers, the last whole copy is used; storing goes on after the promise has settled.
 *
 * @param url absolute. `requestInit` goes with every request to its host, and to no other.
 * @throws ShardError "model-not-found", "model-network", "model-malformed", "weights-missing",
 *         "weights-truncated", "invalid-options" (a `weightUrlConverter` that fails), "out-of-memory", "aborted"
 */
export async function fetchModel(
  url: string,
  options: FetchOptions,
  onProgress: (progress: LoadProgress) => void,
): Promise<ModelArtifacts> {
  const progress = new ProgressCounter(onProgress);
  const { requestInit, pacing, cache, shareWeights = false, onNotice = () => {} } = options;
  const signal = options.signal ?? requestInit?.signal ?? undefined;
  const collector = new ByteCollector();
  const modelFile = await loadFile(url, "model", collector, {
    ...{ requestInit, signal, pacing, cache },
    mayGoUnchecked: () => true,
    onBytes: (byteCount) => progress.add(byteCount),
  });
  const modelBytes = collector.bytes;
  const { description, paths, weightSpecs, weightBytes } = readModelJson(url, modelBytes);
  progress.expect(weightBytes);

  const urls = await weightUrls(paths, url, options);
  const assembly = new WeightAssembly(urls.length, weightBytes, shareWeights);
  // Copies that belong to another model.json than this one go with it only if the server says so.
  const knownIds = modelFile.origin === "server" ? [] : modelFile.stored.weightIds;
  const weightFiles: LoadedFile[] = [];
  try {
    await inParallel(urls.length, signal, async (index, laneSignal) => {
      const weightUrl = urls[index]!;
      weightFiles[index] = await loadFile(weightUrl, "weights", assembly.file(index), {
        // Credentials are meant for the model's own host, whatever its model.json names.
        requestInit: isSameOrigin(weightUrl, url) ? requestInit : undefined,
        signal: laneSignal,
        ...{ pacing, cache },
        offline: modelFile.origin === "cache-unchecked" ? modelFile.reason : undefined,
        mayGoUnchecked: ({ id }) => knownIds[index] === id,
        onBytes: (byteCount) => {
          // Of the other lanes, once one has failed.
          if (laneSignal.aborted) return;
          progress.add(byteCount);
          // There may be no end to what a wrong server sends.
          if (assembly.receivedBytes > (weightBytes ?? Infinity))
            checkWeightLength(weightSpecs, assembly.receivedBytes);
        },
      });
    });
    checkWeightLength(weightSpecs, assembly.receivedBytes);
  } catch (thrown) {
    // Should a damaged copy be the reason, then only once.
    if (thrown instanceof ShardError && /^(weights-truncated|model-malformed)$/.test(thrown.code)) {
      for (const each of [url, ...urls]) await cache?.remove(each).catch(() => {});
    }
    throw thrown;
  }
  const unchecked = [modelFile, ...weightFiles].find((file) => file.origin === "cache-unchecked");
  if (unchecked !== undefined) {
    // A new file beside one that nobody vouches for may be of two versions.
    if (weightFiles.some(({ origin }) => origin === "server")) throw unchecked.reason;
    onNotice({
      code: "offline-copy",
      message: `Nobody answers for ${url}: the copy of ${unchecked.stored.storedAt.slice(0, 10)} is used.`,
    });
  }
  const { weightData, byteOffsets } = assembly.finish();
  // Strings have no size that model.json could tell.
  progress.finish();
  if (cache !== undefined && unchecked === undefined) {
    const loaded = { modelFile, modelBytes, weightFiles, weightData, byteOffsets, location: options };
    void storeModel(cache, loaded, onNotice);
  }
  return { ...description, weightSpecs, weightData };
}

/** Run `task` for 0 … count-1, a few at once. The first that fails aborts the others' signal. */
async function inParallel(
  count: number,
  signal: AbortSignal | undefined,
  task: (index: number, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const abandoned = new AbortController();
  const abandon = (): void => abandoned.abort(signal?.reason);
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < count) await task(next++, abandoned.signal);
  };
  throwIfAborted(signal);
  signal?.addEventListener("abort", abandon, { once: true });
  try {
    await Promise.all(Array.from({ length: Math.min(PARALLEL_DOWNLOADS, count) }, lane));
  } catch (thrown) {
    abandon();
    throw thrown;
  } finally {
    signal?.removeEventListener("abort", abandon);
  }
}
