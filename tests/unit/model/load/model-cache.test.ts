// Loads a model several times through one cache, from a real HTTP server with ETags on which it changes.
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setImmediate } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { ModelArtifacts } from "../../../../src/model/artifacts.js";
import { fetchModel, type FetchOptions } from "../../../../src/model/fetch-model.js";
import type { LoadNotice } from "../../../../src/model/load/load-notice.js";
import type { LoadProgress } from "../../../../src/model/load/load-progress.js";
import { ModelCache } from "../../../../src/model/load/model-cache.js";
import { openModelCache } from "../../../../src/model/load/open-cache.js";
import { rejected } from "../../../fixtures/caught.js";
import { MemoryCache } from "../../../fixtures/memory-cache.js";
import { randomNet } from "../../../fixtures/random-net.js";

interface Served {
  bytes: Uint8Array;
  /** Sent as the ETag; "" sends none. */
  version: string;
  status?: number;
  headers?: Record<string, string>;
}

let server: Server;
let origin: string;
let isUp: boolean;
let served: Record<string, Served>;
/** "status path" of every response. */
let answers: string[];
let cache: MemoryCache;
let notices: LoadNotice[];
let progress: LoadProgress[];

const { weightData, weightSpecs, ...artifacts } = randomNet({ seed: 5 });
const weights = new Uint8Array(weightData as ArrayBuffer);
const encode = (value: object) => new TextEncoder().encode(JSON.stringify(value));

function publish(version: string, { cut = 100, names = ["a.bin", "b.bin"], bytes = weights } = {}): void {
  const weightsManifest = [{ paths: names, weights: weightSpecs }];
  served["/model.json"] = { bytes: encode({ ...artifacts, weightsManifest, generatedBy: version }), version };
  served[`/${names[0]!}`] = { bytes: bytes.slice(0, cut), version };
  served[`/${names[1]!}`] = { bytes: bytes.slice(cut), version };
}

