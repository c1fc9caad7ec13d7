import type { FileFacts, Validators } from "./file-response.js";

/** The number is the version of the cache's layout: a new version starts with an empty cache. */
export const MODEL_CACHE_NAME = "inference-sharder-models-v1";

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

/**
 * Copies of model files by address, in the browser's Cache API. Its methods throw the platform's own errors, such as
 * "QuotaExceededError" if it is full.
 */
export class ModelCache {
  readonly #cache: Pick<Cache, "match" | "put" | "delete">;

  constructor(cache: Pick<Cache, "match" | "put" | "delete">) {
    this.#cache = cache;
  }

  /** Rejects if the page may not store anything. */
  static async open(): Promise<ModelCache> {
    // The types say otherwise, but `caches` is absent if the page's address is not secure.
    const { caches: storage } = globalThis as { caches?: CacheStorage };
    if (storage === undefined) throw new Error("the Cache API needs a secure address (https or localhost)");
    return new ModelCache(await storage.open(MODEL_CACHE_NAME));
  }

  /** Find the copy of a file; `undefined` if there is none, or none that can be read. */
  async find(url: string): Promise<StoredFile | undefined> {
    const response = await this.#cache.match(url, { ignoreVary: true }).catch(() => undefined);
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
    await this.#cache.put(url, new Response(inPieces(bytes), { headers }));
    return id;
  }

  async remove(url: string): Promise<void> {
    await this.#cache.delete(url, { ignoreVary: true });
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
