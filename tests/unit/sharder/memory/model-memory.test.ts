import { readFile } from "node:fs/promises";
import { describe, expect, it, vi } from "vitest";
import { createModelMemory, environmentOf, type MemoryCache } from "../../../../src/sharder/memory/model-memory.js";
import { PACKAGE_VERSION } from "../../../../src/sharder/memory/package-version.js";

/** The platform's cache: entries in the order in which they were written. */
class ListedCache implements MemoryCache {
  readonly entries = new Map<string, string>();

  match = async (key: RequestInfo | URL) => {
    const text = this.entries.get(urlOf(key));
    return text === undefined ? undefined : new Response(text);
  };
  put = async (key: RequestInfo | URL, response: Response) => {
    const text = await response.text();
    this.entries.delete(urlOf(key));
    this.entries.set(urlOf(key), text);
  };
  delete = async (key: RequestInfo | URL) => this.entries.delete(urlOf(key));
  keys = async () => [...this.entries.keys()].map((url) => new Request(url));
}

function urlOf(key: RequestInfo | URL): string {
  return key instanceof Request ? key.url : String(key);
}

const ENVIRONMENT = environmentOf({ userAgent: "a browser", hardwareConcurrency: 2 });

function memoryOf(id: string, cache: MemoryCache, environment = ENVIRONMENT) {
  return createModelMemory({ modelId: async () => id, open: async () => cache, environment });
}

describe("createModelMemory", () => {
  it("gives a later visit what was written last, by model and section", async () => {
    const cache = new ListedCache();
    const memory = memoryOf("a", cache);
    memory.write("calls", [1]);
    memory.write("calls", [2]);
    memory.write("throughput", { wasm: 3 });
    await expect.poll(() => memoryOf("a", cache).read("throughput")).toEqual({ wasm: 3 });
    expect(await memoryOf("a", cache).read("calls")).toEqual([2]);
    expect(await memoryOf("a", cache).read("workers")).toBeUndefined();
    expect(await memoryOf("b", cache).read("calls")).toBeUndefined();
  });

  it("reads what waits to be written", async () => {
    const memory = memoryOf("a", new ListedCache());
    memory.write("calls", [1]);
    memory.write("throughput", [2]);
    expect(await memory.read("throughput")).toEqual([2]);
  });

  it("does not use what was measured by another version, in another browser or on other cores", async () => {
    const cache = new ListedCache();
    memoryOf("a", cache).write("calls", 1);
    await expect.poll(() => memoryOf("a", cache).read("calls")).toBe(1);
    const other = environmentOf({ userAgent: "a browser", hardwareConcurrency: 4 });
    expect(await memoryOf("a", cache, other).read("calls")).toBeUndefined();
    const { version } = JSON.parse(await readFile("package.json", "utf8")) as { version: string };
    expect(version, "raise PACKAGE_VERSION").toBe(PACKAGE_VERSION);
    expect(ENVIRONMENT).toContain(version);
  });

  it("keeps the 64 models that were written to last", async () => {
    const cache = new ListedCache();
    const write = async (id: string) => {
      memoryOf(id, cache).write("calls", id);
      await vi.waitFor(() => expect([...cache.entries.keys()].at(-1)).toContain(`/${id}/`), { interval: 1 });
    };
    for (let index = 0; index < 64; index++) await write(`model-${index}`);
    await write("model-0");
    await write("model-64");
    await expect.poll(() => cache.entries.size).toBe(64);
    expect(await memoryOf("model-0", cache).read("calls")).toBe("model-0");
    expect(await memoryOf("model-1", cache).read("calls")).toBeUndefined();
  });

  it("remembers nothing where nothing can be stored or hashed, or where what is stored is damaged", async () => {
    const refuse = async () => Promise.reject(new DOMException("full", "QuotaExceededError"));
    const full = new ListedCache();
    full.put = refuse;
    const damaged = new ListedCache();
    damaged.match = async () => new Response("{");
    const memories = [
      createModelMemory({ modelId: refuse, open: async () => new ListedCache(), environment: ENVIRONMENT }),
      createModelMemory({ modelId: async () => "a", open: refuse, environment: ENVIRONMENT }),
      // Node has no Cache API.
      createModelMemory({ modelId: async () => "a", environment: ENVIRONMENT }),
      memoryOf("a", full),
      memoryOf("a", damaged),
    ];
    for (const memory of memories) {
      memory.write("calls", 1);
      memory.write("throughput", 1);
      await expect.poll(() => memory.read("calls")).toBeUndefined();
    }
  });
});
