// The page under the strictest Content-Security-Policy that a page with workers and WebAssembly can have, and links from strangers.
import type { Page } from "playwright";
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { serve } from "../../scripts/serve.mjs";
import { modelFiles } from "../fixtures/model-files.js";
import { randomNet } from "../fixtures/random-net.js";
import { openHarness, type OpenPage } from "../harness/launch.js";
import { openModelServer, type ModelServer } from "../harness/model-server.js";
import { untilHeadline } from "./drive.js";
import { STRICT_POLICY } from "./views.js";

let server: Awaited<ReturnType<typeof serve>>;
let app: OpenPage;
let page: Page;
let stranger: ModelServer;
beforeAll(async () => {
  server = await serve({ root: "dist", headers: { "Content-Security-Policy": STRICT_POLICY } });
  stranger = await openModelServer(inject("urls").harness);
  app = await openHarness({ url: `${server.url}?workers=wasm,wasm` });
  ({ page } = app);
});
afterAll(async () => {
  await app.close();
  await Promise.all([server.close(), stranger.close()]);
});

it("runs its default job, with its styles and its icon, and violates nothing", async () => {
  await untilHeadline(page, /^Done/);
  expect(await page.evaluate(() => getComputedStyle(document.body).margin)).toBe("0px");
  const icon = await page.evaluate(async () => {
    const { href } = document.querySelector<HTMLLinkElement>("link[rel=icon]")!;
    const { headers, ok } = await fetch(href);
    return { ok, type: headers.get("content-type") };
  });
  expect(icon).toEqual({ ok: true, type: "image/svg+xml" });
  // The chart is drawn by another's code, which comes with its panel.
  const chart = page.getByTestId("picture-throughput").locator("canvas");
  for (const panel of await page.getByTestId("picture-dashboard").locator(".lazy-panel").all()) {
    await panel.evaluate((each) => each.scrollIntoView());
    await page.waitForTimeout(100);
  }
  await page.getByTestId("picture-throughput").evaluate((each) => each.scrollIntoView());
  await chart.waitFor();
  expect(app.errors).toEqual([]);
});

it("asks before it loads what a link names on another site", async () => {
  for (const { name, buffer } of modelFiles(randomNet({ seed: 1 }))) stranger.files[`/net/${name}`] = { bytes: buffer };
  const link = new URL(inject("urls").app);
  link.search = `?workers=wasm&sample=&model=${encodeURIComponent(`${stranger.url}net/model.json`)}`;
  await page.goto(link.href);
  const question = page.getByRole("alert").filter({ hasText: "Load from another site?" });
  await question.waitFor();
  await expect.poll(() => question.innerText()).toContain(`${stranger.url}net/model.json`);
  expect(stranger.takeAnswers()).toEqual([]);
  await question.getByRole("button", { name: "Load it" }).click();
  // It is no model that enlarges pictures.
  await page
    .getByRole("alert")
    .filter({ hasText: /could not be|super-resolution|userDefinedMetadata/ })
    .or(page.getByText("Ready"))
    .first()
    .waitFor();
  expect(stranger.takeAnswers().map(({ path }) => path)).toContain("/net/model.json");

  await page.goto(link.href);
  await question.waitFor();
  await question.getByRole("button", { name: "own model" }).click();
  await untilHeadline(page, /^Done/);
  expect(stranger.takeAnswers()).toEqual([]);

  // The same for the other tab.
  link.searchParams.set("job", "model");
  await page.goto(link.href);
  await question.waitFor();
  expect(stranger.takeAnswers()).toEqual([]);
  await question.getByRole("button", { name: "Load it" }).click();
  await page.getByTestId("model-headline").filter({ hasText: "Ready" }).waitFor();
  expect(stranger.takeAnswers().map(({ path }) => path)).toContain("/net/model.json");
});
