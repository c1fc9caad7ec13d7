// The largest picture that a browser's canvas can take the result of, in the built page.
import { expect, it } from "vitest";
import { choosePicture, savePicture, untilHeadline } from "../../e2e/drive.js";
import { openApp } from "../../harness/launch.js";

it("finishes 24 megapixels and saves the 96 of the result", { timeout: 480_000 }, async () => {
  const app = await openApp("?sample=");
  try {
    const { page } = app;
    await untilHeadline(page, /Ready/);
    await choosePicture(page, "huge.jpg", { width: 6000, height: 4000, type: "image/jpeg" });
    await untilHeadline(page, /Done: huge/, 400_000);
    console.log(`24 megapixels: ${await page.getByTestId("detail").innerText()}`);
    const { png } = await savePicture(page);
    // Width and height in the PNG's header.
    expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([12_000, 8_000]);
    expect(app.errors).toEqual([]);
  } finally {
    await app.close();
  }
});

it("finishes 4 megapixels, with a preview that is no larger than a screen", { timeout: 240_000 }, async () => {
  const app = await openApp("?sample=");
  try {
    const { page } = app;
    await untilHeadline(page, /Ready/);
    await choosePicture(page, "large.jpg", { width: 2464, height: 1648, type: "image/jpeg" });
    await untilHeadline(page, /Done: large/, 200_000);
    const { png } = await savePicture(page);
    expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([4928, 3296]);
    const shownPixels = await page
      .getByTestId("result")
      .evaluate((canvas: HTMLCanvasElement) => canvas.width * canvas.height);
    expect(shownPixels).toBeLessThan(4.1e6);
  } finally {
    await app.close();
  }
});

it("starts and cancels 24 megapixels", async () => {
  const app = await openApp("?sample=");
  try {
    const { page } = app;
    await untilHeadline(page, /Ready/);
    await choosePicture(page, "huge.jpg", { width: 6000, height: 4000, type: "image/jpeg" });
    await untilHeadline(page, /Enlarging huge/);
    await expect.poll(() => page.getByTestId("detail").innerText(), { timeout: 60_000 }).toMatch(/^[1-9]\d* of/);
    await page.getByTestId("cancel").click();
    await untilHeadline(page, /Cancelled: huge/);
    expect(app.errors).toEqual([]);
  } finally {
    await app.close();
  }
});
