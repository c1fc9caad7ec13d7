import { withinMs } from "./within-ms.js";
import type { FileFacts, Validators } from "./file-response.js";

/** The number is the version of the cache's layout: a new version starts with an empty cache. */
export const MODEL_CACHE_NAME = "inference-sharder-models-v2";
const OLD_CACHE_NAMES = ["inference-sharder-models-v1"];

/** A browser whose storage is damaged may never answer: then a model is loaded as if there were no cache. */
const DEADLINE_MS = 5_000;

/** Headers that the cache adds to stored responses, for facts that no header of the server states. */
const ID = "x-sharder-id";
const BYTE_LENGTH = "x-sharder-bytes";
const STORED_AT = "x-sharder-stored-at";
const WEIGHT_IDS = "x-sharder-weights";

/** Files are passed to the cache in pieces of this size: a Response can't hold shared memory, so each piece is copied. */
const PIECE_BYTES = 2 ** 20;

/** A file that an earlier load has stored. */
export interface StoredFile extends Validators {
  /** Identifies this copy: every download of the same file gets a new id. */
  readonly id: string;
  readonly byteLength: number;
  /** ISO 8601. */
  readonly storedAt: string;
  /** For a model.json: the ids of the weight files stored with it, in the manifest's order. */
  readonly weightIds: readonly string[];
  /** Can be read once. */
  readonly body: ReadableStream<Uint8Array>;
}

type Storage = Pick<Cache, "match" | "put" | "delete">;

/**
 * Copies of model files, in the browser's Cache API. The methods of `FilesInCache` throw the platform's own errors, such as
 * "QuotaExceededError" if it is full.
 */
export class ModelCache {
  readonly #cache: Storage;

  constructor(cache: Storage) {
    this.#cache = cache;
  }

  /** Rejects if the page may not store anything, or if the browser does not answer in time. */
  static async open(): Promise<ModelCache> {
    // The types say otherwise, but `caches` is absent if the page's address is not secure.
    const { caches: storage } = globalThis as { caches?: CacheStorage };
    if (storage === undefined) throw new Error("the Cache API needs a secure address (https or localhost)");
    const cache = await withinMs(DEADLINE_MS, storage.open(MODEL_CACHE_NAME), "the Cache API did not answer");
    for (const name of OLD_CACHE_NAMES) storage.delete(name).catch(() => {});
    return new ModelCache(cache);
  }

  /** The files of one model. Another model that names one of them has its own copy, and can't replace this one's. */
  of(modelUrl: string): FilesInCache {
    return new FilesInCache(this.#cache, modelUrl);
  }
}

/** Copies of the files of one model, by address. */
export class FilesInCache {
  readonly #cache: Storage;
  readonly #modelUrl: string;

  constructor(cache: Storage, modelUrl: string) {
    this.#cache = cache;
    this.#modelUrl = modelUrl;
  }

  /** Find the copy of a file; `undefined` if there is none, or none that can be read. */
  async find(url: string): Promise<StoredFile | undefined> {
    const match = this.#cache.match(this.#keyOf(url), { ignoreVary: true });
    const response = await withinMs(DEADLINE_MS, match, "the cache did not answer").catch(() => undefined);
    if (response === undefined) return undefined;
    const header = (name: string): string | undefined => response.headers.get(name) ?? undefined;
    const [id, byteLength, body] = [header(ID), Number(header(BYTE_LENGTH)), response.body];
    if (id === undefined || body === null || !Number.isSafeInteger(byteLength)) return undefined;
    return {
      id,
      byteLength,
      body,
      storedAt: header(STORED_AT) ?? "",
      etag: header("etag"),
      lastModified: header("last-modified"),
      weightIds: header(WEIGHT_IDS)?.split(",") ?? [],
    };
  }

  /**
   * Store a copy, replacing an earlier one.
   * @param weightIds only for a model.json.
   * @returns the id of the new copy.
   */
  async store(
    url: string,
    { etag, lastModified, contentType }: FileFacts | (Validators & { contentType?: string | undefined }),
    bytes: Uint8Array,
    weightIds?: readonly string[],
  ): Promise<string> {
    const id = Math.random().toString(36).slice(2, 12);
    const headers = new Headers({
      "content-type": contentType ?? "application/octet-stream",
      [ID]: id,
      [BYTE_LENGTH]: String(bytes.byteLength),
      [STORED_AT]: new Date().toISOString(),
    });
    if (etag !== undefined) headers.set("etag", etag);
    if (lastModified !== undefined) headers.set("last-modified", lastModified);
    if (weightIds !== undefined) headers.set(WEIGHT_IDS, weightIds.join(","));
    await this.#cache.put(this.#keyOf(url), new Response(inPieces(bytes), { headers }));
    return id;
  }

  async remove(url: string): Promise<void> {
    const deletion = this.#cache.delete(this.#keyOf(url), { ignoreVary: true });
    await withinMs(DEADLINE_MS, deletion, "the cache did not answer");
  }

  /** The address of the file, and last in its query that of the model, so that no two files of any models have the same key. */
  #keyOf(url: string): string {
    const key = new URL(url);
    key.hash = "";
    key.search += `${key.search === "" ? "?" : "&"}sharder-model=${encodeURIComponent(this.#modelUrl)}`;
    return key.href;
  }
}

function inPieces(bytes: Uint8Array): ReadableStream<Uint8Array<ArrayBuffer>> {
  let offset = 0;
  return new ReadableStream({
    pull(controller) {
      if (offset >= bytes.byteLength) return controller.close();
      controller.enqueue(new Uint8Array(bytes.subarray(offset, offset + PIECE_BYTES)));
      offset += PIECE_BYTES;
    },
  });
}
