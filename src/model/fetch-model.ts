import { ShardError } from "../core/errors.js";
import { throwIfAborted } from "../protocol/abort.js";
import type { ModelArtifacts } from "./artifacts.js";
import { HeadTarget } from "./load/byte-target.js";
import type { ReadContainer } from "./load/containers.js";
import type { DownloadOptions } from "./load/download.js";
import { HEAD_BYTES } from "./load/foreign-formats.js";
import { loadFile, type LoadedFile } from "./load/load-file.js";
import type { LoadNotice } from "./load/load-notice.js";
import { ProgressCounter, type LoadProgress } from "./load/load-progress.js";
import type { ModelCache } from "./load/model-cache.js";
import { loadModelFile } from "./load/load-model-file.js";
import { loadOnnxReader } from "./load/find-onnx.js";
import { readSources } from "./load/read-sources.js";
import { storeModel } from "./load/store-model.js";
import { WeightAssembly } from "./load/weight-assembly.js";
import { WeightHeads } from "./load/weight-heads.js";
import { planTfjs, type WeightPlan } from "./load/weight-plan.js";
import { isSameOrigin, weightUrls, type WeightLocation } from "./load/weight-urls.js";

export interface FetchOptions extends WeightLocation, Omit<DownloadOptions, "unless" | "onBytes"> {
  /** Assemble the weights in a SharedArrayBuffer (needs cross-origin isolation). */
  readonly shareWeights?: boolean | undefined;
  /** Keeps downloaded files. A copy is used if the server confirms that it is current, or if no server answers. */
  readonly cache?: ModelCache | undefined;
  /** Reads zips and HDF5 files; without it they are refused. */
  readonly readContainer?: ReadContainer | undefined;
  readonly onNotice?: ((notice: LoadNotice) => void) | undefined;
}

/** Weight files downloaded at once. Browsers open at most six connections to one host over HTTP/1.1. */
const PARALLEL_DOWNLOADS = 4;

/**
 * Download a model: a model.json and the weight files it names, an .onnx file and those
 * that it names, or one file that holds all of it (.keras, .h5, zip, .tflite). With a cache, unchanged files are not transferred again,
 * and the last complete copy is used if no server answers. Files are still being stored after the promise has settled.
 *
 * @param url absolute. `requestInit` is sent with every request to the host of this address, and to no other host.
 * @throws ShardError "model-not-found", "model-network", "model-malformed", "model-unsupported" (another format), "weights-missing",
 *         "weights-truncated", "invalid-options" (a `weightUrlConverter` that fails), "out-of-memory", "aborted"
 */
export async function fetchModel(
  url: string,
  options: FetchOptions,
  onProgress: (progress: LoadProgress) => void,
): Promise<ModelArtifacts> {
  const progress = new ProgressCounter(onProgress);
  const { requestInit, pacing, cache, onNotice = () => {} } = options;
  const signal = options.signal ?? requestInit?.signal ?? undefined;
  const loaded = await loadModelFile(url, { requestInit, signal, pacing, cache }, progress);
  const { file: modelFile, bytes: modelBytes } = loaded;
  if (loaded.kind !== "container") {
    const plan =
      loaded.kind === "json" ? planTfjs(loaded.json) : await planOrForget(loaded.url, modelBytes, signal, cache);
    return fetchWeights(loaded.url, plan, modelFile, modelBytes, { ...options, signal }, progress);
  }
  if (modelFile.origin === "cache-unchecked") onNotice(offlineCopy(loaded.url, modelFile.stored.storedAt));
  const artifacts = await readDownloaded(loaded.url, modelBytes, { ...options, signal }, progress);
  if (cache !== undefined && modelFile.origin !== "cache-unchecked") {
    const nothing = { weightFiles: [], weightData: new ArrayBuffer(0), byteOffsets: [] };
    void storeModel(cache.of(loaded.url), { modelFile, modelBytes, ...nothing, location: options }, onNotice);
  }
  return artifacts;
}

