import type { FileFacts, Validators } from "./file-response.js";

/** The version is of the layout: another one starts with an empty cache. */
export const MODEL_CACHE_NAME = "inference-sharder-models-v1";

/** Its own headers on stored responses, which say what no server's do. */
const ID = "x-sharder-id";
const BYTE_LENGTH = "x-sharder-bytes";
const STORED_AT = "x-sharder-stored-at";
const WEIGHT_IDS = "x-sharder-weights";

/** Pieces in which a file is handed to the cache: a Response can't be made of shared memory, so each is copied. */
const PIECE_BYTES = 2 ** 20;

/** A file as an earlier load has left it. */
export interface StoredFile extends Validators {
  /** Of this very copy: another download of the same file has another. */
  readonly id: string;
  readonly byteLength: number;
  /** ISO 8601. */
  readonly storedAt: string;
  /** Of a model.json: the ids of the weight files that came with it, in the manifest's order. */
  readonly weightIds: readonly string[];
  /** Can be read once. */
  readonly body: ReadableStream<Uint8Array>;
}

/**
 * Copies of model files by address, in the browser's Cache API. What its methods throw is the platform's: "QuotaExceededError"
 * where it is full.
 */
export class ModelCache {
  readonly #cache: Pick<Cache, "match" | "put" | "delete">;

  constructor(cache: Pick<Cache, "match" | "put" | "delete">) {
    this.#cache = cache;
  }

  /** Rejects where the page may not store anything. */
  static async open(): Promise<ModelCache> {
    // Absent where the address is not secure, whatever the types say.
    const { caches: storage } = globalThis as { caches?: CacheStorage };
    if (storage === undefined) throw new Error("the Cache API needs a secure address (https or localhost)");
    return new ModelCache(await storage.open(MODEL_CACHE_NAME));
  }

  /** A copy that can't be read is none. */
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
   * Put a copy in place of any other.
   * @param weightIds for a model.json.
   * @returns its id.
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
