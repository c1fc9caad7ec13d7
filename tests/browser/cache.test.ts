// Models in a real browser's cache, from a server that changes files, fails and counts requests.
import type { SharderOptions } from "inference-sharder";
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from "vitest";
import { MODEL_CACHE_NAME } from "../../src/model/load/model-cache.js";
import { randomNet } from "../fixtures/random-net.js";
import { openHarness, type OpenPage } from "../harness/launch.js";
import { openModelServer, type ModelServer } from "../harness/model-server.js";

/** The page's own host, and another host that exposes only the default CORS headers. */
let here: ModelServer;
let elsewhere: ModelServer;
let opened: OpenPage;

beforeAll(async () => {
  const { harness } = inject("urls");
  [here, elsewhere] = await Promise.all([openModelServer(harness), openModelServer(harness)]);
  opened = await openHarness({ url: here.url });
});
afterAll(async () => {
  await opened.close();
  await Promise.all([here.close(), elsewhere.close()]);
});
beforeEach(async () => {
  for (const server of [here, elsewhere]) {
    server.isDown = false;
    publish(server, 1);
    server.takeAnswers();
  }
  await opened.page.evaluate((name) => caches.delete(name), MODEL_CACHE_NAME);
});

/** Weights in two files that are large enough to arrive in several chunks. Each seed has its own weights. */
function publish({ files }: ModelServer, seed: number): void {
  const { weightData, weightSpecs, ...artifacts } = randomNet({ seed, width: 100 });
  const bytes = new Uint8Array(weightData as ArrayBuffer);
  const json = { ...artifacts, weightsManifest: [{ paths: ["a.bin", "b.bin"], weights: weightSpecs }] };
  const etag = `"seed-${seed}"`;
  files["/net/model.json"] = { bytes: new TextEncoder().encode(JSON.stringify(json)), etag };
  files["/net/a.bin"] = { bytes: bytes.slice(0, 200_000), etag };
  files["/net/b.bin"] = { bytes: bytes.slice(200_000), etag };
}

/**
 * Load the model, and compare its outputs with those of the same model loaded from memory.
 * @returns `gap` is 0 if it is the model of this seed, bit for bit.
 */
async function load(
  url: string,
  seed = 1,
  options: { cache?: boolean; requestInit?: { headers: Record<string, string> } } = {},
) {
  return opened.page.evaluate(
    async ([model, seed, options]) => {
      const { createSharder, randomNet, float32, difference } = harness;
      const notices: string[] = [];
      const steps: number[] = [];
      const input = float32([2, 8, 8, 3]);
      const outputOf = async (model: SharderOptions["model"]) => {
        const sharder = await createSharder({
          model,
          workers: [{ backend: "cpu" }],
          onNotice: ({ code }) => notices.push(code),
          onProgress: ({ phase, fraction }) => phase === "model" && steps.push(fraction),
          ...options,
        });
        const { features } = await sharder.predict(input);
        await sharder.dispose();
        return features;
      };
      const loaded = await outputOf(model);
      const expected = await outputOf(randomNet({ seed, width: 100 }));
      if (expected === undefined || expected.dtype === "ragged") throw new Error("expected one tensor");
      return { gap: difference(loaded, expected), notices, lastStep: steps.at(-1) };
    },
    [url, seed, options] as const,
  );
}

/** A model may still be being stored after it is loaded. */
const storedCount = () =>
  opened.page.evaluate(async (name) => (await (await caches.open(name)).keys()).length, MODEL_CACHE_NAME);
async function storedWhole(): Promise<void> {
  await expect.poll(storedCount).toBe(3);
}

const statuses = (server: ModelServer) =>
  server
    .takeAnswers()
    .map(({ method, path, status }) => `${method} ${path.slice("/net/".length)} ${status}`)
    .sort();
const same = { gap: 0, notices: [], lastStep: 1 };
const unchanged = ["GET a.bin 304", "GET b.bin 304", "GET model.json 304"];

