// Downloads from a real HTTP server on this machine.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fetchModel } from "../../../src/model/fetch-model.js";
import type { LoadProgress } from "../../../src/model/load/load-progress.js";
import { ModelCache } from "../../../src/model/load/model-cache.js";
import type { Pacing } from "../../../src/model/load/retry.js";
import { inspectModel } from "../../../src/model/inspect-model.js";
import { rejected } from "../../fixtures/caught.js";
import { MemoryCache } from "../../fixtures/memory-cache.js";
import { readContainer } from "../../fixtures/read-container.js";
import { randomNet } from "../../fixtures/random-net.js";

type Handler = (response: ServerResponse, request: IncomingMessage) => void;

let server: Server;
let origin: string;
/** By path; anything else is 404. */
let routes: Record<string, Handler | string | Uint8Array | object>;
/** All requests of a test, in order. */
let requests: IncomingMessage[];

const { weightData, weightSpecs, ...artifacts } = randomNet({ seed: 5 });
const bytes = new Uint8Array(weightData as ArrayBuffer);
const cuts = [0, 3, 3, 100, bytes.length];
const files = Object.fromEntries(
  cuts.slice(1).map((end, i) => [`group1-shard${i + 1}of4.bin`, bytes.slice(cuts[i], end)]),
);
const manifest = (paths = Object.keys(files)) => [{ paths, weights: weightSpecs }];
const modelJson = (more: object = {}) => ({ ...artifacts, weightsManifest: manifest(), ...more });

const json: (value: object) => Handler = (value) => (response) =>
  response.setHeader("content-type", "application/json").end(JSON.stringify(value));

