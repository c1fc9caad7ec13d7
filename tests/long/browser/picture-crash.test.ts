// A crash of the GPU process clears the canvases of the page, even those that lie in memory.
import { expect, it } from "vitest";
import { crashArgs } from "../../../scripts/chaos-bridge.mjs";
import { choosePicture, pauseAt, untilHeadline } from "../../e2e/drive.js";
import { openApp, type OpenPage } from "../../harness/launch.js";

async function crashGpu({ browser, page }: OpenPage): Promise<void> {
  const cdp = await browser.newBrowserCDPSession();
  // The connection may end with the process.
  await cdp.send("Browser.crashGpuProcess").catch(() => {});
  await cdp.detach().catch(() => {});
  await page.waitForTimeout(500);
}

/** Parts of a layer's pixels that are not transparent, 0…1. */
function drawnPart({ page }: OpenPage, testId: string): Promise<number> {
  return page.getByTestId(testId).evaluate((canvas: HTMLCanvasElement) => {
    const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
    let count = 0;
    for (let at = 3; at < data.length; at += 4) count += data[at]! > 0 ? 1 : 0;
    return (4 * count) / data.length;
  });
}

it("the preview shows every tile after GPU processes have crashed, in mid-job and afterwards", async () => {
  const app = await openApp("?sample=&workers=wasm,wasm&tile=96", { args: crashArgs });
  try {
    const { page } = app;
    await untilHeadline(page, /Ready/);
    const paused = pauseAt(page, 8);
    await choosePicture(page, "crash.png", { width: 960, height: 640 });
    await paused;
    await crashGpu(app);
    await page.getByTestId("pause").click();
    await untilHeadline(page, /Done: crash/);
    const layers = ["result", "original", "tints"];
    for (const layer of layers) await expect.poll(() => drawnPart(app, layer), { timeout: 10_000 }).toBe(1);
    // What is on the canvas now is the result: drawn again, it must be the same.
    const shown = () => page.getByTestId("result").evaluate((canvas: HTMLCanvasElement) => canvas.toDataURL());
    const before = await shown();
    await crashGpu(app);
    for (const layer of layers) await expect.poll(() => drawnPart(app, layer), { timeout: 10_000 }).toBe(1);
    await expect.poll(shown).toBe(before);
    expect(app.errors).toEqual([]);
  } finally {
    await app.close();
  }
});