describe("from the page's own host", () => {
  const url = () => `${here.url}net/model.json`;

  it("transfers no byte of the model on a second load", async () => {
    expect(await load(url())).toEqual(same);
    expect(here.takeAnswers().map(({ status }) => status)).toEqual([200, 200, 200]);
    await storedWhole();
    expect(await load(url())).toEqual(same);
    const answers = here.takeAnswers();
    expect(answers).toHaveLength(3);
    expect(answers.every(({ status, sentBytes }) => status === 304 && sentBytes === 0)).toBe(true);
  });

  it("notices a change, transfers it and keeps it", async () => {
    await load(url());
    await storedWhole();
    publish(here, 2);
    here.takeAnswers();
    expect(await load(url(), 2)).toEqual(same);
    expect(statuses(here)).toEqual(["GET a.bin 200", "GET b.bin 200", "GET model.json 200"]);
    await expect.poll(() => load(url(), 2).then(() => statuses(here))).toEqual(unchanged);
  });

  it("uses the copy and reports a notice if the host does not answer", async () => {
    await load(url());
    await storedWhole();
    here.isDown = true;
    expect(await load(url())).toEqual({ ...same, notices: ["offline-copy"] });
  });

  it("still finds it after the page is reloaded", async () => {
    await load(url());
    await storedWhole();
    here.takeAnswers();
    await opened.page.reload();
    expect(await load(url())).toEqual(same);
    expect(statuses(here)).toEqual(unchanged);
  });

  it("resumes broken downloads where they broke off", async () => {
    here.files["/net/a.bin"]!.faults = [503, { breakAfterBytes: 150_000 }];
    expect(await load(url())).toEqual(same);
    const answers = here.takeAnswers().filter(({ path }) => path === "/net/a.bin");
    expect(answers.map(({ status, sentBytes }) => [status, sentBytes])).toEqual([
      [503, 0],
      [200, 150_000],
      [206, 50_000],
    ]);
  });

  it.each<[string, Parameters<typeof load>[2]]>([
    ["with `cache: false`", { cache: false }],
    ["of a model that takes credentials", { requestInit: { headers: { authorization: "Bearer t" } } }],
  ])("keeps nothing %s", async (_what, options) => {
    expect(await load(url(), 1, options)).toEqual(same);
    here.takeAnswers();
    expect(await load(url(), 1, options)).toEqual(same);
    expect(here.takeAnswers()).toHaveLength(3);
    expect(await storedCount()).toBe(0);
  });
});

describe("from another host", () => {
  const url = () => `${elsewhere.url}net/model.json`;
  const heads = ["HEAD a.bin 200", "HEAD b.bin 200", "HEAD model.json 200"];

  it("transfers no byte on a second load, and sends no request that needs the host's permission", async () => {
    expect(await load(url())).toEqual(same);
    await storedWhole();
    elsewhere.takeAnswers();
    expect(await load(url())).toEqual(same);
    expect(statuses(elsewhere)).toEqual(heads);
  });

  it("notices a change by its date if the ETag is not exposed", async () => {
    await load(url());
    await storedWhole();
    publish(elsewhere, 2);
    for (const file of Object.values(elsewhere.files))
      file.headers = { "last-modified": "Mon, 07 Nov 1994 08:49:37 GMT" };
    elsewhere.takeAnswers();
    expect(await load(url(), 2)).toEqual(same);
    expect(statuses(elsewhere)).toEqual(["GET a.bin 200", "GET b.bin 200", "GET model.json 200", ...heads]);
  });

  it("uses the copy if the host does not answer", async () => {
    await load(url());
    await storedWhole();
    elsewhere.isDown = true;
    expect(await load(url())).toEqual({ ...same, notices: ["offline-copy"] });
  });
});

describe("if nothing can be kept", () => {
  it("loads with a notice when the quota is used up", async () => {
    const session = await opened.page.context().newCDPSession(opened.page);
    const origin = new URL(here.url).origin;
    await session.send("Storage.overrideQuotaForOrigin", { origin, quotaSize: 1_000 });
    try {
      const { notices, ...loaded } = await load(`${here.url}net/model.json`);
      expect(loaded).toEqual({ gap: 0, lastStep: 1 });
      expect(notices).toEqual(["cache-full"]);
    } finally {
      await session.send("Storage.overrideQuotaForOrigin", { origin });
    }
  });

  it("loads with a notice when there is no cache (private mode, insecure address)", async () => {
    await opened.page.evaluate(() =>
      Object.defineProperty(globalThis, "caches", { value: undefined, configurable: true }),
    );
    try {
      expect(await load(`${here.url}net/model.json`)).toEqual({ ...same, notices: ["cache-unavailable"] });
    } finally {
      await opened.page.reload();
    }
  });
});
