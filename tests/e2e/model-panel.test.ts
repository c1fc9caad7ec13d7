// "Your own model": the page runs the user's model, and says plainly what it can't do.
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Page } from "playwright";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { echoNet } from "../fixtures/echo-net.js";
import { makeZip } from "../fixtures/make-zip.js";
import { modelFiles, type ModelFile } from "../fixtures/model-files.js";
import { randomNet } from "../fixtures/random-net.js";
import { openApp, type OpenPage } from "../harness/launch.js";
import { choosePicture, dropPath, tabTo, untilHeadline } from "./drive.js";

/** Returns how red, green and blue a picture is: [n, 3]. Its labels lie beside it. */
const COLOUR_NET = modelFiles(echoNet([-1, 1, 1, 3], "float32", [1, 2]));
const LABELS = JSON.stringify({ labels: ["red", "green", "blue"] });

let app: OpenPage;
let page: Page;
beforeAll(async () => {
  app = await openApp("?workers=wasm,wasm&sample=");
  ({ page } = app);
  await page.route(/\/colours\//, async (route) => {
    const name = new URL(route.request().url()).pathname.split("/").at(-1);
    if (name === "metadata.json") return route.fulfill({ body: LABELS });
    const file = COLOUR_NET.find((each) => each.name === name);
    return file === undefined ? route.fulfill({ status: 404 }) : route.fulfill({ body: file.buffer });
  });
  await page.getByRole("tab", { name: "Your own model" }).click();
});
afterAll(async () => {
  // The browser itself logs every failed request: for missing labels, and in the tests of failures.
  expect(app.errors.filter((error) => !error.includes("404"))).toEqual([]);
  await app.close();
});

const untilModel = (text: RegExp) =>
  page.getByTestId("model-headline").filter({ hasText: text }).waitFor({ timeout: 60_000 });

async function load(address: string): Promise<void> {
  await page.getByLabel("Address of a model").fill(address);
  await page.getByRole("button", { name: "Load", exact: true }).click();
}

/** The table's text: a list of cells for each row. */
const rows = () =>
  page
    .getByTestId("model-results")
    .locator("tbody tr")
    .evaluateAll((all) =>
      all.map((row) =>
        [...row.querySelectorAll("th, td")].map((cell) => (cell as HTMLElement).innerText.replace(/\s+/g, " ").trim()),
      ),
    );

/** A picture of one colour. */
async function solid(name: string, colour: string): Promise<ModelFile> {
  const base64 = await page.evaluate(async (fill) => {
    const canvas = new OffscreenCanvas(31, 17);
    const context = canvas.getContext("2d")!;
    context.fillStyle = fill;
    context.fillRect(0, 0, 31, 17);
    const bytes = new Uint8Array(await (await canvas.convertToBlob()).arrayBuffer());
    return btoa(String.fromCharCode(...bytes));
  }, colour);
  return { name, mimeType: "image/png", buffer: Buffer.from(base64, "base64") };
}

it("runs a model from its address on random numbers, and shows its facts", async () => {
  await expect.poll(() => page.getByTestId("model-run").isEnabled()).toBe(false);
  await load("models/upscale-x2/model.json");
  await untilModel(/Ready/);
  const facts = await page.getByTestId("model-facts").innerText();
  expect(facts).toMatch(/graph model/);
  expect(facts).toMatch(/image: float32, n\s×\s\?\s×\s\?\s×\s3/);
  expect(facts).toMatch(/Weights\s+\d+\skB/);
  expect(facts).toMatch(/Optimised/);
  await page.getByLabel("Random numbers").check();
  await page.getByLabel("Number of items").fill("6");
  await page.getByLabel("Height of “image”").fill("24");
  await page.getByLabel("Width of “image”").fill("20");
  await page.getByTestId("model-run").click();
  await untilModel(/Done/);
  await expect.poll(() => page.getByTestId("model-detail").innerText()).toMatch(/^6\sitems in .*\sitems\/s$/);
  const table = await rows();
  expect(table.map(([item]) => item)).toEqual([1, 2, 3, 4, 5, 6].map((n) => `Item ${n}`));
  for (const [, output, values] of table) {
    expect(output).toBe("upscaled float32, 48 × 40 × 3");
    // Enlarged noise of 0 … 1 stays near that range.
    const [min, mean, max] = values!
      .match(/min (\S+) · mean (\S+) · max (\S+)/)!
      .slice(1)
      .map((text) => Number(text.replace("−", "-")));
    expect(min).toBeLessThan(mean!);
    expect(mean).toBeGreaterThan(0.4);
    expect(mean).toBeLessThan(0.6);
    expect(max).toBeGreaterThan(mean!);
  }
  const shares = await page
    .getByTestId("panel-model")
    .getByRole("meter")
    .evaluateAll((all) => all.map((bar) => bar.getAttribute("aria-valuenow")));
  expect(shares).toHaveLength(2);
});

