// The baselines and the report, on the built page: half a minute, and several engines at once.
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Download, Locator } from "playwright";
import { openApp, type OpenPage } from "../../harness/launch.js";
import { choosePicture, untilHeadline } from "../../e2e/drive.js";

let app: OpenPage;
let tab: Locator;
beforeAll(async () => {
  app = await openApp("?workers=wasm,wasm&sample=&tile=48");
  tab = app.page.getByTestId("panel-picture");
  await untilHeadline(app.page, /Ready/);
  await choosePicture(app.page, "small.png", { width: 160, height: 120 });
  await untilHeadline(app.page, /Done: small/);
});
afterAll(() => app.close());

async function save(testId: string): Promise<string> {
  const [download] = (await Promise.all([app.page.waitForEvent("download"), tab.getByTestId(testId).click()])) as [
    Download,
    void,
  ];
  const chunks: Buffer[] = [];
  for await (const chunk of await download.createReadStream()) chunks.push(Buffer.from(chunk as Uint8Array));
  return Buffer.concat(chunks).toString();
}

it("measures the speed-up over one worker and over plain TF.js, and remembers it", async () => {
  const { page } = app;
  expect(await tab.getByTestId("speed-note").innerText()).toMatch(/Press Measure/);
  await tab.getByTestId("measure").click();
  await tab.getByTestId("speed-figures").waitFor({ timeout: 100_000 });
  const figures = await tab.getByTestId("speed-figures").innerText();
  expect(figures).toMatch(/[\d.]+\s×\s+one worker\s+[\d.]+\s×\s+plain TF\.js/);
  await page.reload();
  await tab.getByTestId("speed-figures").waitFor();
  expect(await tab.getByTestId("speed-figures").innerText()).toBe(figures);
});

it("saves the report, which opens by itself and without a script", async () => {
  const { page, browser } = app;
  await untilHeadline(page, /Ready/);
  await choosePicture(page, "small.png", { width: 160, height: 120 });
  await untilHeadline(page, /Done: small/);
  const report = JSON.parse(await save("report-json")) as {
    speed: { all: { runCount: number }; plain: { itemsPerCall: number } };
    workers: { itemCount: number }[];
    job: { itemCount: number; attempts: unknown[] };
  };
  expect(report.speed.all.runCount).toBeGreaterThanOrEqual(3);
  expect(report.speed.plain.itemsPerCall).toBeGreaterThan(0);
  expect(report.workers.reduce((sum, { itemCount }) => sum + itemCount, 0)).toBe(report.job.itemCount);
  const html = await save("report-html");
  const context = await browser.newContext({ javaScriptEnabled: false, offline: true });
  const other = await context.newPage();
  await other.setContent(html);
  expect(await other.getByRole("heading", { level: 1 }).innerText()).toBe("Benchmark of upscale-x2");
  expect(await other.locator("svg").count()).toBe(3);
  expect(await other.locator("svg rect").count()).toBeGreaterThan(report.job.attempts.length);
  // On a phone, the plots stay legible and no word is broken: both scroll by themselves, and the page doesn't.
  await other.setViewportSize({ width: 360, height: 800 });
  const seen = await other.evaluate(() => ({
    pageWidth: document.documentElement.scrollWidth,
    plotWidths: [...document.querySelectorAll("svg")].map((svg) => svg.getBoundingClientRect().width),
    headingHeights: [...document.querySelectorAll(".wide th")].map((cell) => cell.getBoundingClientRect().height),
  }));
  expect(seen.pageWidth).toBe(360);
  expect(Math.min(...seen.plotWidths)).toBeGreaterThan(600);
  expect(seen.headingHeights.length).toBeGreaterThan(10);
  // One word takes one line; "Lowest to highest" may take three.
  expect(Math.min(...seen.headingHeights)).toBeLessThan(45);
  await context.close();
  expect(app.errors).toEqual([]);
});

it("says what a worker less has brought", async () => {
  const { page } = app;
  const workers = page.getByTestId("picture-workers");
  await choosePicture(page, "long.png", { width: 480, height: 360 });
  await untilHeadline(page, /Done: long/);
  await workers.getByRole("button", { name: "Remove wasm-2" }).click();
  await page.getByTestId("run-again").click();
  await untilHeadline(page, /Done: long/);
  const words = /Without wasm-2: [\d.]+\stiles\/s\. With it: [\d.]+\stiles\/s\./;
  await workers.getByTestId("change-effect").filter({ hasText: words }).waitFor();
  await workers.getByTestId("undo-change").click();
  await workers.locator('[data-backend="wasm"][data-state="ready"]').nth(1).waitFor();
});
