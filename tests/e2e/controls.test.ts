import { afterAll, beforeAll, expect, it } from "vitest";
import { openApp, type OpenPage } from "../harness/launch.js";
import { choosePicture, pauseAt, tilesByWorker, untilHeadline } from "./drive.js";

let app: OpenPage;
beforeAll(async () => {
  app = await openApp("?workers=wasm&sample=&tile=64");
  await untilHeadline(app.page, /Ready/);
});
afterAll(() => app.close());

const doneTiles = async () => Object.values(await tilesByWorker(app.page)).reduce((sum, count) => sum + count, 0);
/** 20 tiles. */
const PICTURE = { width: 320, height: 200 };
/** @param factor 8 where something must happen in the middle of a job, since a fast machine would be done first. */
const slowDown = (factor: number) => app.page.getByRole("slider", { name: /Slow down wasm/ }).fill(String(factor));
const isEnabled = (button: string) => app.page.getByTestId(button).isEnabled();
const enabled = async () => ({
  again: await isEnabled("run-again"),
  pause: await isEnabled("pause"),
  cancel: await isEnabled("cancel"),
  save: await isEnabled("save"),
});

it("cancels at once, and the page stays usable", async () => {
  const { page } = app;
  await expect.poll(() => enabled()).toEqual({ again: false, pause: false, cancel: false, save: false });
  await slowDown(8);
  await choosePicture(page, "a.png", PICTURE);
  await untilHeadline(page, /Enlarging a\.png/);
  await expect.poll(() => enabled()).toEqual({ again: false, pause: true, cancel: true, save: false });
  await expect.poll(doneTiles, { timeout: 20_000 }).toBeGreaterThan(0);
  await page.getByTestId("cancel").click();
  await untilHeadline(page, /Cancelled: a\.png/);
  await expect.poll(() => enabled()).toEqual({ again: true, pause: false, cancel: false, save: false });
  // Its tiles are kept, so that starting it again resumes it: both are said.
  await expect.poll(() => page.getByTestId("run-again").innerText()).toBe("Go on");
  await expect.poll(() => page.getByTestId("detail").innerText()).toMatch(/(is|are) done and kept: press “Go on”/);
  await slowDown(1);
  await page.getByTestId("run-again").click();
  await untilHeadline(page, /Done: a\.png/);
  await expect.poll(() => enabled()).toEqual({ again: true, pause: false, cancel: false, save: true });
});

it("pauses and resumes", async () => {
  const { page } = app;
  await slowDown(8);
  await page.getByTestId("run-again").click();
  await untilHeadline(page, /Enlarging a\.png/);
  await expect.poll(doneTiles, { timeout: 20_000 }).toBeGreaterThan(0);
  await page.getByRole("button", { name: "Pause" }).click();
  await untilHeadline(page, /Paused: a\.png/);
  // A shard that was running still finishes.
  await page.locator('[data-worker="wasm-1"][data-state="ready"]').waitFor();
  let tileCount = -1;
  const madeSince = async () => -tileCount + (tileCount = await doneTiles());
  await expect.poll(madeSince, { interval: 300, timeout: 20_000 }).toBe(0);
  await page.waitForTimeout(500);
  expect(await madeSince()).toBe(0);
  expect(tileCount).toBeLessThan(20);
  await slowDown(1);
  await page.getByRole("button", { name: "Resume" }).click();
  await untilHeadline(page, /Done: a\.png/);
});

it("a new picture replaces the current one, even if that is paused", async () => {
  const { page } = app;
  const paused = pauseAt(page, 2);
  await choosePicture(page, "b.png", PICTURE);
  await paused;
  await untilHeadline(page, /Paused: b\.png/);
  await choosePicture(page, "c.png", { width: 100, height: 80 });
  await untilHeadline(page, /Done: c\.png/);
  await expect.poll(() => page.getByTestId("log").innerText()).toContain("b.png cancelled");
});

it("waits without workers, even if it was paused, and goes on with the tiles that are done once there is one", async () => {
  const { page } = app;
  const paused = pauseAt(page, 4);
  await choosePicture(page, "e.png", PICTURE);
  await paused;
  await untilHeadline(page, /Paused: e\.png/);
  const remove = page.getByRole("button", { name: "Remove wasm-1" });
  await remove.click();
  // Nothing could go on without it, so it warns first.
  await expect.poll(() => page.locator('[data-worker="wasm-1"]').innerText()).toMatch(/last worker/);
  await page.getByRole("button", { name: "Remove anyway: wasm-1" }).click();
  await untilHeadline(page, /Waiting for a worker: e\.png/);
  const detail = await page.getByTestId("detail").innerText();
  const [, kept] = /(\d+) of \d+\stiles (?:is|are) done and kept/.exec(detail) ?? [];
  expect(Number(kept), detail).toBeGreaterThanOrEqual(4);
  await expect.poll(() => enabled()).toMatchObject({ again: false, pause: false, cancel: true });
  await page.getByTestId("add-worker").click();
  await untilHeadline(page, /Done: e\.png/);
  await expect.poll(() => page.getByTestId("log").innerText()).toContain(`Resumed from the journal`);
  await choosePicture(page, "f.png", { width: 60, height: 50 });
  await untilHeadline(page, /Done: f\.png/);
});

it("adds and removes workers while it is open", async () => {
  const { page } = app;
  await page.getByLabel("Backend").selectOption("cpu");
  await page.getByTestId("add-worker").click();
  const row = page.locator('[data-backend="cpu"][data-state="ready"]');
  await row.waitFor();
  const wasm = await page.locator('[data-backend="wasm"][data-state="ready"]').getAttribute("data-worker");
  await page.getByRole("button", { name: `Remove ${wasm}` }).click();
  await page.locator(`[data-worker="${wasm}"]`).waitFor({ state: "detached" });
  await choosePicture(page, "d.png", { width: 40, height: 30 });
  await untilHeadline(page, /Done: d\.png/);
  await expect.poll(() => doneTiles()).toBe(1);
  await expect.poll(() => row.getByTestId("tiles").innerText()).toMatch(/^1\stile$/);
  expect(app.errors).toEqual([]);
});
