import { ShardError } from "../core/errors.js";
import { abortError } from "../protocol/abort.js";
import { messageOf } from "../protocol/error-record.js";
import type { PictureOptions } from "./picture-options.js";

/** What the files beside a model say of its classes, and of its pictures. */
export interface ModelLabels {
  /** One per class, in the order of the model's scores. */
  readonly labels: readonly string[];
  /** How pictures are to be given to it; only Teachable Machine's image models say so. */
  readonly pictures: PictureOptions | undefined;
}

export interface FetchLabelsOptions {
  /** For models behind authentication. */
  readonly requestInit?: RequestInit | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Labels of a million classes are shorter. */
const MAX_CHARACTERS = 2 ** 26;
const MAX_IMAGE_SIZE = 16_384;

/**
 * Fetch `metadata.json` from beside a model.json, as Teachable Machine exports it: `{ labels, imageSize, … }`, or a plain
 * list of labels.
 *
 * @param modelUrl relative to the page; its query string is repeated.
 * @returns `undefined` where there is none: no such file, or one without labels.
 * @throws ShardError "invalid-options" for what is no address, "model-network", "model-malformed" where the labels are no
 *         texts, "aborted".
 */
export async function fetchLabels(
  modelUrl: string | URL,
  { requestInit, signal }: FetchLabelsOptions = {},
): Promise<ModelLabels | undefined> {
  const model = absoluteUrl(modelUrl);
  // A database, a blob or a data: address has nothing beside it.
  if (!/^https?:$/.test(model.protocol)) return undefined;
  const url = new URL("metadata.json", model);
  // As for the weight files: it may be what admits to the folder.
  url.search = model.search;
  try {
    const response = await fetch(url, { ...requestInit, ...(signal && { signal }) });
    if (!response.ok) return undefined;
    const text = await response.text();
    // Hosts of single-page apps answer with a page where there is no such file.
    return isJson(text) ? parseLabels(text, url.pathname.split("/").at(-1)!) : undefined;
  } catch (cause) {
    if (cause instanceof ShardError) throw cause;
    if (signal?.aborted === true) throw abortError(signal);
    throw new ShardError(
      "model-network",
      `Expected to reach ${url.href}, received no answer (${messageOf(cause)}): check the connection.`,
      { cause },
    );
  }
}

function absoluteUrl(address: string | URL): URL {
  try {
    return new URL(address, globalThis.document?.baseURI ?? location.href);
  } catch (cause) {
    throw new ShardError(
      "invalid-options",
      `Expected the address of a model.json, received "${String(address)}": correct it.`,
      { cause },
    );
  }
}

/**
 * Labels from a chosen file: `metadata.json`, a JSON list, or a text file with a label a line.
 * @returns `undefined` for JSON without labels.
 * @throws ShardError "model-malformed"
 */
export async function readLabels(file: File): Promise<ModelLabels | undefined> {
  if (file.size > MAX_CHARACTERS) throw malformed(file.name, `at most ${MAX_CHARACTERS} bytes`, String(file.size));
  return parseLabels(await file.text(), file.name);
}

/** @param name of the file, for the message and for whether it is JSON. */
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
    throw malformed(name, '"labels" as a list of texts', JSON.stringify(labels).slice(0, 60));
  }
  return { labels, pictures: picturesOf(metadata) };
}

/**
 * A Teachable Machine image model takes the centred square of a picture, scaled as a canvas does it by itself, and
 * `byte ÷ 127 − 1`: that is what its own library computes, when it trains and when it predicts
 * (`capture` and `cropTo` of @teachablemachine/image).
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
