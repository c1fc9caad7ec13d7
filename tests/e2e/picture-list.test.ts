// Several pictures, their formats and how they are looked at, on one page.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { unzipSync } from "fflate";
import { afterAll, beforeAll, expect, it } from "vitest";
import { modelFiles } from "../fixtures/model-files.js";
import { randomNet } from "../fixtures/random-net.js";
import { openApp, type OpenPage } from "../harness/launch.js";
import {
  chooseFile,
  choosePicture,
  decode,
  downloaded,
  dropPath,
  paintPicture,
  savePicture,
  untilHeadline,
} from "./drive.js";

let app: OpenPage;
beforeAll(async () => {
  app = await openApp("?sample=&workers=wasm,wasm&tile=64");
  await untilHeadline(app.page, /Ready/);
});
afterAll(async () => {
  expect(app.errors).toEqual([]);
  await app.close();
});

const rows = () => app.page.getByTestId("queue-row");
const untilDone = (text: RegExp) => app.page.getByTestId("queue-summary").filter({ hasText: text }).waitFor();
const caption = () => app.page.getByTestId("caption").innerText();

it("says how much larger a picture becomes, and what of its file can't be kept", async () => {
  const { page } = app;
  await choosePicture(page, "plain.png", { width: 60, height: 40 });
  await untilHeadline(page, /Done: plain/);
  expect((await caption()).replaceAll(/\s+/g, " ").trim()).toBe("×2 60 × 40 → 120 × 80");
  await expect
    .poll(() => page.getByTestId("running-with").innerText())
    .toBe("The model upscale-x2 runs on 2\u00a0workers: 2 × wasm.");
  // A GIF of two frames, 1 × 1.
  const frame = "2c0000000001000100000202440100";
  await chooseFile(
    page,
    "two.gif",
    "image/gif",
    Buffer.from(`47494638396101000100800000ff0000ffffff${frame}${frame}3b`, "hex"),
  );
  await untilHeadline(page, /Done: two/);
  await expect.poll(() => caption()).toContain("only the first frame is enlarged");
});

it("keeps the colours of Display P3", async () => {
  const { page } = app;
  const base64 = await page.evaluate(async () => {
    const canvas = new OffscreenCanvas(40, 30);
    const context = canvas.getContext("2d", { colorSpace: "display-p3" })!;
    context.fillStyle = "color(display-p3 1 0 0)";
    context.fillRect(0, 0, 40, 30);
    const bytes = new Uint8Array(await (await canvas.convertToBlob()).arrayBuffer());
    return btoa(String.fromCharCode(...bytes));
  });
  await chooseFile(page, "red.png", "image/png", Buffer.from(base64, "base64"));
  await untilHeadline(page, /Done: red/);
  await expect.poll(() => caption()).toContain("Its Display P3 colours are kept.");
  const { png } = await savePicture(page);
  /** The middle of the picture, and what is shown of it, as Display P3. In sRGB the red would be 234, 51, 35. */
  const colours = await page.evaluate(async (text) => {
    const bytes = Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
    const shown = document.querySelector("inference-sharder")!.shadowRoot!.querySelector<HTMLCanvasElement>(".result")!;
    return [await createImageBitmap(new Blob([bytes])), shown].map((picture) => {
      const context = new OffscreenCanvas(80, 60).getContext("2d", { colorSpace: "display-p3" })!;
      context.drawImage(picture, 0, 0);
      return [...context.getImageData(40, 30, 1, 1).data];
    });
  }, png.toString("base64"));
  for (const [red, green, blue] of colours as [number, number, number][]) {
    expect(red).toBeGreaterThan(248);
    expect(Math.max(green, blue)).toBeLessThan(12);
  }
});

it("saves JPEG and WebP, white where JPEG has no transparency", async () => {
  const { page } = app;
  await choosePicture(page, "glass.png", { width: 60, height: 40, alpha: 0 });
  await untilHeadline(page, /Done: glass/);
  for (const [type, ending, start] of [
    ["image/jpeg", "jpg", "ffd8ff"],
    ["image/webp", "webp", "52494646"],
  ] as const) {
    await page.getByTestId("save-format").selectOption(type);
    await expect.poll(() => page.getByTestId("save-quality").isVisible()).toBe(true);
    const saved = await savePicture(page);
    expect(saved.name).toBe(`glass-x2.${ending}`);
    expect(saved.png.toString("hex")).toMatch(new RegExp(`^${start}`));
    const { width, rgba } = await decode(page, saved.png);
    expect(width).toBe(120);
    expect([...rgba.subarray(0, 4)]).toEqual(type === "image/jpeg" ? [255, 255, 255, 255] : [0, 0, 0, 0]);
  }
  await page.getByTestId("save-format").selectOption("image/png");
  await expect.poll(() => page.getByTestId("save-quality").isVisible()).toBe(false);
});

