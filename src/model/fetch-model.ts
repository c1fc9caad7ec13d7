import { ShardError } from "../core/errors.js";
import { throwIfAborted } from "../protocol/abort.js";
import { isJsonObject, type JsonObject, type ModelArtifacts, type WeightSpec } from "./artifacts.js";
import { download, type DownloadOptions } from "./download.js";
import { checkWeightLength, readWeightSpecs, weightFileBytes } from "./weights.js";

export interface LoadProgress {
  readonly phase: "model";
  readonly loadedBytes: number;
  /** `undefined` until model.json has told how many bytes of weights there are, or until all have arrived. */
  readonly totalBytes: number | undefined;
  /** 0…1; 0 while the total is unknown. */
  readonly fraction: number;
}

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
  let loadedBytes = 0;
  let totalBytes: number | undefined;
  const advance = (bytes: number): void => {
    loadedBytes += bytes;
    const fraction = totalBytes === undefined ? 0 : Math.min(1, loadedBytes / totalBytes);
    onProgress({ phase: "model", loadedBytes, totalBytes, fraction });
  };

  const signal = options.signal ?? options.requestInit?.signal ?? undefined;
  const jsonBytes = await download(url, "model", { ...options, signal }, advance);
  const json = parseModelJson(url, jsonBytes);
  const { weightsManifest, ...rest } = json;
  const groups = readManifest(weightsManifest);
  const specs = groups.flatMap((group) => group.weights);
  const weightBytes = weightFileBytes(specs);
  if (weightBytes !== undefined) totalBytes = jsonBytes.byteLength + weightBytes;

  const urls = groups.flatMap((group) => group.paths).map((path) => weightUrl(path, url));
  const files = await downloadAll(urls, url, { ...options, signal }, advance);
  checkWeightLength(
    specs,
    files.reduce((total, file) => total + file.byteLength, 0),
  );
  // Strings have no size that model.json could tell.
  totalBytes = loadedBytes;
  advance(0);
  return { ...rest, weightSpecs: specs, weightData: files };
}

function parseModelJson(url: string, bytes: ArrayBuffer): JsonObject & { readonly modelTopology: JsonObject } {
  const text = new TextDecoder().decode(bytes);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    const isHtml = /^\s*</.test(text);
    throw new ShardError(
      "model-malformed",
      `Expected JSON at ${url}, received ${isHtml ? "an HTML page" : JSON.stringify(text.slice(0, 40))}: ` +
        (isHtml
          ? "the server answers missing files with a page; check the address."
          : "check that this is a TF.js model.json."),
      { cause },
    );
  }
  if (!isJsonObject(json) || !isJsonObject(json.modelTopology)) {
    throw new ShardError(
      "model-malformed",
      `Expected "modelTopology" in ${url}, received ${isJsonObject(json) ? `keys ${Object.keys(json).slice(0, 8).join(", ")}` : typeof json}: ` +
        `check that this is a TF.js model.json (tensorflowjs_converter makes one).`,
    );
  }
  return { ...json, modelTopology: json.modelTopology };
}

function readManifest(manifest: unknown): { paths: string[]; weights: WeightSpec[] }[] {
  if (!Array.isArray(manifest)) {
    throw new ShardError(
      "model-malformed",
      `Expected "weightsManifest" to be a list, received ${typeof manifest}: the model.json is damaged; export the model again.`,
    );
  }
  return manifest.map((group: unknown, index) => {
    const paths = isJsonObject(group) ? group.paths : undefined;
    if (!isJsonObject(group) || !Array.isArray(paths) || !paths.every((path) => typeof path === "string")) {
      throw new ShardError(
        "model-malformed",
        `Expected "paths" in weightsManifest[${index}], received ${JSON.stringify(group)?.slice(0, 80)}: the model.json is damaged.`,
      );
    }
    return { paths, weights: readWeightSpecs(group.weights, `weightsManifest[${index}].weights`) };
  });
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
