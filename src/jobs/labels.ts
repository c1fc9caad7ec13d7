import { ShardError } from "../core/errors.js";
import { ByteCollector, readPieces } from "../model/load/byte-target.js";
import { guardedFetch } from "../model/load/guarded-fetch.js";
import { LimitedTarget, MAX_METADATA_BYTES, metadataTooLarge } from "../model/load/size-limits.js";
import { withStallWatch } from "../model/load/stall-watch.js";
import { abortError } from "../protocol/abort.js";
import { messageOf } from "../protocol/error-record.js";
import { onlyShardErrors, orShardError } from "../protocol/raw-errors.js";
import { checkRequestInit, isFile, isUrl } from "../sharder/check-options.js";
import { checkSignal } from "../sharder/job/predict-options.js";
import { requireKnownKeys } from "../sharder/known-keys.js";
import type { PictureOptions } from "./picture-options.js";

/** What the files beside a model state about its classes and its pictures. */
export interface ModelLabels {
  /** One per class, in the order of the model's scores. */
  readonly labels: readonly string[];
  /** How the model takes pictures; only Teachable Machine's image models state it. */
  readonly pictures: PictureOptions | undefined;
}

export interface FetchLabelsOptions {
  /** For models behind authentication. */
  readonly requestInit?: RequestInit | undefined;
  readonly signal?: AbortSignal | undefined;
}

const MAX_IMAGE_SIZE = 16_384;

/**
 * Fetch the `metadata.json` that lies beside a model.json: `{ labels, imageSize, … }`, as Teachable Machine exports it,
 * or a plain list of labels.
 *
 * @param modelUrl relative to the page; its query string is used for `metadata.json` too.
 * @returns `undefined` if there is no such file, or none with labels.
 * @throws ShardError "invalid-options" for an invalid address, "model-network", "model-malformed" if the labels are not
 *         strings, "aborted".
 */
export function fetchLabels(
  modelUrl: string | URL,
  options: FetchLabelsOptions = {},
): Promise<ModelLabels | undefined> {
  return onlyShardErrors(() => fetchThem(modelUrl, checkFetchOptions(options)));
}

const OPTION_NAMES: Readonly<Record<keyof FetchLabelsOptions, true>> = { requestInit: true, signal: true };

function checkFetchOptions(options: FetchLabelsOptions): FetchLabelsOptions {
  return orShardError("invalid-options", "options that can be read", "pass { requestInit, signal }", () => {
    requireKnownKeys("fetchLabels", options, OPTION_NAMES);
    checkRequestInit(options.requestInit);
    checkSignal(options.signal);
    return { ...options };
  });
}

async function fetchThem(
  modelUrl: string | URL,
  { requestInit, signal }: FetchLabelsOptions,
): Promise<ModelLabels | undefined> {
  const model = absoluteUrl(modelUrl);
  // Nothing lies beside an address in a database, a blob or a data: URL.
  if (!/^https?:$/.test(model.protocol)) return undefined;
  const url = new URL("metadata.json", model);
  // As for the weight files: the query may hold the token that grants access to the folder.
  url.search = model.search;
  try {
    const text = await fetchText(url.href, requestInit, signal);
    // Hosts of single-page apps answer with a page if there is no such file.
    return text !== undefined && isJson(text) ? parseLabels(text, url.pathname.split("/").at(-1)!) : undefined;
  } catch (cause) {
    if (signal?.aborted === true) throw abortError(signal);
    if (cause instanceof ShardError) throw cause;
    throw new ShardError(
      "model-network",
      `Expected to reach ${url.href}, received no answer (${messageOf(cause)}): check the connection.`,
      { cause },
    );
  }
}

/** @returns `undefined` if the server has no such file. */
function fetchText(
  url: string,
  requestInit: RequestInit | undefined,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  return withStallWatch(signal, undefined, async (fetchSignal, onArrival) => {
    const { response } = await guardedFetch(url, { ...requestInit, signal: fetchSignal });
    if (!response.ok || response.body === null) return undefined;
    const collector = new ByteCollector();
    const target = new LimitedTarget(
      collector,
      () => MAX_METADATA_BYTES,
      (byteLength) => metadataTooLarge(url, byteLength),
    );
    target.begin(undefined);
    await readPieces(response.body, fetchSignal, (piece) => {
      onArrival();
      target.write(piece);
    });
    return new TextDecoder().decode(collector.bytes);
  });
}

