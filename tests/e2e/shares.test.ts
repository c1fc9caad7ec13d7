import { afterAll, beforeAll, expect, it } from "vitest";
import { openApp, type OpenPage } from "../harness/launch.js";
import { choosePicture, itemsMade, repeat, shareOf, untilHeadline } from "./drive.js";

let app: OpenPage;
beforeAll(async () => {
  app = await openApp("?workers=wasm,wasm&sample=&tile=96");
});
afterAll(() => app.close());

/** The fraction of the next tiles that `workerId` makes. */
async function partOf(workerId: string): Promise<number> {
  const made = await itemsMade(app.page, { itemCount: 24, workerCount: 1 });
  return (made[workerId] ?? 0) / Object.values(made).reduce((sum, count) => sum + count, 0);
}

it("gives a slowed worker less, and as much as before once it has recovered", async () => {
  const { page } = app;
  await untilHeadline(page, /Ready/);
  await choosePicture(page, "large.jpg", { width: 1536, height: 1024, type: "image/jpeg" });
  // A fast machine would be done.
  await repeat(page, true);
  await untilHeadline(page, /Enlarging large\.jpg/);
  // As long as nothing is known of the workers, there is no share to lose.
  await expect.poll(() => shareOf(page, "wasm-1"), { timeout: 30_000 }).toBeGreaterThan(0.4);
  const slider = page.getByLabel("Slow down wasm-1");
  await slider.fill("8");
  await expect.poll(() => page.locator('[data-worker="wasm-1"] output').innerText()).toBe("×8");
  await expect.poll(() => shareOf(page, "wasm-1"), { timeout: 30_000 }).toBeLessThan(0.35);
  expect(await partOf("wasm-1")).toBeLessThan(0.35);
  const log = page.getByTestId("log");
  await expect.poll(() => log.innerText(), { timeout: 30_000 }).toMatch(/wasm-1 gets less: \d+\s% → \d+\s%/);
  await slider.fill("1");
  await expect.poll(() => shareOf(page, "wasm-1"), { timeout: 30_000 }).toBeGreaterThan(0.4);
  await expect.poll(() => page.getByTestId("detail").innerText()).toMatch(/tiles\/s/);
  await page.getByTestId("cancel").click();
  await untilHeadline(page, /Cancelled: large\.jpg/);
  expect(app.errors).toEqual([]);
});
