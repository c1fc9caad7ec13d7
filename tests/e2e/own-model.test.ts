// "Your own model": what it runs on, how its outputs are shown and saved, and what is said when something is missing or wrong.
import { unzipSync } from "fflate";
import type { Page } from "playwright";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { echoNet } from "../fixtures/echo-net.js";
import { modelFiles, type ModelFile } from "../fixtures/model-files.js";
import { npyHeader, readNpy } from "../../src/ui/model/tensors/npy.js";
import { openApp, type OpenPage } from "../harness/launch.js";
import { downloaded } from "./drive.js";

/** Gives back what it gets: [n, 2, 2]. */
const ECHO = modelFiles(echoNet([-1, 2, 2], "float32", []));
/** Gives back pictures of 8 × 1 pixels, which look like 8 points. */
const POINTS = modelFiles(echoNet([-1, 8, 1, 3], "float32", []));

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

const file = (name: string, content: string | Uint8Array, mimeType = "application/octet-stream"): ModelFile => ({
  ...{ name, mimeType },
  buffer: Buffer.from(content as Uint8Array),
});
const untilModel = (text: RegExp) =>
  page.getByTestId("model-headline").filter({ hasText: text }).waitFor({ timeout: 60_000 });
const values = () => page.getByTestId("output-view").locator(".numbers tbody td").allInnerTexts();
const detail = () => page.getByTestId("model-detail").innerText();
const run = async (): Promise<void> => {
  await page.getByTestId("model-run").click();
  await untilModel(/Done/);
};
const saved = async (testId: string): Promise<{ name: string; bytes: Buffer }> => {
  const download = page.waitForEvent("download");
  await page.getByTestId(testId).click();
  return downloaded(download);
};

it("keeps labels and pictures that come before the model, and says so", async () => {
  await page.getByTestId("model-files").setInputFiles([file("labels.txt", "north\nsouth\n", "text/plain")]);
  await untilModel(/Now load a model/);
  await expect.poll(() => detail()).toBe("Ready for it: the labels in labels.txt.");
  await page.getByTestId("model-files").setInputFiles([file("x.csv", "1,2,3,4\n5,6,7,8\n", "text/csv")]);
  await page.getByTestId("model-detail").filter({ hasText: "labels.txt, 1 file of numbers" }).waitFor();
  await page.getByTestId("model-files").setInputFiles(ECHO);
  await page.getByTestId("model-facts").filter({ hasText: "north, south" }).waitFor();
  await page.getByTestId("model-tensor-0-status").filter({ hasText: "x.csv: 2 items, 2 × 2 × 2" }).waitFor();
});

describe("files of numbers", () => {
  it("run as items, and come back as they were in every kind of file", async () => {
    await run();
    await expect.poll(() => detail()).toMatch(/^2\sitems in/);
    const json = await saved("save-json");
    const { items } = JSON.parse(json.bytes.toString()) as { items: { name: string; outputs: { echo: object } }[] };
    expect(items.map(({ name, outputs }) => [name, outputs.echo])).toEqual([
      ["Item 1", { dtype: "float32", shape: [2, 2], data: [1, 2, 3, 4] }],
      ["Item 2", { dtype: "float32", shape: [2, 2], data: [5, 6, 7, 8] }],
    ]);
    const csv = await saved("save-csv");
    expect(csv.bytes.toString()).toBe(
      "item,name,axis 1,north,south,error\r\n1,Item 1,0,1,2,\r\n1,Item 1,1,3,4,\r\n2,Item 2,0,5,6,\r\n2,Item 2,1,7,8,\r\n",
    );
    const array = { dtype: "float32", shape: [2, 2, 2], data: Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8) };
    const npy = await saved("save-npy");
    expect(readNpy(npy.bytes, npy.name)).toEqual(array);
    const npz = await saved("save-npz");
    expect(readNpy(unzipSync(npz.bytes)["echo.npy"]!, npz.name)).toEqual(array);
    expect([json.name, csv.name, npy.name, npz.name].map((name) => name.split(".")[1])).toEqual([
      "json",
      "csv",
      "npy",
      "npz",
    ]);
  });

  it("that don't fit are refused at once, in words, and then replaced", async () => {
    const status = page.getByTestId("model-tensor-0-status");
    await page.getByTestId("model-tensor-0").setInputFiles(file("three.csv", "1,2,3\n"));
    await status.filter({ hasText: "or a table with 4 columns, received shape [1, 3] in three.csv" }).waitFor();
    await expect.poll(() => page.getByTestId("model-run").isDisabled()).toBe(true);
    const values = new Float32Array(12).map((_, i) => i);
    const array = Buffer.concat([npyHeader("float32", [3, 2, 2]), Buffer.from(values.buffer)]);
    await page.getByTestId("model-tensor-0").setInputFiles(file("good.npy", array));
    await status.filter({ hasText: "good.npy: 3 items" }).waitFor();
    await run();
    await expect.poll(() => page.getByTestId("model-results").locator("tbody tr").count()).toBe(3);
  });
});

