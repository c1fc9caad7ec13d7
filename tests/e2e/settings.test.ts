import { afterAll, beforeAll, expect, it } from "vitest";
import { openApp, type OpenPage } from "../harness/launch.js";
import { choosePicture, tilesByWorker, untilHeadline } from "./drive.js";

let app: OpenPage;
beforeAll(async () => {
  app = await openApp("?workers=wasm,wasm&sample=&tile=64");
  await untilHeadline(app.page, /Ready/);
});
afterAll(() => app.close());

const tileCount = async () => Object.values(await tilesByWorker(app.page)).reduce((sum, count) => sum + count, 0);

it("the size of tiles holds from the next picture on, and a bad one is refused in words", async () => {
  const { page } = app;
  const settings = page.getByTestId("picture-settings");
  await choosePicture(page, "a.png", { width: 96, height: 64 });
  await untilHeadline(page, /Done: a/);
  const before = await tileCount();
  await settings.getByText("Settings").click();
  const tile = settings.getByLabel(/Side of a tile/);
  await expect.poll(() => tile.inputValue()).toBe("64");
  await tile.fill("3");
  await tile.press("Enter");
  await settings.getByText(/from 32 to 1024 pixels, received “3”/).waitFor();
  await expect.poll(() => tile.getAttribute("aria-invalid")).toBe("true");
  await tile.fill("128");
  await tile.press("Enter");
  await settings.getByText("Holds from the next run on.").waitFor();
  await expect.poll(() => tile.getAttribute("aria-invalid")).toBe("false");
  await page.getByTestId("run-again").click();
  await untilHeadline(page, /Done: a/);
  await expect.poll(tileCount).toBeLessThan(before);
});

it("the model is divided by layers while the page is open, on as many workers, and the picture can be run again", async () => {
  const { page } = app;
  const settings = page.getByTestId("picture-settings");
  await settings.getByLabel("The model is divided").selectOption("layers");
  await settings.getByText("Divided so from now on.").waitFor();
  const workers = page.getByTestId("picture-workers").getByTestId("worker");
  await expect.poll(() => workers.count()).toBe(2);
  await page.getByTestId("run-again").click();
  await page
    .getByTestId("picture-workers")
    .getByText(/layers \d+–\d+/)
    .first()
    .waitFor();
  await untilHeadline(page, /Done: a/);
  await settings.getByLabel("The model is divided").selectOption("auto");
  await settings.getByText("Divided so from now on.").waitFor();
  await expect.poll(() => page.getByTestId("notice").isVisible()).toBe(false);
});

it("another engine computes it while the page is open, and the rows of its workers name it", async () => {
  const { page } = app;
  const settings = page.getByTestId("picture-settings");
  const rows = page.getByTestId("picture-workers").getByTestId("worker");
  await settings.getByLabel("It is computed by").selectOption("litert");
  await settings.getByText("Computed so from now on.").waitFor();
  await rows.first().getByText("LiteRT · wasm").waitFor();
  await page.getByTestId("run-again").click();
  await untilHeadline(page, /Done: a/);
  await settings.getByLabel("It is computed by").selectOption("auto");
  await settings.getByText(/Runs on TF\.js\. LiteRT is tried once that is expected to save more time/).waitFor();
  await expect.poll(() => page.getByTestId("notice").isVisible()).toBe(false);
  await expect.poll(() => rows.getByText("LiteRT ·").count()).toBe(0);
  await settings.getByLabel("It is computed by").selectOption("tfjs");
  await settings.getByText("Computed so from now on.").waitFor();
});

it("own models have settings of their own, with which they run", async () => {
  const { page } = app;
  await page.getByRole("tab", { name: "Your own model" }).click();
  await page.getByTestId("model-address").fill("models/upscale-x2/model.json");
  await page.getByTestId("model-load").click();
  const settings = page.getByTestId("model-settings");
  await settings.getByText("Settings").click();
  await settings.getByLabel(/Results are checked/).selectOption({ label: "all of them (takes twice the work)" });
  await settings.getByLabel(/gets work for/).fill("20");
  await settings.getByLabel(/gets work for/).press("Tab");
  await settings.getByText("Holds from the next run on.").waitFor();
  // Whether it was loaded before or after that makes no difference.
  await page.getByTestId("model-headline").filter({ hasText: /Ready/ }).waitFor();
  await settings.getByText("Holds from the next run on.").waitFor();
  await page.getByLabel("Random numbers").check();
  await page.getByLabel("Number of items").fill("4");
  await page.getByTestId("model-run").click();
  await page.getByTestId("model-headline").filter({ hasText: /Done/ }).waitFor();
  expect(app.errors.filter((error) => !/404/.test(error))).toEqual([]);
});

it("own models keep their workers when they are split otherwise", async () => {
  const { page } = app;
  const workers = page.getByTestId("model-workers");
  await workers
    .getByTestId("worker")
    .last()
    .getByRole("button", { name: /^Remove/ })
    .click();
  await expect.poll(() => workers.getByTestId("worker").count()).toBe(1);
  await page.getByLabel("Split").selectOption("layers");
  await workers
    .getByText("holds no layers")
    .or(workers.getByText(/layers \d/))
    .waitFor();
  await expect.poll(() => workers.getByTestId("worker").count()).toBe(1);
});
