import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { serve } from "../../../scripts/serve.mjs";

let folder: string;
let server: Awaited<ReturnType<typeof serve>>;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "serve-"));
  mkdirSync(join(folder, "public"));
  mkdirSync(join(folder, "models"));
  writeFileSync(join(folder, "secret.txt"), "secret");
  writeFileSync(join(folder, "public/index.html"), "<p>page");
  writeFileSync(join(folder, "public/a b.txt"), "spaced");
  writeFileSync(join(folder, "public/empty.bin"), "");
  writeFileSync(join(folder, "public/x.wasm"), "0123456789");
  writeFileSync(join(folder, "models/model.json"), "{}");
  server = await serve({ root: join(folder, "public"), mounts: { "/models/": join(folder, "models") } });
});

afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

const get = (path: string, init?: RequestInit) => fetch(new URL(path, server.url), init);

/** The path as it is: `fetch` would resolve ".." itself. */
function statusOfRawPath(path: string): Promise<number | undefined> {
  const { hostname, port } = new URL(server.url);
  return new Promise((settle, fail) => {
    request({ hostname, port, path }, (response) => {
      response.resume();
      settle(response.statusCode);
    })
      .once("error", fail)
      .end();
  });
}

it("isolates the page and gives each file its type", async () => {
  const page = await get("/?embed=1");
  expect(await page.text()).toBe("<p>page");
  expect(page.headers.get("content-type")).toBe("text/html; charset=utf-8");
  expect(page.headers.get("cross-origin-opener-policy")).toBe("same-origin");
  expect(page.headers.get("cross-origin-embedder-policy")).toBe("require-corp");
  expect(page.headers.get("cross-origin-resource-policy")).toBe("same-origin");
  expect((await get("/x.wasm")).headers.get("content-type")).toBe("application/wasm");
  expect((await get("/models/model.json")).headers.get("content-type")).toBe("application/json; charset=utf-8");
  expect(await (await get("/a%20b.txt")).text()).toBe("spaced");
  expect(await (await get("/empty.bin")).text()).toBe("");
});

it("leaves isolation out on request", async () => {
  const plain = await serve({ root: join(folder, "public"), isolated: false });
  const { headers } = await fetch(plain.url);
  await plain.close();
  expect(headers.has("cross-origin-embedder-policy")).toBe(false);
});

it("answers a missing file with text and 404, never with the page", async () => {
  const missing = await get("/models/weights.bin");
  expect(missing.status).toBe(404);
  expect(missing.headers.get("content-type")).toBe("text/plain; charset=utf-8");
  expect(await missing.text()).toBe("Not found.\n");
});

it.each(["/../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt", "/..%5csecret.txt", "/models/../../secret.txt"])(
  "keeps %s out of reach",
  async (path) => {
    expect(await statusOfRawPath(path)).toBe(404);
  },
);

it("refuses what it does not understand", async () => {
  expect(await statusOfRawPath("/%zz")).toBe(400);
  expect(await statusOfRawPath("/%00")).toBe(404);
  expect((await get("/", { method: "POST" })).status).toBe(405);
});

it("answers HEAD as GET, without the body", async () => {
  const head = await get("/x.wasm", { method: "HEAD" });
  expect(head.headers.get("content-length")).toBe("10");
  expect(await head.text()).toBe("");
});

it("lets a browser keep a file but ask whether it is current", async () => {
  const first = await get("/x.wasm");
  expect(first.headers.get("cache-control")).toBe("no-cache");
  const etag = first.headers.get("etag") ?? "";
  expect((await get("/x.wasm", { headers: { "If-None-Match": etag } })).status).toBe(304);
  writeFileSync(join(folder, "public/x.wasm"), "01234567890");
  expect((await get("/x.wasm", { headers: { "If-None-Match": etag } })).status).toBe(200);
  writeFileSync(join(folder, "public/x.wasm"), "0123456789");
});

describe("a range", () => {
  it.each([
    ["bytes=2-4", 206, "234"],
    ["bytes=7-", 206, "789"],
    ["bytes=-3", 206, "789"],
    ["bytes=8-99", 206, "89"],
    ["bytes=10-", 416, ""],
    ["bytes=-0", 416, ""],
    ["bytes=4-2", 200, "0123456789"],
    ["bytes=0-1,4-5", 200, "0123456789"],
  ])("%s → %i %s", async (range, status, text) => {
    const response = await get("/x.wasm", { headers: { Range: range } });
    expect([response.status, await response.text()]).toEqual([status, text]);
  });

  it("of a file that has changed since is the whole file", async () => {
    const response = await get("/x.wasm", { headers: { Range: "bytes=2-4", "If-Range": '"other"' } });
    expect([response.status, await response.text()]).toEqual([200, "0123456789"]);
  });
});