it("loads nothing of the reader of Keras files before one is chosen", async () => {
  const names = await page.evaluate(() => performance.getEntriesByType("resource").map(({ name }) => name));
  expect(names.some((name) => name.endsWith(".js"))).toBe(true);
  expect(names.filter((name) => /reader|hdf5|h5wasm/i.test(name))).toEqual([]);
  // Nor is it a part of a script that is loaded.
  const scripts = await page.evaluate(
    (names) =>
      Promise.all(
        names.filter((name) => /\/index[^/]*\.js$/.test(name)).map(async (name) => (await fetch(name)).text()),
      ),
    names,
  );
  expect(scripts.length).toBeGreaterThan(0);
  for (const script of scripts) expect(script).not.toMatch(/H5Fopen|HDF5-DIAG/);
});

describe("on pictures", () => {
  it("names the best classes by the labels beside the model, and skips files that are not pictures", async () => {
    await load("colours/model.json");
    await page.getByTestId("model-facts").filter({ hasText: "red, green, blue" }).waitFor();
    const pictures = [
      await solid("sky.png", "rgb(51 102 204)"),
      { ...(await solid("", "red")), name: "torn.png", buffer: Buffer.from("torn") },
      await solid("leaf.png", "rgb(0 255 102)"),
    ];
    await page.getByTestId("model-pictures").setInputFiles(pictures);
    await page.getByTestId("model-run").click();
    await untilModel(/Done/);
    const [sky, torn, leaf] = await rows();
    // The first range that is offered is 0 … 1: 204 ÷ 255 = 80 %.
    expect(sky).toEqual([
      "sky.png",
      "echo float32, 3",
      expect.stringMatching(/^blue 80\.0\s% green 40\.0\s% red 20\.0\s%$/),
    ]);
    expect(leaf?.[2]).toMatch(/^green 100\.0\s% blue 40\.0\s% red 0\.0\s%$/);
    expect(torn?.[0]).toBe("torn.png");
    expect(torn?.[1]).toMatch(/^Expected a picture .*, received a text file/);
    await expect.poll(() => page.getByTestId("model-detail").innerText()).toContain("1 failed");
  });

  it.each([
    ["−1 … 1", [-0.6, -0.2, 0.6]],
    ["0 … 255", [51, 102, 204]],
    ["ImageNet’s mean and deviation", [(0.2 - 0.485) / 0.229, (0.4 - 0.456) / 0.224, (0.8 - 0.406) / 0.225]],
  ])("gives pixel values as %s", async (range, wanted) => {
    await page.getByTestId("model-pictures").setInputFiles([await solid("sky.png", "rgb(51 102 204)")]);
    await page.getByLabel("Pixel values").selectOption(range);
    await page.getByTestId("model-run").click();
    await untilModel(/Done/);
    const shown = await page
      .getByTestId("model-results")
      .locator(".classes li")
      .evaluateAll((all) =>
        all.map(
          (item) => [item.querySelector(".label")!.textContent, item.querySelector(".share")!.textContent] as const,
        ),
      );
    const values = new Map(
      shown.map(([label, text]) => [
        label,
        text.includes("%") ? parseFloat(text) / 100 : Number(text.replace("−", "-")),
      ]),
    );
    ["red", "green", "blue"].forEach((label, i) =>
      expect(Math.abs(values.get(label)! - wanted[i]!)).toBeLessThan(0.01 * Math.max(1, Math.abs(wanted[i]!))),
    );
  });

  it("also accepts dropped and pasted pictures, which don't reach the other tab", async () => {
    for (const how of ["drop", "paste"] as const) {
      await page.evaluate(async (how) => {
        const canvas = new OffscreenCanvas(5, 4);
        canvas.getContext("2d")!.fillRect(0, 0, 5, 4);
        const data = new DataTransfer();
        data.items.add(new File([await canvas.convertToBlob()], `by-${how}.png`, { type: "image/png" }));
        const init = { bubbles: true, cancelable: true };
        const host = document.querySelector("inference-sharder")!;
        if (how === "drop") host.dispatchEvent(new DragEvent("drop", { dataTransfer: data, ...init }));
        else document.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, ...init }));
      }, how);
      await page
        .getByTestId("model-chosen")
        .filter({ hasText: `by-${how}.png` })
        .waitFor();
    }
    await page.getByRole("tab", { name: "Enlarge a picture" }).click();
    await untilHeadline(page, /Ready/);
    await page.getByRole("tab", { name: "Your own model" }).click();
  });
});

