// The picture under fingers, on a phone: the browser's own touch events, which it may take for scrolling.
import type { CDPSession, Page } from "playwright";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { openApp, type OpenPage } from "../harness/launch.js";
import { choosePicture, untilHeadline } from "./drive.js";

interface Finger {
  readonly x: number;
  readonly y: number;
}

const WAIT = { timeout: 20_000 };

let app: OpenPage;
let page: Page;
let session: CDPSession;
beforeAll(async () => {
  const device = { hasTouch: true, isMobile: true, deviceScaleFactor: 2, viewport: { width: 390, height: 800 } };
  app = await openApp("?workers=wasm&sample=", { device });
  ({ page } = app);
  session = await page.context().newCDPSession(page);
  await untilHeadline(page, /Ready/);
  await choosePicture(page, "touched.png", { width: 90, height: 60 });
  await untilHeadline(page, /Done/);
});
afterAll(async () => {
  expect(app.errors).toEqual([]);
  await app.close();
});
beforeEach(async () => {
  const fit = page.getByRole("button", { name: "Fit the picture into its frame" });
  const zoom = async () => {
    // The browser takes a tap that comes soon after a swipe for the end of that.
    await fit.tap();
    return (await place()).zoom;
  };
  await expect.poll(zoom, WAIT).toBe(1);
  await frame().evaluate((element) => element.scrollIntoView({ block: "center" }));
});

const frame = () => page.getByTestId("frame");
const percent = async () => parseInt(await page.getByTestId("zoom").innerText(), 10);
const scrolled = () => page.evaluate(() => scrollY);
const place = () =>
  frame()
    .locator(".stage")
    .first()
    .evaluate((stage) => {
      const { a, e, f } = new DOMMatrix(getComputedStyle(stage).transform);
      return { zoom: a, left: e, top: f };
    });

/** @param atMs when it happens, as `Date.now` counts; a busy machine may send it later. */
const touch = (type: "touchStart" | "touchMove" | "touchEnd", fingers: readonly Finger[], atMs = Date.now()) =>
  session.send("Input.dispatchTouchEvent", {
    type,
    touchPoints: fingers.map((finger, id) => ({ ...finger, id })),
    timestamp: atMs / 1e3,
  });

/** Put fingers down, move each of them, and lift them. */
async function swipe(fingers: readonly (readonly [from: Finger, to: Finger])[]): Promise<void> {
  const at = (part: number) =>
    fingers.map(([from, to]) => ({ x: from.x + part * (to.x - from.x), y: from.y + part * (to.y - from.y) }));
  await touch("touchStart", at(0));
  for (let step = 1; step <= 8; step++) await touch("touchMove", at(step / 8));
  await touch("touchEnd", []);
}

/** A point of the picture's frame, by parts of its width and height. */
async function pointAt(right: number, down: number): Promise<Finger> {
  const box = (await frame().boundingBox())!;
  return { x: box.x + right * box.width, y: box.y + down * box.height };
}

/** Move two fingers apart, from around the middle of the frame. */
const pinch = async () =>
  swipe([
    [await pointAt(0.4, 0.5), await pointAt(0.1, 0.5)],
    [await pointAt(0.6, 0.5), await pointAt(0.9, 0.5)],
  ]);

it("scrolls the page with one finger on a picture that fits, which stays where it is", async () => {
  const [before, zoom] = [await scrolled(), await place()];
  await swipe([[await pointAt(0.3, 0.8), await pointAt(0.3, 0.1)]]);
  await expect.poll(scrolled, WAIT).toBeGreaterThan(before + 20);
  expect(await place()).toEqual(zoom);
});

it("zooms where two fingers part, and then moves with one finger while the page stays", async () => {
  const fit = await percent();
  const scrolledBefore = await scrolled();
  await pinch();
  await expect.poll(percent, WAIT).toBeGreaterThan(3 * fit);
  // What was in the middle is still there.
  const { width, height } = (await frame().boundingBox())!;
  const zoomed = await place();
  expect(Math.abs((width / 2 - zoomed.left) / (width * zoomed.zoom) - 0.5)).toBeLessThan(0.02);
  expect(Math.abs((height / 2 - zoomed.top) / (height * zoomed.zoom) - 0.5)).toBeLessThan(0.02);

  await swipe([[await pointAt(0.3, 0.3), await pointAt(0.5, 0.6)]]);
  await expect.poll(async () => (await place()).left - zoomed.left, WAIT).toBeGreaterThan(0.15 * width);
  expect((await place()).top - zoomed.top).toBeGreaterThan(0.2 * height);
  expect((await place()).zoom).toBe(zoomed.zoom);
  expect(await scrolled()).toBe(scrolledBefore);
});

it("zooms out again where two fingers meet, and by two taps in and out", async () => {
  const fit = await percent();
  await pinch();
  await swipe([
    [await pointAt(0.05, 0.5), await pointAt(0.45, 0.5)],
    [await pointAt(0.95, 0.5), await pointAt(0.55, 0.5)],
  ]);
  await expect.poll(percent, WAIT).toBe(fit);
  const tapTwice = async (point: Finger) => {
    const startMs = Date.now();
    for (const afterMs of [0, 100]) {
      await touch("touchStart", [point], startMs + afterMs);
      await touch("touchEnd", [], startMs + afterMs + 20);
    }
  };
  await tapTwice(await pointAt(0.3, 0.3));
  await expect.poll(percent, WAIT).toBeGreaterThan(fit);
  // Elsewhere, or these would be the third and the fourth tap.
  await tapTwice(await pointAt(0.8, 0.7));
  await expect.poll(percent, WAIT).toBe(fit);
});

it("wipes with a finger on the handle, and shows the original while one is on its button", async () => {
  const box = (await page.locator(".wipe-handle").boundingBox())!;
  const middle = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
  const before = await scrolled();
  await swipe([[middle, await pointAt(0.25, 0.9)]]);
  await expect.poll(async () => Math.round(Number(await page.getByTestId("wipe").inputValue())), WAIT).toBe(25);
  expect(await scrolled()).toBe(before);

  const original = page.locator("[data-original]");
  const button = page.getByTestId("hold");
  await button.scrollIntoViewIfNeeded();
  const { x, y, width, height } = (await button.boundingBox())!;
  await touch("touchStart", [{ x: x + width / 2, y: y + height / 2 }]);
  await original.waitFor();
  await touch("touchEnd", []);
  await original.waitFor({ state: "detached" });
});
