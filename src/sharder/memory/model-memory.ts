import { withinMs } from "../../model/load/within-ms.js";
import { PACKAGE_VERSION } from "./package-version.js";

/** The browser's cache in which measurements are kept. */
const MODEL_MEMORY_NAME = "inference-sharder-memory";

/** Measurements of more models than this are not kept. */
const MODEL_LIMIT = 64;
/** A browser whose storage is damaged may never answer. */
const DEADLINE_MS = 5_000;
/** A cache needs addresses. Nothing is ever requested from this one: such names are never given out (RFC 2606). */
const ADDRESS = "https://inference-sharder.invalid/memory/";

/** What was measured of a model, by section: each part of the sharder that remembers something has one. */
export type MemorySection = "throughput" | "calls" | "workers" | "engine" | "use";

/** Where it is kept: the browser's `Cache`. */
export type MemoryCache = Pick<Cache, "match" | "put" | "delete" | "keys">;

/** Measurements of one model on this machine. Neither reading nor writing ever fails: there is something to be read, or not. */
export interface ModelMemory {
  /** What was written last, in this visit or an earlier one. `undefined` if there is nothing, or nothing that can be used. */
  read(section: MemorySection): Promise<unknown>;
  /** Keep a value, which must be JSON, when there is time. Of values that wait to be written, the latest is. */
  write(section: MemorySection, value: unknown): void;
}

export interface ModelMemoryParts {
  /** The digest of the model, as `identifyModel` computes it. Called once, with the first `read` or `write`. */
  readonly modelId: () => Promise<string>;
  /** Default: the browser's Cache API. Rejects, or throws, where there is none. */
  readonly open?: () => Promise<MemoryCache>;
  /** What measurements depend on beside the model; those of another one are not used. Default: `environmentOf(navigator)`. */
  readonly environment?: string;
}

/** For a sharder that is told to remember nothing. */
export const NO_MEMORY: ModelMemory = { read: async () => undefined, write: () => {} };

/** The version of this library, the browser and its version, and the number of cores. */
export function environmentOf(browser: Pick<Navigator, "userAgent" | "hardwareConcurrency">): string {
  return [PACKAGE_VERSION, browser.userAgent, browser.hardwareConcurrency].join(" · ");
}

/**
 * Open what is known of a model. Nothing is read or hashed before the first `read` or `write`.
 * At most 64 models are kept: a further one takes the place of that which was written to longest ago.
 */
export function createModelMemory({ modelId, open = openCache, environment }: ModelMemoryParts): ModelMemory {
  let opened: Promise<{ readonly cache: MemoryCache; readonly id: string }> | undefined;
  const reach = () => (opened ??= reachAll(modelId, open));
  const current = () => environment ?? environmentOf(navigator);
  const waiting = new Map<MemorySection, unknown>();
  let isWriting = false;

  const writeAll = async (): Promise<void> => {
    isWriting = true;
    try {
      const { cache, id } = await reach();
      // Others may come while one is written.
      for (let next = first(waiting); next !== undefined; next = first(waiting)) {
        const [section, value] = next;
        const text = JSON.stringify({ environment: current(), value });
        await withinMs(DEADLINE_MS, cache.put(addressOf(id, section), new Response(text)), "the cache did not answer");
        if (waiting.get(section) === value) waiting.delete(section);
        if (waiting.size === 0) await dropOldest(cache);
      }
    } catch {
      // What can't be kept is measured again.
      waiting.clear();
    } finally {
      isWriting = false;
    }
  };

  return {
    async read(section) {
      if (waiting.has(section)) return waiting.get(section);
      try {
        const { cache, id } = await reach();
        const response = await withinMs(DEADLINE_MS, cache.match(addressOf(id, section)), "the cache did not answer");
        const stored: unknown = await response?.json();
        return isStored(stored) && stored.environment === current() ? stored.value : undefined;
      } catch {
        return undefined;
      }
    },
    write(section, value) {
      waiting.set(section, value);
      if (!isWriting) void writeAll();
    },
  };
}

function first<K, V>(entries: ReadonlyMap<K, V>): [K, V] | undefined {
  for (const entry of entries) return entry;
  return undefined;
}

async function reachAll(modelId: () => Promise<string>, open: () => Promise<MemoryCache>) {
  const [id, cache] = await Promise.all([modelId(), withinMs(DEADLINE_MS, open(), "the cache did not answer")]);
  return { id, cache };
}

async function openCache(): Promise<MemoryCache> {
  // The types say otherwise, but `caches` is absent if the page's address is not secure.
  const { caches: storage } = globalThis as { caches?: CacheStorage };
  if (storage === undefined) throw new Error("the Cache API needs a secure address (https or localhost)");
  return storage.open(MODEL_MEMORY_NAME);
}

/** A cache lists its entries in the order in which they were written; one that is written again moves to the end. */
async function dropOldest(cache: MemoryCache): Promise<void> {
  const byModel = new Map<string, Request[]>();
  for (const request of (await cache.keys()).toReversed()) {
    const model = request.url.slice(ADDRESS.length).split("/")[0]!;
    byModel.set(model, [...(byModel.get(model) ?? []), request]);
  }
  for (const request of [...byModel.values()].slice(MODEL_LIMIT).flat()) await cache.delete(request);
}

function addressOf(id: string, section: MemorySection): string {
  return `${ADDRESS}${id}/${section}`;
}

function isStored(stored: unknown): stored is { readonly environment: unknown; readonly value: unknown } {
  return typeof stored === "object" && stored !== null && "environment" in stored && "value" in stored;
}
