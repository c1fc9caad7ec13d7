import { ShardError } from "../core/errors.js";
import type { ModelArtifacts } from "../model/artifacts.js";
import { fetchModel } from "../model/fetch-model.js";
import { isOnnx } from "../model/load/is-onnx.js";
import { tfliteArtifacts } from "../model/load/read-tflite.js";
import type { LoadNotice } from "../model/load/load-notice.js";
import { onnxArtifacts } from "../model/onnx/onnx-artifacts.js";
import type { ReadContainer } from "../model/load/containers.js";
import { openModelCache } from "../model/load/open-cache.js";
import { INDEXEDDB_SCHEME, readIndexedDb } from "../model/read-indexeddb.js";
import { readModelFiles } from "../model/read-model-files.js";
import { ModelReader } from "../pool/model-reader.js";
import { openModelReader } from "../pool/worker-entries.js";
import { throwIfAborted } from "../protocol/abort.js";
import { isArrayBuffer, isFile, isUint8Array, isUrl } from "./check-options.js";
import { callListener } from "./call-listener.js";
import type { SharderOptions } from "./options.js";

/**
 * Get the model from wherever `options.model` says.
 *
 * @param shareWeights put the weights into a SharedArrayBuffer, if that takes no additional copy.
 * @throws ShardError "invalid-options", "model-not-found", "model-network", "model-malformed", "model-unsupported", "weights-missing",
 *         "weights-truncated", "out-of-memory", "aborted"
 */
export async function loadArtifacts(options: SharderOptions, shareWeights: boolean): Promise<ModelArtifacts> {
  const { model, requestInit, signal, onProgress } = options;
  const report = (progress: Parameters<NonNullable<typeof onProgress>>[0]): void => callListener(onProgress, progress);
  const address = typeof model === "string" ? model : isUrl(model) ? model.href : undefined;
  if (address?.startsWith(INDEXEDDB_SCHEME)) {
    const artifacts = await readIndexedDb(address);
    throwIfAborted(signal);
    return artifacts;
  }
  const bytes = bytesOf(model);
  if (bytes !== undefined) return isOnnx(new Uint8Array(bytes)) ? onnxArtifacts(bytes) : tfliteArtifacts(bytes);
  if (isArtifacts(model)) return model;
  const reader = new ModelReader(openModelReader, signal);
  const readContainer: ReadContainer = (request) => reader.read(request);
  try {
    if (address === undefined) {
      const files = isFile(model) ? [model] : Array.from(model as ArrayLike<File>);
      return await readModelFiles(files, { shareWeights, signal, readContainer }, report);
    }
    const { weightPathPrefix: prefix, weightUrlConverter, cache: isCached = true } = options;
    const weightPathPrefix = prefix === undefined ? undefined : absoluteUrl("weightPathPrefix", prefix);
    const url = absoluteUrl("model", address);
    const onNotice = (notice: LoadNotice): void => callListener(options.onNotice, notice);
    const cache = isCached ? await openModelCache(url, requestInit, onNotice) : undefined;
    const location = { weightPathPrefix, weightUrlConverter };
    return await fetchModel(
      url,
      { ...location, requestInit, signal, shareWeights, cache, onNotice, readContainer },
      report,
    );
  } finally {
    reader.close();
  }
}

/** The bytes of a `.tflite` or `.onnx` file, if the model is given as such. They are never written to. */
function bytesOf(model: unknown): ArrayBuffer | SharedArrayBuffer | undefined {
  if (isArrayBuffer(model)) return model;
  if (!isUint8Array(model)) return undefined;
  const { buffer, byteOffset, byteLength } = model;
  return byteOffset === 0 && byteLength === buffer.byteLength ? buffer : new Uint8Array(model).buffer;
}

function isArtifacts(model: SharderOptions["model"]): model is ModelArtifacts {
  return typeof model === "object" && "modelTopology" in model;
}

/** Schemes of addresses that can't be fetched, and what to do instead. */
const ADVICE: Readonly<Record<string, string>> = {
  "file:": "a page can't read it by itself; let the user choose the files",
  "localstorage:": `only "${INDEXEDDB_SCHEME}NAME" is read; save the model there`,
  "indexeddb:": `write it "${INDEXEDDB_SCHEME}NAME"`,
};

function absoluteUrl(option: string, address: string): string {
  try {
    // A sharder may itself live in a worker, where there is no document.
    const { href, protocol } = new URL(address, globalThis.document?.baseURI ?? location.href);
    const advice = Object.hasOwn(ADVICE, protocol) ? ADVICE[protocol] : undefined;
    if (advice === undefined) return href;
    throw new ShardError("invalid-options", `Expected "${option}" to be an address, received "${address}": ${advice}.`);
  } catch (cause) {
    if (cause instanceof ShardError) throw cause;
    throw new ShardError(
      "invalid-options",
      `Expected "${option}" to be a valid address, received "${address}": correct it.`,
      { cause },
    );
  }
}
