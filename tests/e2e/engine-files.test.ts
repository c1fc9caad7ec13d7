// Files of other engines on the page, under a strict Content-Security-Policy; and what the page transfers for them.
import { readFileSync } from "node:fs";
import type { Page } from "playwright";
import { afterEach, beforeEach, expect, it } from "vitest";
import { serve } from "../../scripts/serve.mjs";
import { openHarness, type OpenPage } from "../harness/launch.js";
import { STRICT_POLICY } from "./views.js";

const LITERT = /litert|tflite/;

let server: Awaited<ReturnType<typeof serve>>;
let app: OpenPage;
let page: Page;
let requested: string[];
beforeEach(async () => {
  server = await serve({ root: "dist", headers: { "Content-Security-Policy": STRICT_POLICY } });
  app = await openHarness({ url: `${server.url}?workers=wasm&sample=` });
  ({ page } = app);
  requested = [];
  page.context().on("request", (request) => requested.push(request.url()));
  await page.getByRole("tab", { name: "Your own model" }).click();
});
afterEach(async () => {
  await app.close();
  await server.close();
});

it("runs a .tflite file that was chosen, and loads LiteRT with it", async () => {
  await page.getByRole("button", { name: "Try the bundled model" }).click();
  await page.getByTestId("model-facts").filter({ hasText: "graph model" }).waitFor();
  expect(requested.filter((url) => LITERT.test(url))).toEqual([]);

  const buffer = readFileSync("tests/fixtures/tflite/conv-single.tflite");
  const file = { name: "tiny-net.tflite", mimeType: "application/octet-stream", buffer };
  await page.getByTestId("model-files").setInputFiles([file]);
  const facts = page.getByTestId("model-facts").filter({ hasText: "TensorFlow Lite" });
  await facts.waitFor();
  expect(await facts.innerText()).toContain("tiny-net");
  const picture = { name: "grey.png", mimeType: "image/png", buffer: readFileSync("public/samples/sample.png") };
  await page.getByTestId("model-pictures").setInputFiles([picture]);
  await page.getByTestId("model-run").click();
  await page.getByTestId("model-headline").filter({ hasText: /^Done/ }).waitFor({ timeout: 60_000 });
  // One build of LiteRT, whatever the browser has.
  expect(requested.filter((url) => /litert_wasm.*\.wasm/.test(url))).toHaveLength(1);
  // The bundled model has no labels beside it.
  expect(app.errors.filter((error) => !error.includes("404"))).toEqual([]);
});

const fileOf = (name: string) => ({
  name,
  mimeType: "application/octet-stream",
  buffer: readFileSync(`tests/fixtures/onnx/${name}`),
});

it("runs an .onnx file and its external data that were chosen, and loads ONNX Runtime with them", async () => {
  await page.getByRole("button", { name: "Try the bundled model" }).click();
  await page.getByTestId("model-facts").filter({ hasText: "graph model" }).waitFor();
  expect(requested.filter((url) => /ort[.-]|onnx-/.test(url))).toEqual([]);

  await page.getByTestId("model-files").setInputFiles([fileOf("external.weights"), fileOf("external.onnx")]);
  const facts = page.getByTestId("model-facts").filter({ hasText: "ONNX" });
  await facts.waitFor();
  expect(await facts.innerText()).toContain("external");
  await page.getByLabel("Random numbers").check();
  await page.getByLabel("Number of items").fill("60");
  await page.getByTestId("model-run").click();
  await page.getByTestId("model-headline").filter({ hasText: /^Done/ }).waitFor({ timeout: 60_000 });
  expect(requested.filter((url) => /ort-wasm.*\.wasm/.test(url))).toHaveLength(1);
  // The bundled model has no labels beside it.
  expect(app.errors.filter((error) => !error.includes("404"))).toEqual([]);
});
