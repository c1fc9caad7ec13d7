// The page after its first visit, without a server. What a new build does is in tests/long/browser/offline-update.test.ts.
import type { Page } from "playwright";
import { afterAll, beforeAll, expect, it } from "vitest";
import { serve } from "../../scripts/serve.mjs";
import { openBlank, type OpenPage } from "../harness/launch.js";
import { untilHeadline } from "./drive.js";

let server: Awaited<ReturnType<typeof serve>>;
let app: OpenPage;
let page: Page;
beforeAll(async () => {
  server = await serve({ root: "dist" });
  app = await openBlank();
  ({ page } = app);
  await page.goto(`${server.url}?workers=wasm,wasm`);
});
afterAll(async () => {
  await app.close();
  await server.close();
});

const versions = (page: Page) =>
  page.evaluate(async () => (await caches.keys()).filter((name) => name.startsWith("inference-sharder page ")));
const untilKept = (page: Page) => page.evaluate(async () => void (await navigator.serviceWorker.ready));

it("is kept by its first visit, and completes the default job without a server", async () => {
  await untilHeadline(page, /^Done/);
  await untilKept(page);
  await expect.poll(() => versions(page)).toHaveLength(1);
  const port = Number(new URL(server.url).port);
  await server.close();
  await page.reload();
  await untilHeadline(page, /^Done/);
  // The answers that are kept have their headers, so the weights are still shared.
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
  server = await serve({ root: "dist", port });
});
