import { afterAll, beforeAll, expect, it } from "vitest";
import { openApp, type OpenPage } from "../harness/launch.js";
import { choosePicture, shareOf, tilesByWorker, untilHeadline } from "./drive.js";

let app: OpenPage;
beforeAll(async () => {
  // Small tiles, so that there are enough of them for three phases.
  app = await openApp("?workers=wasm,wasm&sample=&tile=96");
});
afterAll(() => app.close());

/** The fraction of the tiles that `workerId` makes during the next `durationMs`. */
async function partOf(workerId: string, durationMs: number): Promise<number> {
  const before = await tilesByWorker(app.page);
  await app.page.waitForTimeout(durationMs);
  const after = await tilesByWorker(app.page);
  const made = Object.keys(after).map((id) => [id, after[id]! - (before[id] ?? 0)] as const);
  const total = made.reduce((sum, [, count]) => sum + count, 0);
  expect(total, "tiles are made").toBeGreaterThan(5);
  return made.find(([id]) => id === workerId)![1] / total;
}

it("gives a slowed worker less, and as much as before once it has recovered", async () => {
  const { page } = app;
  await untilHeadline(page, /Ready/);
  await choosePicture(page, "large.jpg", { width: 2048, height: 1536, type: "image/jpeg" });
  await untilHeadline(page, /Enlarging large\.jpg/);
  const slider = page.getByLabel("Slow down wasm-1");
  await slider.fill("8");
  expect(await page.locator('[data-worker="wasm-1"] output').innerText()).toBe("×8");
  await expect.poll(() => shareOf(page, "wasm-1"), { timeout: 30_000 }).toBeLessThan(0.35);
  expect(await partOf("wasm-1", 4_000)).toBeLessThan(0.35);
  await slider.fill("1");
  await expect.poll(() => shareOf(page, "wasm-1"), { timeout: 30_000 }).toBeGreaterThan(0.4);
  expect(await page.getByTestId("log").innerText()).toMatch(/wasm-1 gets less: \d+\s% → \d+\s%/);
  expect(await page.getByTestId("detail").innerText()).toMatch(/tiles\/s/);
  await page.getByTestId("cancel").click();
  await untilHeadline(page, /Cancelled: large\.jpg/);
  expect(app.errors).toEqual([]);
});