beforeEach(async () => {
  requests = [];
  pauses = [];
  routes = { "/m/model.json": modelJson() };
  for (const [name, data] of Object.entries(files)) routes[`/m/${name}`] = data;
  server = createServer((request, response) => {
    requests.push(request);
    const route = routes[new URL(request.url!, origin).pathname];
    if (route === undefined) response.writeHead(404).end("<h1>Not found</h1>");
    else if (typeof route === "function") (route as Handler)(response, request);
    else if (typeof route === "string") response.setHeader("content-type", "text/html").end(route);
    else if (route instanceof Uint8Array) response.setHeader("content-type", "application/octet-stream").end(route);
    else json(route)(response, request);
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((closed) => server.close(closed));
});

interface Loading {
  readonly progress: LoadProgress[];
  readonly result: ReturnType<typeof fetchModel>;
}

/** Pauses between tries, ms. They are recorded, not waited for. */
let pauses: number[];
const nowMs = Date.parse("2030-01-01T00:00:00Z");
const pacing: Pacing = {
  wait: async (ms) => void pauses.push(ms),
  random: () => 0,
  nowMs: () => nowMs,
};

function load(options: Parameters<typeof fetchModel>[1] = {}, path = "/m/model.json"): Loading {
  const progress: LoadProgress[] = [];
  const result = fetchModel(origin + path, { pacing, ...options }, (step) => progress.push(step));
  // Every test awaits the result; a rejection before that must not count as unhandled.
  result.catch(() => {});
  return { progress, result };
}

const paths = () => requests.map(({ url }) => url);

describe("a model in several files", () => {
  it("arrives whole and in order", async () => {
    const model = await load().result;
    expect(model).toMatchObject({ modelTopology: artifacts.modelTopology, weightSpecs });
    expect(model).not.toHaveProperty("weightsManifest");
    const { wire } = inspectModel(model, false);
    expect(new Uint8Array(wire.weightData)).toEqual(bytes);
    expect(new Set(paths())).toEqual(new Set(["/m/model.json", ...Object.keys(files).map((name) => `/m/${name}`)]));
    expect(requests).toHaveLength(5);
  });

  it("is joined in the order of the manifest, whichever file arrives first", async () => {
    const delayed = Object.keys(files)[0]!;
    let answered = 0;
    for (const [name, data] of Object.entries(files)) {
      if (name !== delayed)
        routes[`/m/${name}`] = (response) => void response.end(data, () => ++answered === 3 && release());
    }
    let release = (): void => {};
    routes[`/m/${delayed}`] = (response) => (release = () => void response.end(files[delayed]));
    const { wire } = inspectModel(await load().result, false);
    expect(new Uint8Array(wire.weightData)).toEqual(bytes);
  });

  it("reports progress that never decreases, up to all bytes and fraction 1", async () => {
    const { progress, result } = load();
    await result;
    const total = JSON.stringify(modelJson()).length + bytes.length;
    const last = progress.at(-1)!;
    expect(last).toEqual({ phase: "model", loadedBytes: total, totalBytes: total, fraction: 1 });
    progress.forEach((step, i) => {
      expect(step.loadedBytes).toBeGreaterThanOrEqual(progress[i - 1]?.loadedBytes ?? 0);
      expect(step.fraction).toBe(step.totalBytes === undefined ? 0 : step.loadedBytes / total);
    });
    expect(progress[0]!.totalBytes).toBeUndefined();
  });

  it.each([
    ["without weights", { weightsManifest: [] }],
    [
      "with strings, whose size model.json doesn't state",
      { weightsManifest: [{ paths: ["strings.bin"], weights: [{ name: "s", shape: [1], dtype: "string" }] }] },
    ],
  ])("ends at fraction 1 %s", async (_, more) => {
    routes["/m/model.json"] = modelJson(more);
    routes["/m/strings.bin"] = new Uint8Array([1, 0, 0, 0, 65]);
    const { progress, result } = load();
    await result;
    expect(progress.at(-1)).toMatchObject({ fraction: 1 });
    expect(progress.at(-1)!.totalBytes).toBe(progress.at(-1)!.loadedBytes);
  });

  it("repeats the query string, unless a path has its own", async () => {
    const [first, ...others] = Object.keys(files) as [string, ...string[]];
    routes["/m/model.json"] = modelJson({ weightsManifest: manifest([`${first}?own=1`, ...others]) });
    await load({}, "/m/model.json?token=a/b&x=1").result;
    const expected = ["/m/model.json?token=a/b&x=1", `/m/${first}?own=1`];
    expect(new Set(paths())).toEqual(new Set([...expected, ...others.map((name) => `/m/${name}?token=a/b&x=1`)]));
  });

  it("takes paths in the manifest that are absolute, nested or need escaping", async () => {
    const names = ["weights/1 of 4.bin", "/elsewhere/ü.bin", `${origin}/other/3.bin`, "../up.bin"];
    routes["/m/model.json"] = modelJson({ weightsManifest: manifest(names) });
    const where = ["/m/weights/1%20of%204.bin", "/elsewhere/%C3%BC.bin", "/other/3.bin", "/up.bin"];
    where.forEach((path, i) => (routes[path] = Object.values(files)[i]!));
    const { wire } = inspectModel(await load().result, false);
    expect(new Uint8Array(wire.weightData)).toEqual(bytes);
  });

  it("sends requestInit's headers with every request", async () => {
    await load({ requestInit: { headers: { authorization: "Bearer t" } } }).result;
    expect(requests.map(({ headers }) => headers.authorization)).toEqual(Array(5).fill("Bearer t"));
  });

  it("arrives straight in shared memory if requested", async () => {
    const { weightData } = await load({ shareWeights: true }).result;
    expect(weightData).toBeInstanceOf(SharedArrayBuffer);
    expect(new Uint8Array(weightData as SharedArrayBuffer)).toEqual(bytes);
  });

  it("is found under a prefix, except for absolute addresses", async () => {
    const [first, ...others] = Object.keys(files) as [string, ...string[]];
    routes["/m/model.json"] = modelJson({ weightsManifest: manifest([`${origin}/m/${first}`, ...others]) });
    for (const name of others) routes[`/cdn/v1-${name}`] = routes[`/m/${name}`]!;
    const { weightData } = await load({ weightPathPrefix: `${origin}/cdn/v1-` }, "/m/model.json?token=1").result;
    expect(new Uint8Array(weightData as ArrayBuffer)).toEqual(bytes);
    const expected = [
      "/m/model.json?token=1",
      `/m/${first}?token=1`,
      ...others.map((name) => `/cdn/v1-${name}?token=1`),
    ];
    expect(new Set(paths())).toEqual(new Set(expected));
  });

  it("is found at the address that a converter returns, synchronously or not", async () => {
    for (const [name, data] of Object.entries(files)) routes[`/signed/${name}`] = data;
    const convert = (name: string) =>
      name.includes("1of4") ? `../signed/${name}?key=${name.length}` : Promise.resolve(`/signed/${name}`);
    const { weightData } = await load({ weightUrlConverter: convert, weightPathPrefix: "unused" }).result;
    expect(new Uint8Array(weightData as ArrayBuffer)).toEqual(bytes);
    expect(paths()).toContain("/signed/group1-shard1of4.bin?key=20");
  });

  it.each<[string, () => unknown, string]>([
    [
      "throws",
      () => {
        throw new Error("no key");
      },
      "no key",
    ],
    ["returns no address", () => 5, "received 5"],
    ["returns an invalid address", () => "http://", "received http://"],
  ])("reports a converter that %s", async (_what, convert, words) => {
    await rejected(
      "invalid-options",
      load({ weightUrlConverter: convert as () => string }).result,
      "weightUrlConverter",
      words,
    );
    expect(requests).toHaveLength(1);
  });

  it("takes a model.json with a byte order mark and of any content type", async () => {
    routes["/m/model.json"] = (response) =>
      void response.setHeader("content-type", "text/plain").end(`\uFEFF${JSON.stringify(modelJson())}`);
    expect((await load().result).weightSpecs).toEqual(weightSpecs);
  });
});

describe("model.json", () => {
  it.each([404, 403, 400, 410])("HTTP %i, which is final", async (status) => {
    routes["/m/model.json"] = (response) => void response.writeHead(status).end();
    await rejected("model-not-found", load().result, `HTTP ${status}`, `${origin}/m/model.json`, "check the address");
    expect(requests).toHaveLength(1);
  });

  it.each([500, 503, 429, 408])("HTTP %i, which is retried", async (status) => {
    routes["/m/model.json"] = (response) => void response.writeHead(status).end();
    const words = [`HTTP ${status}`, "4 times", `${origin}/m/model.json`, "check the address"];
    await rejected("model-not-found", load().result, ...words);
    expect(requests).toHaveLength(4);
    expect(pauses).toEqual([250, 750, 2250]);
  });

  it("a page instead", async () => {
    routes["/m/model.json"] = "<!doctype html><title>App</title>";
    await rejected("model-malformed", load().result, "an HTML page", "check the address");
  });

  it.each(["", "{", "[1,2", "not json at all", "\0\0\0"])("%j instead", async (text) => {
    routes["/m/model.json"] = (response) => void response.end(text);
    await rejected("model-malformed", load().result, "Expected JSON");
  });

  it.each([
    [[], "modelTopology"],
    [null, "modelTopology"],
    [5, "modelTopology"],
    [{ weightsManifest: [] }, "keys weightsManifest"],
    [modelJson({ modelTopology: "text" }), "modelTopology"],
    [modelJson({ weightsManifest: undefined }), '"weightsManifest" to name the weight files, received none'],
    [modelJson({ weightsManifest: "none" }), '"weightsManifest" to be a list, received string'],
    [modelJson({ weightsManifest: {} }), "weightsManifest"],
    [modelJson({ weightsManifest: [null] }), "weightsManifest[0]"],
    [modelJson({ weightsManifest: [{ paths: "x", weights: [] }] }), '"paths" in weightsManifest[0]'],
    [modelJson({ weightsManifest: [{ paths: [1], weights: [] }] }), '"paths" in weightsManifest[0]'],
    [modelJson({ weightsManifest: [{ paths: [] }] }), "weightsManifest[0].weights"],
    [modelJson({ weightsManifest: manifest(["http://", "a"]) }), "http://"],
  ])("JSON of another kind: %#", async (value, words) => {
    routes["/m/model.json"] = json(value as object);
    await rejected("model-malformed", load().result, words);
    expect(requests).toHaveLength(1);
  });

  it("an interrupted connection", async () => {
    routes["/m/model.json"] = (response) => {
      response.writeHead(200, { "content-length": 10_000 });
      response.write("{", () => response.destroy());
    };
    await rejected("model-network", load().result, "check the connection");
  });

  it("no server", async () => {
    await new Promise((closed) => server.close(closed));
    const error = await rejected("model-network", load().result, `${origin}/m/model.json`);
    expect(error.cause).toBeInstanceOf(Error);
    server.listen(0, "127.0.0.1");
  });
});

describe("a weight file", () => {
  const [first, , third] = Object.keys(files) as [string, string, string];

  it.each([404, 500])("HTTP %i", async (status) => {
    routes[`/m/${third}`] = (response) => void response.writeHead(status).end();
    await rejected("weights-missing", load().result, `HTTP ${status}`, third, "beside it");
  });

  it("a page instead", async () => {
    routes[`/m/${third}`] = "<!doctype html>";
    await rejected("weights-missing", load().result, "an HTML page", third);
  });

  it("shorter or longer than the manifest says", async () => {
    routes[`/m/${third}`] = files[third]!.slice(1);
    await rejected("weights-truncated", load().result, `${bytes.length} bytes`, `${bytes.length - 1}`);
    routes[`/m/${third}`] = new Uint8Array(1_000);
    await rejected("model-malformed", load().result, "belong to another model.json");
  });

  it("that never ends is aborted", async () => {
    const closed = new Promise((gone) => {
      routes[`/m/${third}`] = (response) => {
        const more = setInterval(() => response.write(new Uint8Array(10_000)), 1);
        response.on("close", () => gone(clearInterval(more)));
      };
    });
    await rejected("model-malformed", load().result, "belong to another model.json");
    await closed;
  });

  it("that fails at first is retried, and progress counts no byte twice", async () => {
    let asked = 0;
    routes[`/m/${third}`] = (response) => {
      if (++asked === 1) response.writeHead(503).end();
      else if (asked === 2) {
        response.writeHead(200, { "content-length": 97 });
        response.write(files[third]!.slice(0, 50), () => setTimeout(() => response.destroy(), 20));
      } else response.end(files[third]);
    };
    const { progress, result } = load();
    const { weightData } = await result;
    expect(new Uint8Array(weightData as ArrayBuffer)).toEqual(bytes);
    const total = JSON.stringify(modelJson()).length + bytes.length;
    expect(progress.at(-1)).toEqual({ phase: "model", loadedBytes: total, totalBytes: total, fraction: 1 });
    expect(progress.every(({ loadedBytes }) => loadedBytes <= total)).toBe(true);
    expect(pauses).toEqual([250, 750]);
  });

  it("a connection that is closed in mid-body", async () => {
    routes[`/m/${third}`] = (response) => {
      response.writeHead(200, { "content-length": 97 });
      response.write(files[third]!.slice(0, 50), () => response.destroy());
    };
    await rejected("model-network", load().result, third);
  });

  it("that fails stops the others, and no progress is reported afterwards", async () => {
    const names = Array.from({ length: 12 }, (_, i) => `w${i}.bin`);
    routes["/m/model.json"] = modelJson({ weightsManifest: [{ paths: names, weights: weightSpecs }] });
    const closed = new Promise((gone) => {
      routes["/m/w0.bin"] = (response) => {
        response.writeHead(200, { "content-length": 10 });
        response.write("x");
        response.on("close", gone);
      };
    });
    const { progress, result } = load();
    await rejected("weights-missing", result);
    const reportCount = progress.length;
    // The endless download is aborted, and those that have not started never start.
    await closed;
    expect(paths()).not.toContain("/m/w8.bin");
    expect(progress).toHaveLength(reportCount);
    expect(first).toBe("group1-shard1of4.bin");
  });
});

describe("an abort", () => {
  it("before the start sends no request", async () => {
    const reason = new Error("why");
    const error = await rejected("aborted", load({ signal: AbortSignal.abort(reason) }).result);
    expect([error.name, error.cause, requests.length]).toEqual(["AbortError", reason, 0]);
  });

  it.each(["/m/model.json", "/m/group1-shard2of4.bin"])("while %s is under way", async (path) => {
    const controller = new AbortController();
    const closed = new Promise((gone) => {
      routes[path] = (response) => {
        response.on("close", gone);
        response.writeHead(200, { "content-length": 10 });
        response.write("{");
        controller.abort("enough");
      };
    });
    const error = await rejected("aborted", load({ signal: controller.signal }).result);
    expect(error.cause).toBe("enough");
    await closed;
  });

  it("by requestInit's own signal is an abort as well", async () => {
    await rejected("aborted", load({ requestInit: { signal: AbortSignal.abort() } }).result);
  });
});

describe("the address of a folder", () => {
  it.each(["/m/", "/m", "/m?token=1", "/m/?token=1"])("%s loads the model.json in it", async (path) => {
    expect((await load({}, path).result).weightSpecs).toEqual(weightSpecs);
    expect(paths()).toContain(`/m/model.json${new URL(path, origin).search}`);
  });

  it.each([
    ["/nowhere/", "/nowhere/model.json"],
    ["/nowhere", "/nowhere, received HTTP 404"],
  ])("%s without one is refused by %s", async (path, words) => {
    await rejected("model-not-found", load({}, path).result, words);
  });

  it("without an extension may be a file all the same", async () => {
    routes["/net"] = { ...modelJson(), weightsManifest: manifest(Object.keys(files).map((name) => `m/${name}`)) };
    expect((await load({}, "/net").result).weightSpecs).toEqual(weightSpecs);
    expect(paths()).not.toContain("/net/model.json");
  });
});

describe("what stands in the place of a file", () => {
  const POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n";
  const name = Object.keys(files)[3]!;
  const binary = (data: string | Uint8Array): Uint8Array =>
    typeof data === "string" ? new TextEncoder().encode(data) : data;

  it.each<[string, string | Uint8Array, string[]]>([
    ["a Git LFS pointer", POINTER, ["Git LFS pointer", "git lfs pull"]],
    ["a page of another type", "<!doctype html><p>", ["an HTML page"]],
    ["gzip without its header", gzipSync(files[name]!), ["gzip-compressed", "Content-Encoding"]],
  ])("instead of weights: %s", async (_what, data, words) => {
    routes[`/m/${name}`] = binary(data);
    await rejected("weights-missing", load().result, name, ...words);
  });

  it.each<[string, string | Uint8Array, string]>([
    ["/m/model.json", POINTER, "Git LFS pointer"],
    ["/m/model.json", gzipSync("{}"), "gzip-compressed"],
    ["/m/net.tflite", POINTER, "Git LFS pointer"],
    ["/m/net.onnx", POINTER, "Git LFS pointer"],
    ["/m/net.onnx", "<!doctype html><p>", "an HTML page"],
  ])("instead of a model at %s: %#", async (path, data, words) => {
    routes[path] = binary(data);
    await rejected("model-unsupported", load({}, path).result, path, words);
  });

  it("is refused with the address at which redirects ended", async () => {
    routes["/m/model.json"] = (response) => void response.writeHead(302, { location: "/login" }).end();
    routes["/login"] = "<!doctype html><p>Sign in";
    await rejected("model-malformed", load().result, "/m/model.json (redirected to", "/login)", "an HTML page");
    routes["/login"] = (response) => void response.writeHead(403).end();
    await rejected("model-not-found", load().result, "/login)", "HTTP 403");
  });
});

it("weights of odd names are requested by them", async () => {
  const names = ["a b.bin", "ü#1.bin", "100%.bin", "w/c.bin"];
  routes["/m/model.json"] = modelJson({ weightsManifest: manifest(names) });
  const sent = ["/m/a%20b.bin", "/m/%C3%BC%231.bin", "/m/100%.bin", "/m/w/c.bin"];
  for (const [index, path] of sent.entries()) routes[path] = Object.values(files)[index]!;
  const { wire } = inspectModel(await load().result, false);
  expect(new Uint8Array(wire.weightData)).toEqual(bytes);
});

describe("one file that is the whole model", () => {
  it.each([
    ["keras3.keras", 12],
    ["keras2.h5", 12],
    ["lookup.keras", 0],
  ])("%s is downloaded, with progress, and read", async (name, weightCount) => {
    const file = new Uint8Array(readFileSync(`tests/fixtures/keras-files/${name}`));
    routes[`/m/${name}`] = file;
    const { result, progress } = load({ readContainer }, `/m/${name}?v=1`);
    expect((await result).weightSpecs).toHaveLength(weightCount);
    expect(progress.at(-1)).toEqual({ phase: "model", loadedBytes: file.length, totalBytes: file.length, fraction: 1 });
    expect(progress[0]!.loadedBytes).toBeLessThanOrEqual(file.length);
  });

  it("is retried, and is refused if it is damaged", async () => {
    const file = new Uint8Array(readFileSync("tests/fixtures/keras-files/keras2.h5"));
    let count = 0;
    routes["/m/a.h5"] = (response) => void (count++ === 0 ? response.writeHead(503).end() : response.end(file));
    expect((await load({ readContainer }, "/m/a.h5").result).weightSpecs).toHaveLength(12);
    routes["/m/b.h5"] = file.slice(0, 20_000);
    await rejected("model-malformed", load({ readContainer }, "/m/b.h5").result, "b.h5", "truncated");
  });

  it("is stored once, and used without a server", async () => {
    const cache = new ModelCache(new MemoryCache());
    routes["/m/a.keras"] = new Uint8Array(readFileSync("tests/fixtures/keras-files/keras3.keras"));
    const url = `${origin}/m/a.keras`;
    const first = await load({ readContainer, cache }, "/m/a.keras").result;
    await expect.poll(async () => (await cache.of(url).find(url))?.byteLength).toBeGreaterThan(0);
    routes["/m/a.keras"] = (_response, request) => void request.socket.destroy();
    const notices: string[] = [];
    const second = await load({ readContainer, cache, onNotice: ({ code }) => notices.push(code) }, "/m/a.keras")
      .result;
    expect(second).toEqual(first);
    expect(notices).toEqual(["offline-copy"]);
  });
});

describe("a .tflite file", () => {
  const file = new Uint8Array(readFileSync("tests/fixtures/tflite/conv.tflite"));

  it.each(["/m/net.tflite", "/m/net.bin", "/m/net", "/m/net.tflite?signed=1"])(
    "is known by its bytes at %s, with progress by its size",
    async (path) => {
      routes[path.replace(/\?.*/, "")] = (response) => response.setHeader("content-length", file.length).end(file);
      const { progress, result } = load({}, path);
      const { format, weightData } = await result;
      expect(format).toBe("tflite");
      expect(new Uint8Array(weightData as ArrayBuffer)).toEqual(file);
      expect(progress.at(-1)).toMatchObject({ loadedBytes: file.length, totalBytes: file.length, fraction: 1 });
      expect(progress.every(({ totalBytes }) => totalBytes === file.length)).toBe(true);
    },
  );

  it("is stored once, and used without a server", async () => {
    const cache = new ModelCache(new MemoryCache());
    routes["/m/net.tflite"] = file;
    const url = `${origin}/m/net.tflite`;
    const first = await load({ cache }, "/m/net.tflite").result;
    await expect.poll(async () => (await cache.of(url).find(url))?.byteLength).toBe(file.length);
    routes["/m/net.tflite"] = (_response, request) => void request.socket.destroy();
    const notices: string[] = [];
    const second = await load({ cache, onNotice: ({ code }) => notices.push(code) }, "/m/net.tflite").result;
    expect(second).toEqual(first);
    expect(notices).toEqual(["offline-copy"]);
  });
});

describe("an .onnx file and its external data", () => {
  const model = new Uint8Array(readFileSync("tests/fixtures/onnx/external.onnx"));
  const data = new Uint8Array(readFileSync("tests/fixtures/onnx/external.weights"));
  const both = new Uint8Array([...model, ...data]);
  const dataFiles = [{ path: "external.weights", byteOffset: model.length, byteLength: data.length }];

  it.each(["/m/net.onnx", "/m/net", "/m/net.onnx?signed=1"])("are joined at %s, with progress", async (path) => {
    routes[path.replace(/\?.*/, "")] = model;
    routes["/m/external.weights"] = data;
    const { progress, result } = load({}, path);
    const { format, modelTopology, weightData } = await result;
    expect({ format, modelTopology }).toEqual({ format: "onnx", modelTopology: { dataFiles } });
    expect(new Uint8Array(weightData as ArrayBuffer)).toEqual(both);
    expect(progress.at(-1)).toMatchObject({ loadedBytes: both.length, totalBytes: both.length, fraction: 1 });
  });

  it("are stored together, and used without a server", async () => {
    const cache = new ModelCache(new MemoryCache());
    routes["/m/net.onnx"] = model;
    routes["/m/external.weights"] = data;
    const url = `${origin}/m/net.onnx`;
    const first = await load({ cache }, "/m/net.onnx").result;
    await expect.poll(async () => (await cache.of(url).find(url))?.weightIds.length).toBe(1);
    routes["/m/net.onnx"] = (_response, request) => void request.socket.destroy();
    routes["/m/external.weights"] = (_response, request) => void request.socket.destroy();
    const notices: string[] = [];
    const second = await load({ cache, onNotice: ({ code }) => notices.push(code) }, "/m/net.onnx").result;
    expect(second).toEqual(first);
    expect(notices).toEqual(["offline-copy"]);
  });

  it.each(["tflite/dense.tflite", "onnx/external.onnx"])(
    "replace an earlier version in the cache: %s",
    async (name) => {
      const cache = new ModelCache(new MemoryCache());
      const url = `${origin}/m/net`;
      routes["/m/external.weights"] = data;
      for (const [etag, bytes] of [[`"1"`, readFileSync(`tests/fixtures/${name}`)] as const, [`"2"`, model] as const]) {
        routes["/m/net"] = (response) => response.setHeader("etag", etag).end(bytes);
        await load({ cache, onNotice: ({ message }) => expect.fail(message) }, "/m/net").result;
        await expect.poll(async () => (await cache.of(url).find(url))?.etag).toBe(etag);
      }
    },
  );

  it("are refused if a file is missing, too short, or no file of weights", async () => {
    routes["/m/net.onnx"] = model;
    await rejected("weights-missing", load({}, "/m/net.onnx").result, "/m/external.weights");
    routes["/m/external.weights"] = data.slice(0, 100);
    await rejected("weights-truncated", load({}, "/m/net.onnx").result, "received 100");
    routes["/m/external.weights"] = "<!doctype html><p>";
    await rejected("weights-missing", load({}, "/m/net.onnx").result, "an HTML page");
  });
});
