import { afterAll, beforeAll, expect, it } from "vitest";
import { openApp, type OpenPage } from "../harness/launch.js";
import { chooseFile, choosePicture, decode, paintPicture, savePicture, untilHeadline } from "./drive.js";

let app: OpenPage;
beforeAll(async () => {
  app = await openApp("?sample=");
  await untilHeadline(app.page, /Ready/);
});
afterAll(async () => {
  expect(app.errors).toEqual([]);
  await app.close();
});

it.each([
  [101, 67],
  [1, 1],
  [300, 3],
])("enlarges %i × %i", async (width, height) => {
  const { page } = app;
  await choosePicture(page, `${width}x${height}.png`, { width, height });
  await untilHeadline(page, new RegExp(`Done: ${width}x${height}`));
  const saved = await savePicture(page);
  expect(saved.name).toBe(`${width}x${height}-x2.png`);
  const pixels = await decode(page, saved.png);
  expect([pixels.width, pixels.height]).toEqual([2 * width, 2 * height]);
  expect(pixels.rgba.every((value, index) => index % 4 !== 3 || value === 255)).toBe(true);
});

it("keeps transparency", async () => {
  const { page } = app;
  await choosePicture(page, "glass.png", { width: 90, height: 60, alpha: 0.5 });
  await untilHeadline(page, /Done: glass/);
  const { rgba } = await decode(page, (await savePicture(page)).png);
  const alphas = rgba.filter((_, index) => index % 4 === 3);
  expect([Math.min(...alphas), Math.max(...alphas)]).toEqual([128, 128]);
});

it("says why a file is not a picture, and keeps the previous picture", async () => {
  const { page } = app;
  await choosePicture(page, "before.png", { width: 60, height: 40 });
  await untilHeadline(page, /Done: before/);
  const notice = page.getByRole("alert");
  const jpeg = await paintPicture(page, { width: 300, height: 200, type: "image/jpeg" });
  const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>';
  for (const [name, type, content, reason] of [
    ["half.jpg", "image/jpeg", jpeg.subarray(0, jpeg.length / 2), "received one that is cut short"],
    ["empty.png", "image/png", Buffer.alloc(0), "received an empty file"],
    ["drawing.svg", "image/svg+xml", Buffer.from(svg), "received an SVG drawing"],
    ["photo.heic", "image/heic", Buffer.from("\0\0\0\x18ftypheic\0\0\0\0mif1heic"), "received a HEIC picture"],
    ["scan.tif", "image/tiff", Buffer.from("II*\0\x08\0\0\0"), "received a TIFF or raw picture"],
    ["notes.txt", "text/plain", Buffer.from("no picture"), "received a text file (text/plain, 10 bytes)"],
  ] as const) {
    await chooseFile(page, name, type, content);
    await notice.filter({ hasText: `${name} could not be enlarged` }).waitFor();
    await expect.poll(() => notice.innerText()).toContain(reason);
  }
  const offered = await page.getByTestId("file").getAttribute("accept");
  expect(offered).not.toMatch(/image\/\*|svg|heic|tif/);
  expect((await savePicture(page)).name).toBe("before-x2.png");
  await expect.poll(() => page.getByTestId("result").getAttribute("aria-label")).toContain("before.png");
  await choosePicture(page, "after.png", { width: 60, height: 40 });
  await untilHeadline(page, /Done: after/);
  await expect.poll(() => notice.isVisible()).toBe(false);
});

it("refuses a picture that is too large for any canvas", async () => {
  const { page } = app;
  await choosePicture(page, "wide.png", { width: 9000, height: 10 });
  await page.getByRole("alert").filter({ hasText: "18000 × 20" }).waitFor();
});

it("accepts a dropped and a pasted picture", async () => {
  const { page } = app;
  await page.evaluate(async () => {
    const canvas = new OffscreenCanvas(50, 40);
    canvas.getContext("2d")!.fillRect(5, 5, 9, 9);
    const data = new DataTransfer();
    data.items.add(new File([await canvas.convertToBlob()], "dropped.png", { type: "image/png" }));
    const host = document.querySelector("inference-sharder")!;
    host.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
  });
  await untilHeadline(page, /Done: dropped/);
  await page.evaluate(async () => {
    const canvas = new OffscreenCanvas(50, 40);
    canvas.getContext("2d")!.fillRect(5, 5, 9, 9);
    const data = new DataTransfer();
    data.items.add(new File([await canvas.convertToBlob()], "pasted.png", { type: "image/png" }));
    document.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
  });
  await untilHeadline(page, /Done: pasted/);
});