function absoluteUrl(address: string | URL): URL {
  const isAddress = orShardError("invalid-options", "an address", "pass a string or a URL", () => isUrl(address));
  if (typeof address !== "string" && !isAddress) {
    throw new ShardError(
      "invalid-options",
      `Expected the address of a model.json, received ${address === null ? "null" : typeof address}: pass a string or a URL.`,
    );
  }
  try {
    return new URL(address, globalThis.document?.baseURI ?? location.href);
  } catch (cause) {
    throw new ShardError(
      "invalid-options",
      `Expected the address of a model.json, received "${typeof address === "string" ? address : address.href}": correct it.`,
      { cause },
    );
  }
}

/**
 * Read labels from a chosen file: `metadata.json`, a JSON list, or a text file with one label per line.
 * @returns `undefined` for JSON without labels.
 * @throws ShardError "model-malformed"
 */
export function readLabels(file: File): Promise<ModelLabels | undefined> {
  return onlyShardErrors(() => readFile(file));
}

async function readFile(file: File): Promise<ModelLabels | undefined> {
  const isGiven = orShardError("invalid-input", "a file", "pass one that was chosen or dropped", () => isFile(file));
  if (!isGiven) {
    throw new ShardError(
      "invalid-input",
      `Expected a file, received ${file === null ? "null" : typeof file}: pass one that was chosen or dropped.`,
    );
  }
  if (file.size > MAX_METADATA_BYTES) throw metadataTooLarge(file.name, file.size);
  return parseLabels(await file.text(), file.name);
}

/** @param name of the file; used in messages, and to recognise text files. */
export function parseLabels(text: string, name: string): ModelLabels | undefined {
  if (!isJson(text) && name.endsWith(".txt")) {
    const labels = text.split(/\r?\n/).map((line) => line.trim());
    while (labels.at(-1) === "") labels.pop();
    return labels.length === 0 ? undefined : { labels, pictures: undefined };
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw malformed(name, "JSON", messageOf(cause));
  }
  const { labels, ...metadata } = Array.isArray(json) ? { labels: json as unknown } : asObject(json);
  if (labels === undefined) return undefined;
  if (!Array.isArray(labels) || !labels.every((label) => typeof label === "string")) {
    throw malformed(name, '"labels" as a list of strings', JSON.stringify(labels).slice(0, 60));
  }
  return { labels, pictures: picturesOf(metadata) };
}

/**
 * A Teachable Machine image model takes the centred square of a picture, scaled as a canvas does by default, with the
 * values `byte ÷ 127 − 1`. Its own library computes the same for training and prediction (`capture` and `cropTo` of
 * @teachablemachine/image).
 */
function picturesOf(metadata: Readonly<Record<string, unknown>>): PictureOptions | undefined {
  const { packageName, imageSize, grayscale } = metadata;
  if (packageName !== "@teachablemachine/image") return undefined;
  const isSize = Number.isSafeInteger(imageSize) && Number(imageSize) >= 1 && Number(imageSize) <= MAX_IMAGE_SIZE;
  const size = isSize ? { width: Number(imageSize), height: Number(imageSize) } : {};
  const colours = grayscale === true ? ({ colours: "grey" } as const) : {};
  return { ...size, ...colours, fit: "cover", smoothing: "low", matte: [0, 0, 0], scale: 1 / 127, offset: -1 };
}

function isJson(text: string): boolean {
  return /^\uFEFF?\s*[[{]/.test(text);
}

function asObject(json: unknown): Readonly<Record<string, unknown>> {
  return typeof json === "object" && json !== null ? (json as Record<string, unknown>) : {};
}

function malformed(name: string, expected: string, received: string): ShardError {
  return new ShardError(
    "model-malformed",
    `Expected ${expected} in ${name}, received ${received}: export the labels again or leave the file out.`,
  );
}