it("zooms to the pixels by keyboard, wheel, double click and buttons, and wipes by keyboard and pointer", async () => {
  const { page } = app;
  await choosePicture(page, "zoom.png", { width: 90, height: 60 });
  await untilHeadline(page, /Done: zoom/);
  const frame = page.getByTestId("frame");
  const percent = async () => parseInt(await page.getByTestId("zoom").innerText(), 10);
  const stage = () =>
    frame
      .locator(".stage")
      .first()
      .evaluate((element) => getComputedStyle(element).transform);
  const rendering = () => page.getByTestId("result").evaluate((canvas) => getComputedStyle(canvas).imageRendering);
  const fit = await percent();
  const box = (await frame.boundingBox())!;
  expect(fit).toBe(Math.round((100 * box.width) / 180));
  await frame.focus();
  await page.keyboard.press("+");
  await expect.poll(() => percent()).toBe(Math.round((1.5 * 100 * box.width) / 180));
  const before = await stage();
  await page.keyboard.press("ArrowRight");
  await expect.poll(() => stage()).not.toBe(before);
  for (let presses = 0; presses < 12; presses++) await page.keyboard.press("+");
  await expect.poll(() => percent()).toBe(1600);
  await expect.poll(() => rendering()).toBe("pixelated");
  // The original's own pixels are shown, not its smoothed enlargement.
  const sharp = page.getByTestId("sharp-original");
  const pixelSize = () =>
    sharp.evaluate((canvas: HTMLCanvasElement) => Math.round(canvas.getBoundingClientRect().width / canvas.width));
  await expect.poll(pixelSize).toBe(32);
  await page.keyboard.press("0");
  await expect.poll(() => percent()).toBe(fit);
  await expect.poll(() => rendering()).toBe("auto");
  await page.mouse.move(box.x + box.width / 4, box.y + box.height / 4);
  await page.mouse.wheel(0, -300);
  await expect.poll(percent).toBeGreaterThan(fit);
  await page.mouse.dblclick(box.x + box.width / 4, box.y + box.height / 4);
  await expect.poll(percent).toBe(fit);
  await page.getByRole("button", { name: "1:1: show the result’s own pixels" }).click();
  await page.locator(".zooming").getByRole("button", { name: "Zoom in" }).click();
  await page.getByRole("button", { name: "Fit the picture into its frame" }).click();
  await expect.poll(() => percent()).toBe(fit);

  const wipe = page.getByTestId("wipe");
  await wipe.focus();
  await page.keyboard.press("End");
  await expect.poll(() => wipe.getAttribute("aria-valuetext")).toBe("100\u00a0% original");
  await page.keyboard.press("Home");
  const clip = () => frame.locator(".before").evaluate((element) => getComputedStyle(element).clipPath);
  await expect.poll(() => clip()).toBe("inset(0px 100% 0px 0px)");
  await page.mouse.move(box.x + 4, box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2, { steps: 4 });
  await page.mouse.up();
  expect(Math.abs(Number(await wipe.inputValue()) - 50)).toBeLessThanOrEqual(2);
});

it("enlarges several pictures one after another, though one is bad, and saves them as a ZIP", async () => {
  const { page } = app;
  const files = await Promise.all(
    [50, 60, 70].map(async (width) => ({
      name: `${width}.png`,
      mimeType: "image/png",
      buffer: await paintPicture(page, { width, height: 40 }),
    })),
  );
  const bad = { name: "bad.png", mimeType: "image/png", buffer: files[0]!.buffer.subarray(0, 200) };
  await page.getByTestId("file").setInputFiles([files[0]!, bad, files[1]!, files[2]!]);
  await untilDone(/3 of 4\spictures done, 1 could not be enlarged/);
  await expect.poll(() => rows().count()).toBe(4);
  await expect.poll(() => rows().nth(1).innerText()).toContain("cut short");
  await expect.poll(() => page.getByTestId("notice").isVisible()).toBe(false);
  const download = page.waitForEvent("download");
  await page.getByTestId("save-all").click();
  const zip = await downloaded(download);
  expect(zip.name).toBe("pictures-x2.zip");
  const packed = unzipSync(zip.bytes);
  expect(Object.keys(packed)).toEqual(["50-x2.png", "60-x2.png", "70-x2.png"]);
  expect((await decode(page, Buffer.from(packed["70-x2.png"]!))).width).toBe(140);
  await rows().first().getByRole("button", { name: "Show 50.png" }).click();
  await expect.poll(() => page.getByTestId("result").getAttribute("aria-label")).toBe("50.png, enlarged");
});

