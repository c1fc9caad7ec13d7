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
  /** Keeps downloaded files. A copy is used if the server confirms that it is current, or if no server answers. */
  readonly cache?: ModelCache | undefined;
  readonly onNotice?: ((notice: LoadNotice) => void) | undefined;
}

/** Weight files downloaded at once. Browsers open at most six connections to one host over HTTP/1.1. */
const PARALLEL_DOWNLOADS = 4;

/**
 * Download a TF.js model: model.json and the weight files it names. With a cache, unchanged files are not transferred again,
 * and the last complete copy is used if no server answers. Files are still being stored after the promise has settled.
 *
 * @param url absolute. `requestInit` is sent with every request to the host of this address, and to no other host.
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
  // Copies stored with another model.json may be used only if the server confirms that they are current.
  const knownIds = modelFile.origin === "server" ? [] : modelFile.stored.weightIds;
  const weightFiles: LoadedFile[] = [];
  try {
    await inParallel(urls.length, signal, async (index, laneSignal) => {
      const weightUrl = urls[index]!;
      weightFiles[index] = await loadFile(weightUrl, "weights", assembly.file(index), {
        // Credentials are meant for the model's own host, not for other hosts that its model.json names.
        requestInit: isSameOrigin(weightUrl, url) ? requestInit : undefined,
        signal: laneSignal,
        ...{ pacing, cache },
        offline: modelFile.origin === "cache-unchecked" ? modelFile.reason : undefined,
        mayGoUnchecked: ({ id }) => knownIds[index] === id,
        onBytes: (byteCount) => {
          // Once one lane has failed, the others report no more progress.
          if (laneSignal.aborted) return;
          progress.add(byteCount);
          // A faulty server may never stop sending.
          if (assembly.receivedBytes > (weightBytes ?? Infinity))
            checkWeightLength(weightSpecs, assembly.receivedBytes);
        },
      });
    });
    checkWeightLength(weightSpecs, assembly.receivedBytes);
  } catch (thrown) {
    // If a damaged copy is the reason, the next load must not meet it again.
    if (thrown instanceof ShardError && /^(weights-truncated|model-malformed)$/.test(thrown.code)) {
      for (const each of [url, ...urls]) await cache?.remove(each).catch(() => {});
    }
    throw thrown;
  }
  const unchecked = [modelFile, ...weightFiles].find((file) => file.origin === "cache-unchecked");
  if (unchecked !== undefined) {
    // A fresh file and an unconfirmed copy may belong to different versions.
    if (weightFiles.some(({ origin }) => origin === "server")) throw unchecked.reason;
    onNotice({
      code: "offline-copy",
      message: `No server answers for ${url}: the copy stored on ${unchecked.stored.storedAt.slice(0, 10)} is used.`,
    });
  }
  const { weightData, byteOffsets } = assembly.finish();
  // The total is unknown until now if there are string weights: model.json doesn't state their size.
  progress.finish();
  if (cache !== undefined && unchecked === undefined) {
    const loaded = { modelFile, modelBytes, weightFiles, weightData, byteOffsets, location: options };
    void storeModel(cache, loaded, onNotice);
  }
  return { ...description, weightSpecs, weightData };
}

/** Run `task` for 0 … count-1, a few at once. The first failure aborts the signal of the others. */
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
