// A page that is reloaded in the middle of its jobs offers to resume them.
import type { Page } from "playwright";
import { afterEach, beforeEach, expect, it } from "vitest";
import { modelFiles } from "../fixtures/model-files.js";
import { randomNet } from "../fixtures/random-net.js";
import { openApp, type OpenPage } from "../harness/launch.js";
import { choosePicture, pauseAt, savePicture, untilHeadline } from "./drive.js";

let app: OpenPage;
afterEach(async () => {
  expect(app.errors).toEqual([]);
  await app.close();
});

beforeEach(async () => {
  app = await openApp("?sample=&workers=wasm,wasm&tile=64");
});

/** 20 tiles. */
const PICTURE = { width: 320, height: 200 };

/** Reload the page while the paused job runs again, so slowly that it can't reach its end before that on any machine. */
async function reloadInMidRun(page: Page): Promise<void> {
  for (const slider of await page.getByRole("slider", { name: /Slow down/ }).all()) await slider.fill("8");
  const reloaded = page.waitForEvent("load");
  await page.evaluate(() => {
    document.querySelector("inference-sharder")!.resume();
    location.reload();
  });
  await reloaded;
}

it("resumes the picture that was being enlarged: the same picture, without the tiles that were done", async () => {
  const { page } = app;
  await untilHeadline(page, /Ready/);
  await choosePicture(page, "long.png", PICTURE);
  await untilHeadline(page, /Done/);
  const undisturbed = await savePicture(page);

  const paused = pauseAt(page, 10);
  await choosePicture(page, "long.png", PICTURE);
  await paused;
  await reloadInMidRun(page);
  const offer = page.getByTestId("resume-picture");
  await offer.waitFor();
  const text = await offer.innerText();
  const [, done, all] = /Resume long\.png: (\d+) of (\d+)\u00a0tiles (?:is|are) done/.exec(text) ?? [];
  expect(Number(done)).toBeGreaterThanOrEqual(10);
  expect(Number(done)).toBeLessThan(Number(all));
  await offer.getByRole("button", { name: "Resume" }).click();
  await untilHeadline(page, /Done/);
  await expect.poll(() => offer.isVisible()).toBe(false);
  await expect.poll(() => page.getByTestId("log").innerText()).toContain("Resumed from the journal");
  expect((await savePicture(page)).png.equals(undisturbed.png)).toBe(true);

  // Nothing is left to be resumed.
  await page.reload();
  await untilHeadline(page, /Ready/);
  await page.waitForTimeout(300);
  await expect.poll(() => offer.isVisible()).toBe(false);
});

it("resumes a run of the user's own model from files", async () => {
  const { page } = app;
  const untilModel = (text: RegExp) =>
    page.getByTestId("model-headline").filter({ hasText: text }).waitFor({ timeout: 60_000 });
  await page.getByRole("tab", { name: "Your own model" }).click();
  await page
    .getByTestId("model-files")
    .setInputFiles(modelFiles(randomNet({ seed: 4, depth: 8, size: 48, width: 16, pooledOutput: true })));
  await untilModel(/Ready/);
  await page.getByLabel("Random numbers").check();
  await page.getByLabel("Number of items").fill("100");
  await page.getByTestId("model-run").click();
  await untilModel(/Done/);
  await expect.poll(() => page.getByTestId("model-results").locator("tbody tr").count()).toBeGreaterThan(0);
  const undisturbed = await page.getByTestId("model-results").innerText();

  const paused = pauseAt(page, 20);
  await page.getByTestId("model-run").click();
  await paused;
  await reloadInMidRun(page);
  const offer = page.getByTestId("resume-model");
  await offer.waitFor();
  const [, done] = /Resume model\.json: (\d+) of 100\u00a0items (?:is|are) done/.exec(await offer.innerText()) ?? [];
  expect(Number(done)).toBeGreaterThanOrEqual(20);
  await offer.getByRole("button", { name: "Resume" }).click();
  await untilModel(/Done/);
  // The worker of the page that went has still written what it had.
  const [, resumed] = /(\d+) items are done already/.exec(await page.getByTestId("model-log").innerText()) ?? [];
  expect(Number(resumed)).toBeGreaterThanOrEqual(Number(done));
  await expect.poll(() => page.getByTestId("model-results").innerText()).toBe(undisturbed);
  await expect.poll(() => offer.isVisible()).toBe(false);
});