beforeEach(async () => {
  isUp = true;
  served = {};
  answers = [];
  cache = new MemoryCache();
  notices = [];
  publish("v1");
  server = createServer((request, response) => {
    const path = new URL(request.url!, origin).pathname;
    const file = served[path];
    if (!isUp) return void request.socket.destroy();
    const etag = file?.version ? `"${file.version}"` : "none";
    const isSame = file?.version !== "" && request.headers["if-none-match"] === etag;
    const status = file === undefined ? 404 : (file.status ?? (isSame ? 304 : 200));
    answers.push(`${status} ${path}`);
    response.writeHead(status, { ...(etag === "none" ? {} : { etag }), ...file?.headers });
    response.end(status === 200 ? file!.bytes : undefined);
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((closed) => server.close(closed));
});

async function load(options: FetchOptions = {}, path = "/model.json"): Promise<ModelArtifacts> {
  [answers, notices, progress] = [[], [], []];
  const model = await fetchModel(
    origin + path,
    {
      cache: new ModelCache(cache),
      onNotice: (notice) => notices.push(notice),
      pacing: { wait: async () => {}, random: () => 0, nowMs: () => 0 },
      ...options,
    },
    (step) => progress.push(step),
  );
  // Files are stored in the background. This needs no network, only some turns of the event loop.
  for (let turn = 0; turn < 100; turn++) await setImmediate();
  return model;
}

const versionOf = ({ generatedBy, weightData }: ModelArtifacts) => [
  generatedBy,
  Buffer.compare(new Uint8Array(weightData as ArrayBuffer), weights) === 0 ? "weights" : "other weights",
];
const storedPaths = () => [...cache.entries.keys()].map((url) => new URL(url).pathname).sort();
const other = weights.map((byte) => byte ^ 1);

describe("a second load", () => {
  it("of an unchanged model transfers no file", async () => {
    await load();
    expect(storedPaths()).toEqual(["/a.bin", "/b.bin", "/model.json"]);
    const writes = cache.stored.length;
    expect(versionOf(await load({ shareWeights: true }))).toEqual(["v1", "weights"]);
    expect(answers.sort()).toEqual(["304 /a.bin", "304 /b.bin", "304 /model.json"]);
    expect(progress.at(-1)).toMatchObject({
      fraction: 1,
      loadedBytes: served["/model.json"]!.bytes.length + weights.length,
    });
    expect(cache.stored).toHaveLength(writes);
    expect(notices).toEqual([]);
  });

  it("transfers only files that have changed, and stores them", async () => {
    await load();
    served["/b.bin"] = { bytes: other.slice(100), version: "v2" };
    for (const status of ["200", "304"]) {
      const model = await load();
      expect(Buffer.compare(new Uint8Array(model.weightData as ArrayBuffer).slice(100), other.slice(100))).toBe(0);
      expect(answers.sort()).toEqual([...[`${status} /b.bin`, "304 /a.bin", "304 /model.json"]].sort());
    }
    isUp = false;
    expect(versionOf(await load())).toEqual(["v1", "other weights"]);
  });

  it("of a model with new file names removes the old files", async () => {
    await load();
    publish("v2", { names: ["a2.bin", "b2.bin"] });
    expect(versionOf(await load())).toEqual(["v2", "weights"]);
    expect(storedPaths()).toEqual(["/a2.bin", "/b2.bin", "/model.json"]);
  });

  it("checks lengths again if files have changed under an unchanged model.json, and removes what doesn't fit", async () => {
    await load();
    served["/b.bin"] = { bytes: weights.slice(101), version: "v2" };
    await rejected("weights-truncated", load());
    expect(storedPaths()).toEqual([]);
  });

  it("transfers files without ETag and date again, but uses their copies without a server", async () => {
    for (const file of Object.values(served)) file.version = "";
    await load();
    await load();
    expect(answers.sort()).toEqual(["200 /a.bin", "200 /b.bin", "200 /model.json"]);
    isUp = false;
    expect(versionOf(await load())).toEqual(["v1", "weights"]);
  });

  it("fails if the server says that a file is gone, and removes its copy", async () => {
    await load();
    delete served["/b.bin"];
    await rejected("weights-missing", load(), "HTTP 404");
    expect(storedPaths()).not.toContain("/b.bin");
  });

  it("downloads again what the cache has damaged, counting no byte twice", async () => {
    await load();
    const key = [...cache.entries.keys()].find((url) => url.includes("/b.bin"))!;
    const entry = cache.entries.get(key)!;
    entry.bytes = entry.bytes.slice(7);
    expect(versionOf(await load())).toEqual(["v1", "weights"]);
    expect(answers).toContain("200 /b.bin");
    const totalBytes = served["/model.json"]!.bytes.length + weights.length;
    expect(progress.every(({ loadedBytes }) => loadedBytes <= totalBytes)).toBe(true);
    expect(cache.entries.get(key)!.bytes.byteLength).toBe(weights.length - 100);
  });
});

describe("without a server", () => {
  it.each<[string, () => void]>([
    ["it doesn't answer", () => (isUp = false)],
    ["it answers 503", () => (served["/model.json"]!.status = 503)],
  ])("the last copy is used, with a notice, if %s", async (_what, lose) => {
    await load();
    lose();
    expect(versionOf(await load())).toEqual(["v1", "weights"]);
    expect(notices).toEqual([{ code: "offline-copy", message: expect.stringContaining(`${origin}/model.json`) }]);
    expect(progress.at(-1)).toMatchObject({ fraction: 1 });
    // No further file is requested.
    expect(answers.length).toBeLessThanOrEqual(1);
  });

  it("for one weight file, its copy is used beside the confirmed ones", async () => {
    await load();
    served["/b.bin"]!.status = 503;
    expect(versionOf(await load())).toEqual(["v1", "weights"]);
    expect(notices.map(({ code }) => code)).toEqual(["offline-copy"]);
  });

  it("loading fails if nothing was stored", async () => {
    isUp = false;
    await rejected("model-network", load());
  });

  it("versions are never mixed: new model.json, old weights", async () => {
    await load();
    publish("v2", { bytes: other });
    served["/b.bin"]!.status = 503;
    await rejected("weights-missing", load(), "HTTP 503");
  });

  it("versions are never mixed: a new weight file beside an old one", async () => {
    await load();
    served["/a.bin"] = { bytes: other.slice(0, 100), version: "v2" };
    served["/b.bin"]!.status = 503;
    await rejected("weights-missing", load(), "HTTP 503");
  });

  it("versions are never mixed: storing was interrupted between them", async () => {
    await load();
    publish("v2", { bytes: other });
    // Room for a.bin's new version and none for b.bin's, which is longer by one.
    const total = [...cache.entries.values()].reduce((sum, { bytes }) => sum + bytes.byteLength, 0);
    publish("v2", { bytes: other, cut: 99 });
    cache.quotaBytes = total - 1;
    expect(versionOf(await load())).toEqual(["v2", "other weights"]);
    expect(notices.map(({ code }) => code)).toEqual(["cache-full"]);
    isUp = false;
    await rejected("model-network", load());
  });
});

describe("is not stored", () => {
  it("a file that the server forbids to store, and its earlier copy is removed", async () => {
    await load();
    for (const file of Object.values(served)) {
      file.version = "v2";
      file.headers = { "cache-control": "private, no-store" };
    }
    expect(versionOf(await load())).toEqual(["v1", "weights"]);
    expect(storedPaths()).toEqual([]);
  });

  it("a model that there is no room for: it loads, with a notice", async () => {
    cache.quotaBytes = 500;
    expect(versionOf(await load())).toEqual(["v1", "weights"]);
    expect(notices).toEqual([{ code: "cache-full", message: expect.stringContaining("no room") }]);
  });

  it("a model that failed to load", async () => {
    served["/b.bin"]!.bytes = weights.slice(101);
    await rejected("weights-truncated", load());
    expect(storedPaths()).toEqual([]);
  });
});

describe("models that name the same file", () => {
  /** Another model, beside the first one, that names one of its weight files. */
  const loadSecond = (names: string[]) => {
    const weightsManifest = [{ paths: names, weights: weightSpecs }];
    served["/second.json"] = { bytes: encode({ ...artifacts, generatedBy: "second", weightsManifest }), version: "s1" };
    return load({}, "/second.json");
  };

  it("do not spoil each other's copies", async () => {
    await load();
    served["/b.bin"] = { bytes: other.slice(100), version: "v2" };
    await loadSecond(["a.bin", "b.bin"]);
    isUp = false;
    expect(versionOf(await load())).toEqual(["v1", "weights"]);
  });

  it("do not remove each other's copies if one of them is wrong", async () => {
    await load();
    await rejected("weights-truncated", loadSecond(["a.bin"]));
    await rejected("model-malformed", loadSecond(["a.bin", "model.json"]));
    isUp = false;
    expect(versionOf(await load())).toEqual(["v1", "weights"]);
  });
});

describe("a browser that never answers", () => {
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });
  const never = () => new Promise<never>(() => {});

  it("when asked for its cache is not waited for", async () => {
    vi.useFakeTimers();
    vi.stubGlobal("caches", { open: never });
    const opening = openModelCache(`${origin}/model.json`, undefined, (notice) => notices.push(notice));
    await vi.advanceTimersByTimeAsync(5_000);
    expect(await opening).toBeUndefined();
    expect(notices).toEqual([{ code: "cache-unavailable", message: expect.stringContaining("within 5 s") }]);
  });

  it("when asked for a file is taken to have none", async () => {
    vi.useFakeTimers();
    const files = new ModelCache({ match: never, put: never, delete: never }).of("https://a.example/model.json");
    const finding = files.find("https://a.example/w.bin");
    const removing = files.remove("https://a.example/w.bin").catch((thrown: unknown) => String(thrown));
    await vi.advanceTimersByTimeAsync(5_000);
    expect(await finding).toBeUndefined();
    expect(await removing).toContain("within 5 s");
  });
});
