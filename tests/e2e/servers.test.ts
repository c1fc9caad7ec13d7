// A server beside the workers of this machine, as a user adds one. Its far end computes the bundled model with TF.js in Node.
import { readFileSync } from "node:fs";
import type { ModelArtifacts } from "inference-sharder";
import { afterAll, beforeAll, expect, it } from "vitest";
import { graphOnServer } from "../fixtures/oip-graph.js";
import { openOipServer, type OipServer } from "../fixtures/oip-server.js";
import { randomNet } from "../fixtures/random-net.js";
import { openApp, type OpenPage } from "../harness/launch.js";
import { untilHeadline, untilNextDone } from "./drive.js";

const TOKEN = "a-secret-token";

let app: OpenPage;
let server: OipServer;

beforeAll(async () => {
  const models = {
    "upscale-x2": await graphOnServer(bundledModel()),
    other: await graphOnServer(randomNet({ seed: 7, depth: 1, width: 4 })),
  };
  server = await openOipServer({ models, token: `Bearer ${TOKEN}` });
  app = await openApp("?workers=wasm&sample=&tile=64", { namesRemotes: true });
  await untilHeadline(app.page, /Ready/);
});
afterAll(async () => {
  await app.close();
  await server.close();
});

function bundledModel(): ModelArtifacts {
  const folder = "public/models/upscale-x2";
  const model = JSON.parse(readFileSync(`${folder}/model.json`, "utf8")) as {
    weightsManifest: { paths: string[]; weights: ModelArtifacts["weightSpecs"] }[];
  };
  const paths = model.weightsManifest.flatMap((group) => group.paths);
  const weightData = new Uint8Array(Buffer.concat(paths.map((path) => readFileSync(`${folder}/${path}`)))).buffer;
  const weightSpecs = model.weightsManifest.flatMap(({ weights }) => weights ?? []);
  return { ...model, weightSpecs, weightData } as unknown as ModelArtifacts;
}

const panel = () => app.page.getByTestId("picture-workers");
const answer = () => panel().getByTestId("server-answer");

async function name(url: string, token = ""): Promise<void> {
  await panel().getByTestId("server-url").fill(url);
  await panel().getByTestId("server-token").fill(token);
}

it("is tried first, and what is wrong is said in words", async () => {
  await panel().getByText("Add a server").click();
  const closed = await openOipServer({ models: {} });
  await closed.close();
  const tries = [
    ["http://127.0.0.1/elsewhere", "", /\/v2\/models\/NAME/],
    [closed.url("upscale-x2"), "", /could not be reached|reach/],
    [server.url("upscale-x2"), "", /401|headers/],
    [server.url("none"), TOKEN, /404/],
    [server.url("other"), TOKEN, /"upscaled"/],
  ] as const;
  for (const [url, token, words] of tries) {
    await name(url, token);
    await panel().getByTestId("test-server").click();
    await expect.poll(() => answer().innerText()).toMatch(words);
    expect(await answer().getAttribute("data-verdict")).toBe("unfit");
  }
  // Nothing that can't be used is listed.
  await panel().getByTestId("add-server").click();
  await expect.poll(() => answer().getAttribute("data-verdict")).toBe("unfit");
  expect(await panel().getByTestId("worker").count()).toBe(1);
});

it("takes a share of a picture, and its token is kept nowhere", async () => {
  const { page } = app;
  await name(server.url("upscale-x2"), TOKEN);
  expect(await answer().innerText()).toBe("");
  await page.keyboard.press("Enter");
  const row = panel().locator('[data-backend="remote"][data-state="ready"]');
  await row.waitFor();
  expect(await answer().innerText()).toMatch(/^Added/);
  expect(await row.innerText()).toContain(`127.0.0.1:${server.port}`);
  expect(server.inferences).toEqual([]);
  await page.getByTestId("file").setInputFiles("public/samples/sample.png");
  await untilHeadline(page, /Done/);
  expect(server.inferences.length).toBeGreaterThan(0);
  await expect.poll(() => panel().locator('[data-backend="remote"]').getByTestId("tiles").innerText()).toMatch(/[1-9]/);
  const kept = await page.evaluate(() =>
    JSON.stringify([Object.entries(localStorage), Object.entries(sessionStorage), document.cookie, location.href]),
  );
  expect(kept).not.toContain(TOKEN);
});

it("is removed like any other worker, and asked no more", async () => {
  const row = panel().locator('[data-backend="remote"]');
  await row.getByRole("button", { name: /^Remove/ }).click();
  await row.waitFor({ state: "detached" });
  const requestCount = server.log.length;
  const done = untilNextDone(app.page);
  await app.page.getByTestId("run-again").click();
  await done;
  expect(server.log.length).toBe(requestCount);
});
