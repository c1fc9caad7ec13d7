import { afterAll, beforeAll, expect, it } from "vitest";
import { openApp, type OpenPage } from "../harness/launch.js";
import { choosePicture, itemsMade, repeat, untilHeadline } from "./drive.js";

let app: OpenPage;
beforeAll(async () => {
  app = await openApp("?workers=wasm&sample=&tile=32");
  await untilHeadline(app.page, /Ready/);
});
afterAll(() => app.close());

it("WebGPU, WebGL and WASM workers each make tiles of one picture", async () => {
  const { page } = app;
  for (const backend of ["webgl", "webgpu"]) {
    await page.getByLabel("Backend").selectOption(backend);
    await page.getByTestId("add-worker").click();
    await page.locator(`[data-backend="${backend}"][data-state="ready"]`).waitFor();
  }
  // It leaves the cores to those that compile their shaders.
  await page.locator("#slow-wasm-1").fill("8");
  // However long that takes: a fast worker may have computed their first tiles again by then.
  await repeat(page, true);
  const made = itemsMade(page, { itemCount: 3, workerCount: 3 });
  await choosePicture(page, "shared.png", { width: 90, height: 60 });
  const tiles = await made;
  await repeat(page, false);
  await untilHeadline(page, /Done: shared/, 110_000);
  console.log(`Tiles by worker: ${JSON.stringify(tiles)}; ${await page.getByTestId("detail").innerText()}`);
  expect(Object.keys(tiles).toSorted()).toEqual(["wasm-1", "webgl-1", "webgpu-1"]);
  expect(app.errors).toEqual([]);
});

it("shows in a worker's row why it could not start", async () => {
  const { page } = app;
  // What the page keeps for use without a network would come in place of the missing file.
  await page.addInitScript(() => void Reflect.deleteProperty(Navigator.prototype, "serviceWorker"));
  await page.evaluate(async () => {
    for (const registration of await navigator.serviceWorker.getRegistrations()) await registration.unregister();
  });
  await page.reload();
  await untilHeadline(page, /Ready/);
  // Any backend will do: its script can't be loaded.
  await page.route("**/assets/cpu-*.js", (route) => route.fulfill({ status: 404, body: "gone" }));
  await page.getByLabel("Backend").selectOption("cpu");
  await page.getByTestId("add-worker").click();
  const row = page.locator('[data-backend="cpu"][data-state="dead"]');
  await row.waitFor();
  await expect.poll(() => row.innerText()).toContain("cpu-1");
  await expect.poll(() => row.locator(".worker-error").innerText()).not.toBe("");
  await page.getByRole("button", { name: "Dismiss cpu-1" }).click();
  await row.waitFor({ state: "detached" });
});
