// The panels of the dashboard that are loaded once they come into view: totals, throughput over time, layers.
import type { Page } from "playwright";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openApp, type OpenPage } from "../harness/launch.js";
import { choosePicture, untilHeadline } from "./drive.js";

let app: OpenPage;
let page: Page;
beforeAll(async () => {
  app = await openApp("?workers=wasm,wasm&sample=&tile=64");
  ({ page } = app);
  await untilHeadline(page, /^Ready/);
  await choosePicture(page, "charted.png", { width: 320, height: 200 });
  await untilHeadline(page, /^Done/);
});
afterAll(async () => {
  expect(app.errors).toEqual([]);
  await app.close();
});

const plain = (text: string) => text.replaceAll("\u00a0", " ");
const WAIT = { timeout: 20_000 };

/** Scroll until a panel has been loaded. */
async function comeTo(testId: string): Promise<void> {
  const panels = page.getByTestId("picture-dashboard").locator(".lazy-panel");
  const panel = page.getByTestId(testId);
  for (let index = 0; (await panel.count()) === 0; index = (index + 1) % (await panels.count())) {
    await panels.nth(index).evaluate((each) => each.scrollIntoView());
    await page.waitForTimeout(50);
  }
  await panel.evaluate((each) => each.scrollIntoView());
}

it("charts the throughput of a job that ended before the chart was loaded, with a legend that works by keyboard", async () => {
  await comeTo("picture-throughput");
  const chart = page.getByTestId("picture-throughput");
  await chart.locator("canvas").waitFor(WAIT);
  const summary = async () => plain(await page.getByTestId("picture-throughput-summary").innerText());
  await expect.poll(summary, WAIT).toMatch(/^[\d.]+ tiles\/s on average, [\d.]+ tiles\/s at most\.$/);
  const average = parseFloat(await summary());
  const rates = (await chart.getByRole("button").allInnerTexts()).map(plain);
  expect(rates[0]).toMatch(/^Total: /);
  expect(rates.slice(1).map((text) => text.split(":")[0])).toEqual(["wasm-1", "wasm-2"]);
  const [total, ...workers] = rates.map((text) => parseFloat(text.split(": ")[1]!));
  expect(total).toBe(average);
  expect(Math.abs(workers.reduce((sum, rate) => sum + rate, 0) - total!)).toBeLessThan(0.02 * total! + 0.02);

  const ink = () =>
    chart.locator("canvas").evaluate((canvas) => {
      const { width, height } = canvas as HTMLCanvasElement;
      const { data } = (canvas as HTMLCanvasElement).getContext("2d")!.getImageData(0, 0, width, height);
      return data.filter((_, index) => index % 4 === 3 && data[index]! > 0).length;
    });
  // Once it has been loaded, it takes the size of its place.
  let before = -1;
  await expect.poll(async () => before === (before = await ink()), { ...WAIT, interval: 600 }).toBe(true);
  const toggle = chart.getByRole("button", { name: /^Total/ });
  await toggle.press("Space");
  await expect.poll(() => toggle.getAttribute("aria-pressed")).toBe("false");
  // The others may fill more of the chart than all of them did, since the axis follows what is shown.
  await expect.poll(ink, WAIT).not.toBe(before);
  await toggle.press("Space");
  await expect.poll(ink, WAIT).toBe(before);
});

it("says what was at the moment under the pointer, and resizes with its container", async () => {
  const chart = page.getByTestId("picture-throughput");
  const area = (await chart.locator(".u-over").boundingBox())!;
  await page.mouse.move(area.x + area.width / 2, area.y + area.height / 2);
  await expect
    .poll(async () => plain(await chart.locator(".chart-readout").innerText()), WAIT)
    .toMatch(/^0:\d\d: [\d.]+ tiles\/s \(wasm-1 [\d.]+, wasm-2 [\d.]+\)/);
  await page.setViewportSize({ width: 360, height: 800 });
  await expect.poll(async () => (await chart.locator(".uplot").boundingBox())!.width, WAIT).toBeLessThan(360);
  await page.setViewportSize({ width: 1280, height: 720 });
});

it("adds up the run, and shows no layers where there is nothing to say about them", async () => {
  await comeTo("picture-totals");
  const totals = async () => plain(await page.getByTestId("picture-totals").innerText());
  await expect.poll(totals, WAIT).toMatch(/Rate\s+[\d.]+ tiles\/s\s+\d+ tiles computed in/);
  const text = await totals();
  const shown = plain(await page.getByTestId("detail").innerText());
  expect(shown).toMatch(/tiles\/s/);
  const efficiency = Number(/Efficiency\s+(\d+) %/.exec(text)![1]);
  expect(efficiency).toBeGreaterThan(0);
  expect(efficiency).toBeLessThanOrEqual(100);
  // On a busy machine, a tile may be overdue.
  expect(text).toMatch(/Faults\s+\d+\s+(nothing went wrong|.* recovered from)/);
  // Every worker holds all layers, and nobody has measured them.
  await comeTo("picture-layers-panel");
  await expect.poll(() => page.getByTestId("picture-layers-panel").isVisible(), WAIT).toBe(false);
});
