import { ShardError } from "../../core/errors.js";
import { ByteCollector, HeadTarget, type ByteTarget } from "./byte-target.js";
import { containerKind } from "./containers.js";
import { withRedirect } from "./file-response.js";
import { foreignFormatOfBytes, HEAD_BYTES, refuseForeign } from "./foreign-formats.js";
import { isOnnx, isOnnxName } from "./is-onnx.js";
import { isTflite, isTfliteName } from "./is-tflite.js";
import { loadFile, type LoadedFile, type LoadFileOptions } from "./load-file.js";
import type { ProgressCounter } from "./load-progress.js";
import type { ModelCache } from "./model-cache.js";
import { LimitedTarget, MAX_MODEL_JSON_BYTES, modelJsonTooLarge } from "./size-limits.js";
import { readModelJson, type ModelJson } from "./model-json.js";

/** The file at a model's address, and what it is. */
export type LoadedModelFile = {
  /** Where it was found: the address itself, or the model.json in the folder that it names. */
  readonly url: string;
  readonly file: LoadedFile;
  readonly bytes: Uint8Array<ArrayBuffer>;
} & ({ readonly kind: "json"; readonly json: ModelJson } | { readonly kind: "container" | "onnx" });

type ModelFileOptions = Omit<LoadFileOptions, "mayGoUnchecked" | "onBytes" | "cache"> & {
  readonly cache: ModelCache | undefined;
};

/**
 * Load the file at a model's address. An address that ends with "/" is a folder's; one without an extension may be a folder's: then its
 * model.json is loaded.
 * @throws ShardError as `download`; "model-malformed"; "model-unsupported" for other formats, as soon as their first bytes arrive.
 */
export async function loadModelFile(
  url: string,
  options: ModelFileOptions,
  progress: ProgressCounter,
): Promise<LoadedModelFile> {
  const { pathname } = new URL(url);
  const isFolder = pathname.endsWith("/");
  const isMaybeFolder = /^https?:/.test(url) && /\/[^./]+$/.test(pathname);
  if (isFolder && /^https?:/.test(url)) return loadOne(modelJsonIn(url), options, progress);
  if (!isMaybeFolder) return loadOne(url, options, progress);
  try {
    return await loadOne(url, options, progress);
  } catch (thrown) {
    if (!(thrown instanceof ShardError) || !/^model-(not-found|malformed)$/.test(thrown.code)) throw thrown;
    // What the address itself gave is the better reason if there is no model.json either.
    return loadOne(modelJsonIn(url), options, progress).catch((second: unknown) => {
      throw second instanceof ShardError && !/^model-(not-found|malformed)$/.test(second.code) ? second : thrown;
    });
  }
}

async function loadOne(url: string, options: ModelFileOptions, progress: ProgressCounter): Promise<LoadedModelFile> {
  const collector = new ByteCollector();
  const announced = { byteLength: undefined as number | undefined };
  const target: ByteTarget = {
    begin: (byteLength) => {
      announced.byteLength = byteLength;
      collector.begin();
    },
    write: (piece) => collector.write(piece),
    end: () => collector.end(),
  };
  let maxBytes = MAX_MODEL_JSON_BYTES;
  const headed = new HeadTarget(target, HEAD_BYTES, (head, redirectedTo) => {
    if (isWholeModel(head)) {
      maxBytes = Infinity;
      return progress.announce(announced.byteLength);
    }
    const format = foreignFormatOfBytes(head);
    // A page is refused once its address after redirects is known.
    if (format !== undefined && !isMarkup(head)) throw refuseForeign(withRedirect(url, redirectedTo), format);
  });
  const limited = new LimitedTarget(
    headed,
    () => maxBytes,
    (byteLength) => modelJsonTooLarge(url, byteLength),
  );
  const file = await loadFile(url, "model", limited, {
    ...options,
    cache: options.cache?.of(url),
    mayGoUnchecked: () => true,
    onBytes: (byteCount) => progress.add(byteCount),
  });
  const { bytes } = collector;
  const { pathname } = new URL(url);
  if (isOnnx(bytes) || isOnnxName(pathname)) {
    const foreign = isOnnx(bytes) ? undefined : foreignFormatOfBytes(bytes.subarray(0, HEAD_BYTES));
    if (foreign === undefined) return { url, file, bytes, kind: "onnx" };
    throw refuseForeign(file.origin === "server" ? withRedirect(url, file.facts.redirectedTo) : url, foreign);
  }
  if (isWholeModel(bytes) || isTfliteName(pathname)) return { url, file, bytes, kind: "container" };
  const where = file.origin === "server" ? withRedirect(url, file.facts.redirectedTo) : url;
  return { url, file, bytes, kind: "json", json: readModelJson(where, bytes) };
}

/** Whether a file that begins so holds the whole model, but for files that an ONNX model names. */
export function isWholeModel(head: Uint8Array): boolean {
  return containerKind(head) !== undefined || isTflite(head) || isOnnx(head);
}

function isMarkup(head: Uint8Array): boolean {
  return /^\s*</.test(new TextDecoder().decode(head.slice(0, 64)));
}

/** The query is kept: it may be a signature. */
function modelJsonIn(url: string): string {
  const folder = new URL(url);
  folder.pathname = folder.pathname.replace(/\/?$/, "/model.json");
  return folder.href;
}
