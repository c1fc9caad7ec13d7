// What the caller's requests carry, in a real browser, whose fetch follows redirects without showing where they lead.
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from "vitest";
import { randomNet } from "../fixtures/random-net.js";
import { openHarness, type OpenPage } from "../harness/launch.js";
import { openModelServer, type ModelServer, type ServedFile } from "../harness/model-server.js";

interface Secrets {
  credentials?: "include";
  headers?: Record<string, string>;
}

let here: ModelServer;
let elsewhere: ModelServer;
let opened: OpenPage;

beforeAll(async () => {
  const { harness } = inject("urls");
  [here, elsewhere] = await Promise.all([openModelServer(harness), openModelServer(harness)]);
  opened = await openHarness({ url: here.url });
  // Both hosts get the cookies of 127.0.0.1, whose ports don't matter.
  await opened.page.evaluate(() => (document.cookie = "session=a-secret-cookie"));
});
afterAll(async () => {
  await opened.close();
  await Promise.all([here.close(), elsewhere.close()]);
});
beforeEach(() => {
  for (const server of [here, elsewhere]) {
    publish(server);
    server.takeAnswers();
  }
});

function publish({ files }: ModelServer): void {
  const { weightData, weightSpecs, ...artifacts } = randomNet({ seed: 1 });
  const json = { ...artifacts, weightsManifest: [{ paths: ["w.bin"], weights: weightSpecs }] };
  const text = (value: object): ServedFile => ({ bytes: new TextEncoder().encode(JSON.stringify(value)) });
  files["/net/model.json"] = text(json);
  files["/net/w.bin"] = { bytes: new Uint8Array(weightData as ArrayBuffer) };
  files["/net/metadata.json"] = text({ labels: ["a", "b"] });
}

const load = (requestInit: Secrets) =>
  opened.page.evaluate(async (requestInit) => {
    const { createSharder, failureOf, fetchLabels } = harness;
    const model = "/net/model.json";
    let labels: readonly string[] | undefined;
    const failure = await failureOf(async () => {
      const sharder = await createSharder({ model, workers: [{ backend: "cpu" }], requestInit });
      await sharder.dispose();
      labels = (await fetchLabels(model, { requestInit }))?.labels;
    });
    return { failure, labels };
  }, requestInit);

const FILES = ["/net/model.json", "/net/w.bin", "/net/metadata.json"];
const secretsOf = (server: ModelServer) =>
  server
    .takeAnswers()
    .map(({ path, headers }) => ({ path, secrets: JSON.stringify(headers).match(/a-secret-\w+/g) ?? [] }));

describe.each<[string, Secrets]>([
  ["a header of the service's own", { headers: { "x-api-key": "a-secret-key" } }],
  ["Authorization", { headers: { authorization: "Bearer a-secret-key" } }],
  ["credentials", { credentials: "include" }],
  ["all of them", { credentials: "include", headers: { "x-api-key": "a-secret-key", authorization: "a-secret-key" } }],
])("%s", (_what, requestInit) => {
  it.each(FILES)("does not follow a redirect of %s to another origin, and its files load", async (path) => {
    here.files[path]!.redirectTo = elsewhere.url.slice(0, -1) + path;
    expect(await load(requestInit)).toEqual({ failure: undefined, labels: ["a", "b"] });
    expect(secretsOf(elsewhere)).toEqual([{ path, secrets: [] }]);
    expect(new Set(secretsOf(here).flatMap(({ secrets }) => secrets)).size).toBeGreaterThan(0);
  });

  it("follows a redirect on its own origin", async () => {
    for (const path of FILES) {
      here.files[`/moved${path}`] = here.files[path]!;
      here.files[path] = { ...here.files[path]!, redirectTo: `/moved${path}` };
    }
    expect(await load(requestInit)).toEqual({ failure: undefined, labels: ["a", "b"] });
    const moved = secretsOf(here).filter(({ path, secrets }) => path.startsWith("/moved") && secrets.length > 0);
    expect(new Set(moved.map(({ path }) => path)).size).toBe(3);
  });
});