describe("one item's outputs", () => {
  it("are shown in full, and others by number, arrow or row", async () => {
    await page.getByTestId("output-view").waitFor();
    await expect.poll(() => values()).toEqual(["0", "1", "2", "3"]);
    await page.getByRole("button", { name: "Next item" }).click();
    await page.locator(".numbers").filter({ hasText: "7" }).waitFor();
    await expect.poll(() => values()).toEqual(["4", "5", "6", "7"]);
    await page.getByTestId("item-number").fill("2");
    await page.getByTestId("item-number").press("Enter");
    await page.getByRole("button", { name: "Next item" }).focus();
    await page.keyboard.press("Enter");
    await page.locator(".numbers").filter({ hasText: "11" }).waitFor();
    // At the end, the button that brought there is of no more use, and the focus stays nearby.
    const focused = () =>
      page.evaluate(() =>
        document.querySelector("inference-sharder")?.shadowRoot?.activeElement?.getAttribute("aria-label"),
      );
    await expect.poll(() => focused()).toBe("Previous item");
    await page.getByRole("button", { name: "Item 1", exact: true }).click();
    await page.getByTestId("item-name").filter({ hasText: "Item 1" }).waitFor();
  });

  it("as pictures where they are, with a choice of views", async () => {
    await page.getByLabel("Address of a model").fill("models/upscale-x2/model.json");
    await page.getByRole("button", { name: "Load", exact: true }).click();
    await untilModel(/Ready to run upscale-x2/);
    await expect.poll(() => page.getByTestId("model-facts").innerText()).toMatch(/Name\s+upscale-x2/);
    await page.getByLabel("Random numbers").check();
    await page.getByLabel("Number of items").fill("2");
    await page.getByLabel("Height of “image”").fill("8");
    await page.getByLabel("Width of “image”").fill("12");
    await run();
    const canvas = page.getByRole("img", { name: "Picture of 24 × 16 pixels" });
    await canvas.waitFor();
    const shades = await canvas.evaluate((element) => {
      const { data } = (element as HTMLCanvasElement).getContext("2d")!.getImageData(0, 0, 24, 16);
      return new Set(data).size;
    });
    expect(shades).toBeGreaterThan(50);
    await page.getByLabel("Show upscaled as").selectOption("Numbers");
    await page.locator(".numbers").waitFor();
    await expect.poll(() => canvas.count()).toBe(0);
  });

  it("over their pictures, in one view after the other, and says once what is done though there are new labels", async () => {
    await page.getByTestId("model-files").setInputFiles(POINTS);
    await page.getByTestId("model-facts").filter({ hasText: "8 × 1 × 3" }).waitFor();
    const numbers = Array.from({ length: 24 }, (_, i) => i).join(",");
    await page.getByTestId("model-files").setInputFiles([file("y.csv", numbers, "text/csv")]);
    const read = page.getByTestId("model-tensor-0-status");
    await read.filter({ hasText: "y.csv: 1 item" }).waitFor();
    await page.getByTestId("model-files").setInputFiles([file("labels.txt", "west\neast\n", "text/plain")]);
    await page.getByTestId("model-facts").filter({ hasText: "west, east" }).waitFor();
    await expect.poll(() => read.innerText()).toMatch(/y\.csv: 1\sitem/);
    const started = page.getByTestId("model-log").getByText("Run started");
    const before = await started.count();
    await page.getByTestId("model-files").setInputFiles("public/samples/sample.png");
    await run();
    expect((await started.count()) - before).toBe(1);
    const canvas = page.getByRole("img", { name: "8 points" });
    await canvas.waitFor();
    await page.getByLabel("Show echo as").selectOption("Numbers");
    await page.locator(".numbers").waitFor();
    await page.getByLabel("Show echo as").selectOption("Points");
    await canvas.waitFor();
    await page.getByLabel("Random numbers").check();
  });
});