describe("from files", () => {
  it("loads a model in any order of files, with labels and pictures among them", async () => {
    const labels = {
      name: "metadata.json",
      mimeType: "application/json",
      buffer: Buffer.from('["hot", "calm", "cold"]'),
    };
    const [json, ...weights] = COLOUR_NET;
    await page
      .getByTestId("model-files")
      .setInputFiles([labels, ...weights.toReversed(), json!, await solid("sea.png", "rgb(0 51 255)")]);
    await page.getByTestId("model-facts").filter({ hasText: "hot, calm, cold" }).waitFor();
    await page.getByTestId("model-chosen").filter({ hasText: "sea.png" }).waitFor();
    await page.getByTestId("model-run").click();
    await untilModel(/Done/);
    await expect
      .poll(() => rows())
      .toEqual([["sea.png", "echo float32, 3", expect.stringMatching(/^cold 100\.0\s% calm 20\.0\s% hot 0\.0\s%$/)]]);
  });

  it("loads a model and its pictures from a dropped folder", async () => {
    const folder = await mkdtemp(join(tmpdir(), "dropped-model-"));
    try {
      await mkdir(join(folder, "pictures"));
      for (const { name, buffer } of COLOUR_NET) await writeFile(join(folder, name), buffer);
      await writeFile(join(folder, "labels.txt"), "rouge\nvert\nbleu\n");
      for (const name of ["1.png", "2.png"]) {
        await writeFile(join(folder, "pictures", name), (await solid(name, "rgb(0 255 0)")).buffer);
      }
      await dropPath(page, folder);
      await page.getByTestId("model-facts").filter({ hasText: "rouge, vert, bleu" }).waitFor();
      await page.getByTestId("model-chosen").filter({ hasText: "2 pictures, 1.png" }).waitFor();
      await page.getByTestId("model-run").click();
      await untilModel(/Done/);
      expect((await rows()).map(([name, , values]) => [name, values?.slice(0, 4)])).toEqual([
        ["1.png", "vert"],
        ["2.png", "vert"],
      ]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it.each(["keras3.keras", "keras2.h5"])("runs %s when it is dropped", async (name) => {
    await dropPath(page, resolve("tests/fixtures/keras-files", name));
    await page
      .getByTestId("model-facts")
      .filter({ hasText: /picture: float32, n\s×\s8\s×\s8\s×\s2/ })
      .waitFor();
    await page.getByTestId("model-facts").filter({ hasText: "classes" }).waitFor();
    await page.getByLabel("Random numbers").check();
    await page.getByLabel("Number of items").fill("3");
    await page.getByTestId("model-run").click();
    await untilModel(/Done/);
    expect((await rows()).length).toBe(3);
  });

  it("runs a zip as Teachable Machine packs it, with the labels in it", async () => {
    const files = Object.fromEntries(COLOUR_NET.map(({ name, buffer }) => [name, buffer]));
    const zip = makeZip({ ...files, "metadata.json": Buffer.from('["crimson", "lime", "navy"]') }, { deflate: true });
    const file = { name: "converted.zip", mimeType: "application/zip", buffer: Buffer.from(zip) };
    await page.getByTestId("model-files").setInputFiles([file]);
    await page.getByTestId("model-facts").filter({ hasText: "crimson, lime, navy" }).waitFor();
    await page.getByTestId("model-pictures").setInputFiles([await solid("leaf.png", "rgb(0 255 0)")]);
    await page.getByTestId("model-run").click();
    await untilModel(/Done/);
    expect((await rows())[0]?.[2]).toContain("lime");
  });

  it.each([
    ["net.tflite", "\x1c\0\0\0TFL3", /damaged/],
    ["net.onnx", "\x08\x07\x12\x07pytorch", /graph of an \.onnx file/],
  ])("says that %s can't be read", async (name, bytes, words) => {
    const buffer = Buffer.from(bytes, "latin1");
    await page.getByTestId("model-files").setInputFiles([{ name, mimeType: "application/octet-stream", buffer }]);
    await page.getByTestId("model-notice").filter({ hasText: words }).waitFor();
  });

  it("names the missing file, and keeps the previous model", async () => {
    await page.getByTestId("model-files").setInputFiles(COLOUR_NET.slice(0, 2));
    const notice = page.getByTestId("model-notice");
    await notice.filter({ hasText: COLOUR_NET[2]!.name }).waitFor();
    await page.getByTestId("model-pictures").setInputFiles([await solid("leaf.png", "rgb(0 255 0)")]);
    await page.getByTestId("model-run").click();
    await untilModel(/Done/);
    expect((await rows())[0]?.[2]).toContain("lime");
  });
});

it("splits by layers if that is chosen, and shows the stages", async () => {
  await page.getByLabel("Split").selectOption("layers");
  await page.getByTestId("model-files").setInputFiles(modelFiles(randomNet({ seed: 4, depth: 6, size: 24, width: 8 })));
  await page.getByTestId("model-facts").filter({ hasText: "features" }).waitFor();
  await page.getByLabel("Random numbers").check();
  await page.getByLabel("Number of items").fill("60");
  await page.getByTestId("model-run").click();
  await untilModel(/Done/);
  await page.getByTestId("model-dashboard").locator(".lazy-panel").last().scrollIntoViewIfNeeded();
  const stages = page.getByTestId("panel-model").getByText(/^Stage 1 on/);
  await stages.waitFor();
  // They are shown once.
  await expect.poll(() => page.getByTestId("panel-model").getByRole("heading", { name: "Stages" }).count()).toBe(0);
  await expect.poll(() => stages.count()).toBe(1);
  expect((await rows()).length).toBe(60);
  await page.getByLabel("Split").selectOption("auto");
});

it("measures the layers on request", async () => {
  await page.getByRole("button", { name: "Measure the layers" }).click();
  const facts = page.getByTestId("model-facts");
  await facts.filter({ hasText: "gives the same results as single items" }).waitFor();
  await page.getByTestId("model-dashboard").locator(".lazy-panel").last().scrollIntoViewIfNeeded();
  await page.getByTestId("model-layers-panel").getByText("Every layer, with its cost").click();
  const layers = page.getByTestId("model-layers").locator("tbody tr");
  await expect.poll(() => layers.count()).toBe(Number((await facts.innerText()).match(/Layers\s+(\d+),/)![1]));
  await expect.poll(() => layers.first().innerText()).toMatch(/\d\sms/);
  // Sorted by cost from the keyboard: the dearest layer first.
  await page.getByTestId("model-layers").getByRole("button", { name: "Time" }).press("Enter");
  const costs = (await layers.locator("td:nth-child(2)").allInnerTexts()).map(parseFloat).filter(Number.isFinite);
  expect(costs.length).toBeGreaterThan(1);
  expect(costs).toEqual([...costs].sort((a, b) => b - a));
});

it("can be paused, resumed and cancelled in mid-run, and be run again", async () => {
  await load("models/upscale-x2/model.json");
  await untilModel(/Ready/);
  await page.getByLabel("Random numbers").check();
  await page.getByLabel("Number of items").fill("100000");
  await page.getByLabel("Height of “image”").fill("8");
  await page.getByLabel("Width of “image”").fill("8");
  await page.getByTestId("model-run").click();
  await untilModel(/Running/);
  await page.getByTestId("model-more").filter({ hasText: "more items" }).waitFor();
  // Hundreds of rows scroll by themselves, and push nothing out of sight.
  const box = await page.getByRole("region", { name: "Outputs of each item" }).boundingBox();
  expect(box?.height).toBeLessThan(500);
  await page.getByTestId("model-pause").click();
  await untilModel(/Paused/);
  await page.getByTestId("model-pause").filter({ hasText: "Resume" }).click();
  await untilModel(/Running/);
  await page.getByTestId("model-cancel").click();
  await untilModel(/Cancelled/);
  // The rows so far are kept.
  expect((await rows()).length).toBe(200);
  await page.getByLabel("Number of items").fill("3");
  await page.getByTestId("model-run").click();
  await untilModel(/Done/);
  expect((await rows()).length).toBe(3);
});

it("says why a model can't be loaded, and keeps the previous one; the picture tab still works", async () => {
  await load("nowhere/model.json");
  const notice = page.getByTestId("model-notice");
  await notice.filter({ hasText: "nowhere/model.json" }).waitFor();
  await expect.poll(() => notice.innerText()).toMatch(/The model could not be loaded\s+Expected .*received .*404/);
  await page.getByTestId("model-run").click();
  await untilModel(/Done/);
  await expect.poll(() => notice.isVisible()).toBe(false);
  await page.getByLabel("Number of items").fill("0");
  await page.getByTestId("model-run").click();
  await notice.filter({ hasText: "whole number of items from 1 to 1,000,000, received 0" }).waitFor();
  await page.getByLabel("Number of items").fill("3");

  await page.getByRole("tab", { name: "Enlarge a picture" }).click();
  await choosePicture(page, "beside.png", { width: 40, height: 30 });
  await untilHeadline(page, /Done: beside/);
});

it("works by keyboard alone", async () => {
  await page.getByRole("tab", { name: "Enlarge a picture" }).focus();
  await page.keyboard.press("ArrowRight");
  await tabTo(page, "model-address");
  await page.keyboard.press("Control+A");
  await page.keyboard.type("colours/model.json");
  await page.keyboard.press("Enter");
  await untilModel(/Ready/);
  const chooser = page.waitForEvent("filechooser");
  await tabTo(page, "model-files");
  await page.keyboard.press("Enter");
  expect((await chooser).isMultiple()).toBe(true);
  await tabTo(page, "model-split");
  await tabTo(page, "model-input-pictures");
  await page.keyboard.press("ArrowDown");
  await tabTo(page, "model-items");
  await page.keyboard.press("Control+A");
  await page.keyboard.type("2");
  await tabTo(page, "Run");
  await page.keyboard.press("Enter");
  await untilModel(/Done/);
  expect((await rows()).length).toBe(2);
});

it.each(["light", "dark"] as const)("fits a phone, in %s", async (colorScheme) => {
  await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
  await page.setViewportSize({ width: 360, height: 740 });
  await expect.poll(() => page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
  const rights = await page
    .getByTestId("panel-model")
    .locator("button, .button, select, input, td, th")
    .evaluateAll((all) =>
      all
        // Wide tables scroll by themselves.
        .filter((each) => each.closest('[role="region"][tabindex="0"], .lane-table') === null)
        .map((each) => each.getBoundingClientRect().right),
    );
  expect(rights.length).toBeGreaterThan(12);
  expect(Math.max(...rights)).toBeLessThanOrEqual(360);
});
