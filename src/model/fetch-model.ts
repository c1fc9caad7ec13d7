import { throwIfAborted } from "../protocol/abort.js";
import type { ModelArtifacts } from "./artifacts.js";
import { ByteCollector } from "./load/byte-target.js";
import { download, type DownloadOptions } from "./load/download.js";
import { ProgressCounter, type LoadProgress } from "./load/load-progress.js";
import { readModelJson } from "./load/model-json.js";
import { WeightAssembly } from "./load/weight-assembly.js";
import { isSameOrigin, weightUrls, type WeightLocation } from "./load/weight-urls.js";
import { checkWeightLength } from "./weights.js";

export interface FetchOptions extends WeightLocation, Omit<DownloadOptions, "unless" | "onBytes"> {
  /** Assemble the weights in a SharedArrayBuffer (needs cross-origin isolation). */
  readonly shareWeights?: boolean | undefined;
}

/** Weight files fetched at once; browsers open no more than six connections to one host over HTTP/1.1. */
const PARALLEL_DOWNLOADS = 4;

/**
 * Download a TF.js model: model.json and the weight files it names.
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
  const { requestInit, pacing, shareWeights = false } = options;
  const signal = options.signal ?? requestInit?.signal ?? undefined;
  const collector = new ByteCollector();
  const onBytes = (byteCount: number): void => progress.add(byteCount);
  await download(url, "model", collector, { requestInit, signal, pacing, onBytes });
  const { description, paths, weightSpecs, weightBytes } = readModelJson(url, collector.bytes);
  progress.expect(weightBytes);

  const urls = await weightUrls(paths, url, options);
  const assembly = new WeightAssembly(urls.length, weightBytes, shareWeights);
  await inParallel(urls.length, signal, async (index, laneSignal) => {
    const weightUrl = urls[index]!;
    await download(weightUrl, "weights", assembly.file(index), {
      // Credentials are meant for the model's own host, whatever its model.json names.
      requestInit: isSameOrigin(weightUrl, url) ? requestInit : undefined,
      signal: laneSignal,
      pacing,
      onBytes: (byteCount) => {
        // Of the other lanes, once one has failed.
        if (laneSignal.aborted) return;
        progress.add(byteCount);
        // There may be no end to what a wrong server sends.
        if (assembly.receivedBytes > (weightBytes ?? Infinity)) checkWeightLength(weightSpecs, assembly.receivedBytes);
      },
    });
  });
  checkWeightLength(weightSpecs, assembly.receivedBytes);
  const { weightData } = assembly.finish();
  // Strings have no size that model.json could tell.
  progress.finish();
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