describe("numbers that are none", () => {
  it.each(["", "0", "1.5", "10000000"])(
    "a run of “%s” items is refused in words, with the focus on the field",
    async (count) => {
      await page.getByLabel("Number of items").fill(count);
      await page.getByTestId("model-run").click();
      const received = count === "" ? "none" : count;
      const notice = page.getByTestId("model-notice").filter({ hasText: `from 1 to 1,000,000, received ${received}` });
      await notice.waitFor();
      const focused = await page.evaluate(
        () => document.querySelector("inference-sharder")?.shadowRoot?.activeElement?.id,
      );
      expect(focused).toBe("model-items");
      await expect.poll(() => page.getByLabel("Number of items").getAttribute("aria-invalid")).toBe("true");
    },
  );
});

/** Store a model in the page's database as `model.save("indexeddb://NAME")` of TF.js 4 does. */
async function storeModel(name: string, [json, ...shards]: readonly ModelFile[]): Promise<void> {
  const weights = Buffer.concat(shards.map(({ buffer }) => buffer));
  await page.evaluate(
    async ({ modelPath, text, base64 }) => {
      const { modelTopology, weightsManifest, ...others } = JSON.parse(text);
      const weightSpecs = weightsManifest.flatMap((group: { weights: object[] }) => group.weights);
      const weightData = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0)).buffer;
      const modelArtifacts = { ...others, modelTopology, weightSpecs, weightData };
      const modelArtifactsInfo = { dateSaved: new Date(), modelTopologyType: "JSON" };
      const opening = indexedDB.open("tensorflowjs", 1);
      opening.addEventListener("upgradeneeded", () => {
        opening.result.createObjectStore("models_store", { keyPath: "modelPath" });
        opening.result.createObjectStore("model_info_store", { keyPath: "modelPath" });
      });
      await new Promise((done) => opening.addEventListener("success", done));
      const storing = opening.result.transaction(["models_store", "model_info_store"], "readwrite");
      storing.objectStore("model_info_store").put({ modelPath, modelArtifactsInfo });
      storing.objectStore("models_store").put({ modelPath, modelArtifacts, modelArtifactsInfo });
      await new Promise((done) => storing.addEventListener("complete", done));
      opening.result.close();
    },
    { modelPath: name, text: json!.buffer.toString(), base64: weights.toString("base64") },
  );
}

it("lists what TF.js has stored in this browser, and runs it", async () => {
  const stored = page.getByTestId("model-stored");
  await expect.poll(() => stored.isVisible()).toBe(false);
  await storeModel("my net", ECHO);
  await page.getByLabel("Address of a model").focus();
  await stored.filter({ hasText: "my net" }).waitFor({ timeout: 10_000 });
  await stored.selectOption("indexeddb://my net");
  await untilModel(/Ready to run my net/);
  await page.getByTestId("model-files").setInputFiles([file("x.csv", "8,7,6,5\n", "text/csv")]);
  await page.getByTestId("model-tensor-0-status").filter({ hasText: "x.csv: 1 item" }).waitFor();
  await run();
  await page.locator(".numbers").filter({ hasText: "8" }).waitFor();
  await expect.poll(() => values()).toEqual(["8", "7", "6", "5"]);
  // After another model it is no longer chosen, so that it can be chosen again.
  await page.getByTestId("model-files").setInputFiles(POINTS);
  await page.getByTestId("model-facts").filter({ hasText: "8 × 1 × 3" }).waitFor();
  await expect.poll(() => stored.inputValue()).toBe("");
});

it("names an audio model's free axes by place", async () => {
  await page.getByTestId("model-files").setInputFiles(modelFiles(echoNet([-1, -1, 1], "float32", [])));
  await page.getByLabel(/^Size of axis 2 of “\w+” \(n\s×\s\?\s×\s1\)$/).waitFor();
  // The input takes sound, not pictures.
  await expect.poll(() => page.getByTestId("model-input-pictures").isDisabled()).toBe(true);
});
