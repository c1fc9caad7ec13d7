import { ShardError } from "../core/errors.js";
import { throwIfAborted } from "../protocol/abort.js";
import type { ModelArtifacts } from "./artifacts.js";
import { download, type DownloadOptions } from "./download.js";
import { ProgressCounter, type LoadProgress } from "./load/load-progress.js";
import { readModelJson } from "./load/model-json.js";
import { checkWeightLength } from "./weights.js";

/** Weight files fetched at once; browsers open no more than six connections to one host over HTTP/1.1. */
const PARALLEL_DOWNLOADS = 4;

/**
 * Download a TF.js model: model.json and the weight files it names, relative to it.
 *
 * @param url absolute. Its query string is repeated for the weight files, as TF.js does (signed URLs).
 * @throws ShardError "model-not-found", "model-network", "model-malformed", "weights-missing",
 *         "weights-truncated", "aborted"
 */
export async function fetchModel(
  url: string,
  options: DownloadOptions,
  onProgress: (progress: LoadProgress) => void,
): Promise<ModelArtifacts> {
  const progress = new ProgressCounter(onProgress);
  const signal = options.signal ?? options.requestInit?.signal ?? undefined;
  const advance = (bytes: number): void => progress.add(bytes);
  const json = readModelJson(url, new Uint8Array(await download(url, "model", { ...options, signal }, advance)));
  progress.expect(json.weightBytes);
  const urls = json.paths.map((path) => weightUrl(path, url));
  let receivedBytes = 0;
  const files = await downloadAll(urls, url, { ...options, signal }, (bytes) => {
    receivedBytes += bytes;
    advance(bytes);
    // There may be no end to what a wrong server sends.
    if (receivedBytes > (json.weightBytes ?? Infinity)) checkWeightLength(json.weightSpecs, receivedBytes);
  });
  checkWeightLength(
    json.weightSpecs,
    files.reduce((total, file) => total + file.byteLength, 0),
  );
  progress.finish();
  return { ...json.description, weightSpecs: json.weightSpecs, weightData: files };
}

function weightUrl(path: string, modelUrl: string): string {
  let resolved: URL;
  try {
    resolved = new URL(path, modelUrl);
  } catch (cause) {
    throw new ShardError(
      "model-malformed",
      `Expected paths of weight files in weightsManifest, received "${path.slice(0, 80)}": the model.json is damaged.`,
      { cause },
    );
  }
  // A signed address is signed for its own host; others have no business with it.
  if (resolved.search === "" && isSameOrigin(resolved.href, modelUrl)) resolved.search = new URL(modelUrl).search;
  return resolved.href;
}

function isSameOrigin(a: string, b: string): boolean {
  return new URL(a).origin === new URL(b).origin;
}

/** All weight files, a few at once. The first that fails gives up the others. */
async function downloadAll(
  urls: readonly string[],
  modelUrl: string,
  options: DownloadOptions,
  onBytes: (byteCount: number) => void,
): Promise<ArrayBuffer[]> {
  const { signal } = options;
  const abandoned = new AbortController();
  const abandon = (): void => abandoned.abort(signal?.reason);
  const onBytesWanted = (byteCount: number): void => {
    if (!abandoned.signal.aborted) onBytes(byteCount);
  };
  const files: ArrayBuffer[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < urls.length) {
      const index = next++;
      const url = urls[index]!;
      // Credentials are meant for the model's own host, whatever its model.json names.
      const requestInit = isSameOrigin(url, modelUrl) ? options.requestInit : undefined;
      files[index] = await download(url, "weights", { requestInit, signal: abandoned.signal }, onBytesWanted);
    }
  };
  throwIfAborted(signal);
  signal?.addEventListener("abort", abandon, { once: true });
  try {
    await Promise.all(Array.from({ length: Math.min(PARALLEL_DOWNLOADS, urls.length) }, lane));
    return files;
  } catch (thrown) {
    abandon();
    throw thrown;
  } finally {
    signal?.removeEventListener("abort", abandon);
  }
}