it("takes a folder with its folders, chosen or dropped, without what is no picture", async () => {
  const { page } = app;
  const folder = mkdtempSync(join(tmpdir(), "pictures-"));
  mkdirSync(join(folder, "day 1"));
  const png = await paintPicture(page, { width: 30, height: 20 });
  writeFileSync(join(folder, "a.png"), png);
  writeFileSync(join(folder, "day 1", "a.png"), png);
  writeFileSync(join(folder, "notes.txt"), "no picture");
  await page.getByTestId("folder").setInputFiles(folder);
  await untilDone(/5 of 6\spictures done/);
  await expect.poll(() => page.getByTestId("log").innerText()).toContain("1\u00a0file of the folder left out");
  const download = page.waitForEvent("download");
  await page.getByTestId("save-all").click();
  const packed = Object.keys(unzipSync((await downloaded(download)).bytes));
  const root = basename(folder);
  expect(packed.slice(3).toSorted()).toEqual([`${root}/a-x2.png`, `${root}/day 1/a-x2.png`]);
  for (const left of [5, 4]) {
    await page.getByRole("button", { name: "Remove a.png" }).first().click();
    await expect.poll(() => rows().count()).toBe(left);
  }
  await untilDone(/3 of 4\spictures done/);
  await dropPath(page, folder);
  await untilDone(/5 of 6\spictures done/);
  const names = rows().locator(".queue-name");
  const paths = () => names.evaluateAll((all) => all.slice(4).map((name) => name.getAttribute("title")));
  await expect.poll(() => paths()).toEqual([`${root}/a.png`, `${root}/day 1/a.png`]);
  for (const left of [5, 4]) {
    await page.getByRole("button", { name: "Remove a.png" }).first().click();
    await expect.poll(() => rows().count()).toBe(left);
  }
  await untilDone(/3 of 4\spictures done/);
  rmSync(folder, { recursive: true });
});

it("still has the list after a reload, adds to it, and clears it", async () => {
  const { page } = app;
  await page.reload();
  const offer = page.getByTestId("resume-picture");
  await offer.waitFor();
  await expect
    .poll(() => offer.innerText())
    .toMatch(/Show your list: 3 of 4\spictures are done, 1 could not be enlarged/);
  await offer.getByRole("button", { name: "Resume" }).click();
  await untilDone(/3 of 4\spictures done/);
  await choosePicture(page, "later.png", { width: 30, height: 30 });
  await untilDone(/4 of 5\spictures done/);
  const download = page.waitForEvent("download");
  await rows().first().getByRole("button", { name: "Save 50.png" }).click();
  expect((await download).suggestedFilename()).toBe("50-x2.png");
  await page.getByRole("button", { name: "Remove bad.png" }).click();
  await expect.poll(() => rows().count()).toBe(4);
  await page.getByTestId("clear-queue").click();
  await page.getByTestId("queue").waitFor({ state: "hidden" });
  await page.reload();
  await untilHeadline(page, /Ready/);
  await page.waitForTimeout(300);
  await expect.poll(() => offer.isVisible()).toBe(false);
});

it("goes on with the list when the picture that waits for a worker is removed", async () => {
  const { page } = app;
  const png = await paintPicture(page, { width: 30, height: 20 });
  for (const name of ["Remove wasm-1", "Remove wasm-2", "Remove anyway: wasm-2"]) {
    await page.getByRole("button", { name, exact: true }).click();
  }
  await expect.poll(() => page.getByRole("button", { name: /Remove wasm/ }).count()).toBe(0);
  const files = ["first.png", "second.png"].map((name) => ({ name, mimeType: "image/png", buffer: png }));
  await page.getByTestId("file").setInputFiles(files);
  await rows().nth(1).waitFor();
  await expect.poll(() => page.getByTestId("log").innerText()).toContain("first.png waits for a worker");
  await page.getByRole("button", { name: "Remove first.png" }).click();
  await page.getByTestId("add-worker").click();
  await untilDone(/1 of 1\spicture done/);
  await page.getByTestId("clear-queue").click();
});

it("takes a model that is dropped on the pictures to its own tab, and says what labels are for", async () => {
  const { page } = app;
  await page.getByTestId("folder").waitFor({ state: "attached" });
  await chooseFile(page, "labels.txt", "text/plain", Buffer.from("cat\ndog"));
  const notice = page.getByTestId("notice");
  await notice.filter({ hasText: "These are labels of a model" }).waitFor();
  const files = modelFiles(randomNet({ seed: 1 }));
  await page.getByTestId("file").setInputFiles(files);
  await page.getByTestId("model-headline").filter({ hasText: /Ready/ }).waitFor();
  await expect.poll(() => page.getByTestId("tab-model").getAttribute("aria-selected")).toBe("true");
});
