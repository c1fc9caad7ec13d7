// What a visitor's first seconds cost: bytes, time, requests and jumps of the layout; and what the tab's title says meanwhile.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Page } from "playwright";
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { openBlank, type OpenPage } from "../harness/launch.js";
import { slowness } from "../harness/slowness.js";
import { pauseAt, untilHeadline } from "./drive.js";

/** Everything that is transferred before the first tile is shown, after gzip. */
const TRANSFER_BUDGET_BYTES = 2.5e6;
const FIRST_TILE_BUDGET_MS = 3_000;
/** Chromium's cumulative layout shift; 0.1 counts as good. */
const SHIFT_BUDGET = 0.02;

declare global {
  var firstSeconds: { firstTileMs: number | undefined; shift: number; moved: string[]; titles: string[] };
}

/** Chromium's own; the DOM library has no type of it. */
interface LayoutShift extends PerformanceEntry {
  readonly value: number;
  readonly hadRecentInput: boolean;
  readonly sources: readonly { readonly node: Node | null }[];
}

let app: OpenPage;
let page: Page;
const requested: string[] = [];
beforeAll(async () => {
  app = await openBlank();
  ({ page } = app);
  await page.addInitScript(watchFirstSeconds);
  page.on("request", (request) => requested.push(request.url()));
});
afterAll(() => app.close());

it("transfers little before the first tile, and nothing from other hosts", async () => {
  const { app: home } = inject("urls");
  await page.goto(home);
  await page.waitForFunction(() => firstSeconds.firstTileMs !== undefined, undefined, { polling: 20 });
  const files = [...new Set(requested)].map((url) => new URL(url));
  expect(files.filter(({ origin }) => origin !== new URL(home).origin).map(({ href }) => href)).toEqual([]);
  const paths = files.map(({ pathname }) => join("dist", pathname.endsWith("/") ? `${pathname}index.html` : pathname));
  // A worker with an engine is among them, or this would measure an empty page.
  expect(paths.filter((path) => /assets.(wasm|webgpu)-/.test(path))).not.toEqual([]);
  let bytes = 0;
  for (const path of paths.filter((each) => existsSync(each))) bytes += gzipSync(readFileSync(path)).length;
  console.log(`Before the first tile: ${(bytes / 1e6).toFixed(2)} MB in ${files.length} files`);
  expect(bytes).toBeLessThan(TRANSFER_BUDGET_BYTES);
});

it("does not move under the reader's eyes", async () => {
  await untilHeadline(page, /^Done/);
  const { shift, moved } = await page.evaluate(() => firstSeconds);
  expect(shift, moved.join("\n")).toBeLessThan(SHIFT_BUDGET);
});

it("says in the title how far it is, and for some seconds that it is done", async () => {
  const paused = pauseAt(page, 3);
  await page.getByTestId("run-again").click();
  await paused;
  await expect.poll(() => page.title(), { timeout: 10_000 }).toMatch(/^\d+\s%.* – Inference sharder$/);
  await page.getByTestId("pause").click();
  await untilHeadline(page, /^Done/);
  await expect.poll(() => page.title(), { timeout: 10_000 }).toBe("Inference sharder");
  const { titles } = await page.evaluate(() => firstSeconds);
  expect(titles.at(-2)).toMatch(/^Done.* – Inference sharder$/);
});

it("shows the first tile soon after it was opened again", async () => {
  const tookMs: number[] = [];
  for (let attempt = 0; attempt < 3 && Math.min(Infinity, ...tookMs) > FIRST_TILE_BUDGET_MS; attempt++) {
    await page.reload();
    await page.waitForFunction(() => firstSeconds.firstTileMs !== undefined, undefined, { polling: 20 });
    tookMs.push(await page.evaluate(() => firstSeconds.firstTileMs ?? Infinity));
  }
  const slower = slowness();
  console.log(
    `From navigation to the first tile: ${tookMs.map(Math.round).join(", ")} ms; this machine is ${slower.toFixed(1)} × slower than a quiet one`,
  );
  expect(Math.min(...tookMs)).toBeLessThan(FIRST_TILE_BUDGET_MS * slower);
});

/** Runs in the page before anything else. */
function watchFirstSeconds(): void {
  globalThis.firstSeconds = { firstTileMs: undefined, shift: 0, moved: [], titles: [] };
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries() as unknown as LayoutShift[]) {
      if (entry.hadRecentInput) continue;
      firstSeconds.shift += entry.value;
      const moved = entry.sources.map(({ node }) => (node instanceof Element ? node.outerHTML.slice(0, 80) : "?"));
      firstSeconds.moved.push(`${entry.value.toFixed(4)} at ${Math.round(entry.startTime)} ms: ${moved.join("; ")}`);
    }
  }).observe({ type: "layout-shift", buffered: true });
  document.addEventListener("DOMContentLoaded", () => {
    const root = document.querySelector("inference-sharder")?.shadowRoot;
    if (!root) throw new Error("Expected the page to have the element.");
    root.addEventListener("progress-shown", (event) => {
      const { headline, fraction } = (event as CustomEvent<{ headline: string; fraction: number | undefined }>).detail;
      if (/^(Enlarging|Done)/.test(headline) && (fraction ?? 0) > 0) firstSeconds.firstTileMs ??= performance.now();
    });
    new MutationObserver(() => firstSeconds.titles.push(document.title)).observe(document.head, {
      childList: true,
      subtree: true,
      characterData: true,
    });
  });
}