/** Read a file that holds the whole model. A damaged copy does not stay in the cache. */
async function readDownloaded(
  url: string,
  bytes: Uint8Array<ArrayBuffer>,
  options: FetchOptions,
  progress: ProgressCounter,
): Promise<ModelArtifacts> {
  const name = decodeURIComponent(/[^/]*$/.exec(new URL(url).pathname)![0].replace(/%(?![\da-f]{2})/gi, "%25"));
  try {
    return await readSources([{ name, blob: new Blob([bytes]) }], options, progress);
  } catch (thrown) {
    if (thrown instanceof ShardError && thrown.code !== "aborted")
      await options.cache
        ?.of(url)
        .remove(url)
        .catch(() => {});
    throw thrown;
  }
}

/** A damaged model does not stay in the cache. */
async function planOrForget(
  url: string,
  bytes: Uint8Array,
  signal: AbortSignal | undefined,
  cache: ModelCache | undefined,
): Promise<WeightPlan> {
  const { planOnnx } = await loadOnnxReader(signal);
  try {
    return planOnnx(bytes);
  } catch (thrown) {
    await cache
      ?.of(url)
      .remove(url)
      .catch(() => {});
    throw thrown;
  }
}

/** Download the weights that a model names. @param url of the model. */
async function fetchWeights(
  url: string,
  { paths, weightBytes, followsModel, check, join }: WeightPlan,
  modelFile: LoadedFile,
  modelBytes: Uint8Array,
  options: FetchOptions,
  progress: ProgressCounter,
): Promise<ModelArtifacts> {
  const { requestInit, pacing, signal, shareWeights = false, onNotice = () => {} } = options;
  const cache = options.cache?.of(url);
  progress.expect(weightBytes);

  const urls = await weightUrls(paths, url, options);
  const heads = new WeightHeads(urls);
  // The file that is before the first one with weights.
  const first = followsModel ? 1 : 0;
  const ownBytes = followsModel ? modelBytes.length : 0;
  const totalBytes = weightBytes === undefined ? undefined : ownBytes + weightBytes;
  const assembly = new WeightAssembly(first + urls.length, totalBytes, shareWeights);
  if (followsModel) assembly.add(0, modelBytes);
  // Copies stored with another model.json may be used only if the server confirms that they are current.
  const knownIds = modelFile.origin === "server" ? [] : modelFile.stored.weightIds;
  const weightFiles: LoadedFile[] = [];
  try {
    await inParallel(urls.length, signal, async (index, laneSignal) => {
      const weightUrl = urls[index]!;
      const target = new HeadTarget(assembly.file(first + index), HEAD_BYTES, (head, from) =>
        heads.see(index, head, from),
      );
      weightFiles[index] = await loadFile(weightUrl, "weights", target, {
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
          const receivedBytes = assembly.receivedBytes - ownBytes;
          if (receivedBytes > (weightBytes ?? Infinity)) check(receivedBytes);
        },
      });
    });
    check(assembly.receivedBytes - ownBytes);
  } catch (thrown) {
    // If a damaged copy is the reason, the next load must not meet it again.
    if (thrown instanceof ShardError && /^(weights-truncated|model-malformed)$/.test(thrown.code)) {
      for (const each of [url, ...urls]) await cache?.remove(each).catch(() => {});
    }
    throw heads.explain(thrown);
  }
  const unchecked = [modelFile, ...weightFiles].find((file) => file.origin === "cache-unchecked");
  if (unchecked !== undefined) {
    // A fresh file and an unconfirmed copy may belong to different versions.
    if (weightFiles.some(({ origin }) => origin === "server")) throw unchecked.reason;
    onNotice(offlineCopy(url, unchecked.stored.storedAt));
  }
  const { weightData, byteOffsets } = assembly.finish();
  // The total is unknown until now if there are string weights: model.json doesn't state their size.
  progress.finish();
  if (cache !== undefined && unchecked === undefined) {
    const offsets = byteOffsets.slice(first);
    const loaded = { modelFile, modelBytes, weightFiles, weightData, byteOffsets: offsets, location: options };
    void storeModel(cache, loaded, onNotice);
  }
  return join(weightData, byteOffsets);
}

function offlineCopy(url: string, storedAt: string): LoadNotice {
  return {
    code: "offline-copy",
    message: `No server answers for ${url}: the copy stored on ${storedAt.slice(0, 10)} is used.`,
  };
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
