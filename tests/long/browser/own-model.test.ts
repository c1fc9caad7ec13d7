// "Your own model" with thousands of items, and with public models whose outputs are boxes, areas, points and classes.
import { join, resolve } from "node:path";
import type { Page } from "playwright";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { echoNet } from "../../fixtures/echo-net.js";
import { modelFiles } from "../../fixtures/model-files.js";
import { modelsFolder, publicModels } from "../../fixtures/public-models.js";
import { downloaded } from "../../e2e/drive.js";
import { openApp, type OpenPage } from "../../harness/launch.js";

const PICTURE = resolve("public/samples/sample.png");

let app: OpenPage;
let page: Page;
beforeAll(async () => {
  app = await openApp("?workers=wasm,wasm&sample=");
  ({ page } = app);
  await page.getByRole("tab", { name: "Your own model" }).click();
});
afterAll(async () => {
  expect(app.errors.filter((error) => !error.includes("404"))).toEqual([]);
  await app.close();
});

const untilModel = (text: RegExp) =>
  page.getByTestId("model-headline").filter({ hasText: text }).waitFor({ timeout: 60_000 });

it("shows the first 200 of 2,000 items in a table, any of them in full, and saves all", async () => {
  await page.getByTestId("model-files").setInputFiles(modelFiles(echoNet([-1, 3])));
  await untilModel(/Ready/);
  await page.getByLabel("Number of items").fill("2000");
  await page.getByTestId("model-run").click();
  await untilModel(/Done/);
  expect(await page.getByTestId("model-results").locator("tbody tr").count()).toBe(200);
  expect(await page.getByTestId("model-more").innerText()).toMatch(/^and 1800\smore items/);
  const elements = await page.getByTestId("panel-model").evaluate((panel) => panel.querySelectorAll("*").length);
  expect(elements).toBeLessThan(5_000);
  await page.getByTestId("item-number").fill("2000");
  await page.getByTestId("item-number").press("Enter");
  await page.getByTestId("item-name").filter({ hasText: "Item 2000" }).waitFor();
  const download = page.waitForEvent("download");
  await page.getByTestId("save-csv").click();
  const lines = (await downloaded(download)).bytes.toString().trim().split("\r\n");
  expect(lines).toHaveLength(2_001);
  const shown = await page.getByTestId("output-view").locator(".numbers tbody td").allInnerTexts();
  const last = lines.at(-1)!.split(",").slice(2, 5).map(Number);
  expect(shown.map(Number)).toEqual(last.map((value) => Number(value.toPrecision(4))));
});

describe.skipIf(publicModels.length === 0)("shows outputs as what they are:", () => {
  it.each([
    ["meet", "mask", /class 0: [\d.]+\s%/],
    ["facemesh", "points", /468\spoints/],
    ["handtrack", "boxes", /with scores under 30\s% left out/],
    ["emotion", "classes", /%/],
  ])("%s", async (name, view, text) => {
    await page.getByTestId("model-folder").setInputFiles(join(modelsFolder, name));
    await untilModel(new RegExp(`Ready to run ${name}`));
    await page.getByTestId("model-pictures").setInputFiles(PICTURE);
    await page.getByTestId("model-run").click();
    await untilModel(/Done/);
    const shown = page.locator(`[data-testid="output-view"][data-view="${view}"]`).first();
    await shown.filter({ hasText: text }).waitFor();
    if (view === "classes") return;
    // Something was drawn, over the picture.
    const shades = await shown.locator("canvas").evaluate((canvas) => {
      const { width, height } = canvas as HTMLCanvasElement;
      const { data } = (canvas as HTMLCanvasElement).getContext("2d")!.getImageData(0, 0, width, height);
      return new Set(data).size;
    });
    expect(shades).toBeGreaterThan(100);
  });
});
