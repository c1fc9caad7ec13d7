// A page that has been kept for use without a network, when a new build is deployed.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright";
import { afterAll, beforeAll, expect, it } from "vitest";
import { serve } from "../../../scripts/serve.mjs";
import { openBlank, type OpenPage } from "../../harness/launch.js";
import { untilHeadline } from "../../e2e/drive.js";

const folder = mkdtempSync(join(tmpdir(), "sharder-offline-"));
let server: Awaited<ReturnType<typeof serve>>;
let app: OpenPage;
let page: Page;
beforeAll(async () => {
  cpSync("dist", folder, { recursive: true, filter: (path) => !path.endsWith("lib") });
  server = await serve({ root: folder });
  app = await openBlank();
  ({ page } = app);
  await page.goto(`${server.url}?workers=wasm`);
});
afterAll(async () => {
  await app.close();
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

const versions = (page: Page) =>
  page.evaluate(async () => (await caches.keys()).filter((name) => name.startsWith("inference-sharder page ")));
const untilKept = (page: Page) => page.evaluate(async () => void (await navigator.serviceWorker.ready));

it("shows a new build at the next reload, and drops the old copies once no page of the old build is open", async () => {
  await untilHeadline(page, /^Done/);
  await untilKept(page);
  const [old] = await versions(page);
  // A new build: another script, which index.html names, and another list.
  const worker = readFileSync(join(folder, "service-worker.js"), "utf8");
  const { version, entry } = JSON.parse(/OFFLINE_BUILD=(\{.*?\});/.exec(worker)![1]!) as Record<string, string>;
  const entryAnew = entry!.replace(/-[^-]+\.js$/, "-anew.js");
  writeFileSync(join(folder, entryAnew), `${readFileSync(join(folder, entry!), "utf8")};globalThis.isAnew = true;`);
  rmSync(join(folder, entry!));
  const html = readFileSync(join(folder, "index.html"), "utf8");
  writeFileSync(join(folder, "index.html"), html.replace(entry!, entryAnew));
  const list = worker.replaceAll(entry!, entryAnew).replace(version!, "anew");
  writeFileSync(join(folder, "service-worker.js"), list);

  await page.reload();
  await untilHeadline(page, /^Done/);
  expect(await page.evaluate(() => "isAnew" in globalThis)).toBe(true);
  await expect
    .poll(() => page.evaluate(async () => (await navigator.serviceWorker.getRegistration())?.waiting != null), {
      timeout: 20_000,
    })
    .toBe(true);
  // The page is still governed by the old service worker, which keeps its own copies.
  expect(await versions(page)).toContain(old);

  const { url } = server;
  const next = await page.context().newPage();
  await page.close();
  const current = [`inference-sharder page ${url} anew`];
  const reopen = async (): Promise<string[]> => {
    // The browser notices a little later that the old page is gone; a page that is opened until then belongs to the old build, too.
    await next.goto("about:blank");
    await next.waitForTimeout(500);
    await next.goto(`${url}?workers=wasm&sample=`);
    await untilHeadline(next, /^Ready/);
    return versions(next);
  };
  await expect.poll(reopen, { timeout: 20_000 }).toEqual(current);
});
