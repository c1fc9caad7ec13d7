import { afterAll, beforeAll, expect, it } from "vitest";
import { openApp, type OpenPage } from "../harness/launch.js";
import { choosePicture, focusedName, tabTo, untilHeadline } from "./drive.js";

let app: OpenPage;
beforeAll(async () => {
  app = await openApp("?workers=wasm,wasm&sample=&tile=64");
  await untilHeadline(app.page, /Ready/);
  await choosePicture(app.page, "small.png", { width: 320, height: 200 });
  await untilHeadline(app.page, /Done/);
});
afterAll(() => app.close());

it("works by keyboard alone", async () => {
  const { page } = app;
  // Wait for it early: until a listener is set, the browser opens a dialog of its own.
  const chooser = page.waitForEvent("filechooser");
  await tabTo(page, "file");
  // The focus must be visible on the label around the hidden input.
  const outline = await page.locator("label:has(#file)").evaluate((label) => getComputedStyle(label).outlineStyle);
  expect(outline).toBe("solid");
  await page.keyboard.press("Enter");
  expect((await chooser).isMultiple()).toBe(true);
  // A fast machine would be done before the pause.
  for (const id of ["wasm-1", "wasm-2"]) await page.locator(`#slow-${id}`).fill("8");
  await tabTo(page, "Run again");
  await page.keyboard.press("Enter");
  await untilHeadline(page, /Enlarging/);
  // The button that was pressed is disabled now; the focus is on the next one.
  await expect.poll(() => focusedName(page)).toMatch(/^(Pause|Cancel)$/);
  if ((await focusedName(page)) === "Cancel") await page.keyboard.press("Shift+Tab");
  await page.keyboard.press("Space");
  await untilHeadline(page, /Paused/);
  await page.keyboard.press("Space");
  await tabTo(page, "slow-wasm-1");
  await page.keyboard.press("ArrowLeft");
  await expect.poll(() => page.locator('[data-worker="wasm-1"] output').innerText()).toBe("×7.5");
  await page.keyboard.press("Home");
  await page.locator("#slow-wasm-2").fill("1");
  await tabTo(page, "picture-backend");
  await tabTo(page, "Add worker");
  await page.keyboard.press("Enter");
  await page.locator('[data-worker="wasm-3"][data-state="ready"]').waitFor();
  await untilHeadline(page, /Done/);
});

it.each(["light", "dark"] as const)("fits a phone, in %s", async (colorScheme) => {
  const { page } = app;
  await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
  await page.setViewportSize({ width: 360, height: 740 });
  await expect.poll(() => page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
  const lightness = await page.locator("inference-sharder").evaluate((element) => {
    const [red = 0, green = 0, blue = 0] = getComputedStyle(element).backgroundColor.match(/\d+/g)!.map(Number);
    return (red + green + blue) / 3;
  });
  if (colorScheme === "dark") expect(lightness).toBeLessThan(40);
  else expect(lightness).toBeGreaterThan(230);
  const widths = await page
    .getByRole("button")
    .evaluateAll((all) => all.map((button) => button.getBoundingClientRect().right));
  expect(widths.length).toBeGreaterThan(5);
  expect(Math.max(...widths)).toBeLessThanOrEqual(360);
});

it("hides the header when embedded, and ends its workers when it is removed", async () => {
  const { page } = app;
  const url = new URL(page.url());
  url.search = "?embed=1&workers=wasm&sample=";
  await page.goto(url.href);
  await untilHeadline(page, /Ready/);
  await expect.poll(() => page.getByRole("heading", { level: 1 }).isVisible()).toBe(false);
  expect(page.workers().length).toBe(1);
  await page.evaluate(() => document.querySelector("inference-sharder")!.remove());
  await expect.poll(() => page.workers().length, { timeout: 10_000 }).toBe(0);
  expect(app.errors).toEqual([]);
});

it("says what to do if there is no model", async () => {
  const { page } = app;
  const url = new URL(page.url());
  url.search = "?model=nowhere/model.json&sample=";
  await page.goto(url.href);
  const notice = page.getByRole("alert").filter({ hasText: "The model could not be started" });
  await notice.waitFor();
  await expect.poll(() => notice.innerText()).toContain("nowhere/model.json");
  await notice.getByRole("button", { name: "Try again" }).click();
  await notice.waitFor();
});
