import { afterAll, beforeAll, expect, it } from "vitest";
import { openApp, type OpenPage } from "../harness/launch.js";
import { choosePicture, tilesByWorker, untilHeadline } from "./drive.js";

let app: OpenPage;
beforeAll(async () => {
  app = await openApp("?workers=wasm&sample=&tile=64");
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
  // Otherwise it would be done, and have computed the others' first tiles again, before they have compiled their shaders.
  await page.locator("#slow-wasm-1").fill("8");
  await choosePicture(page, "shared.png", { width: 270, height: 180 });
  await untilHeadline(page, /Done: shared/, 110_000);
  const tiles = await tilesByWorker(page);
  console.log(`Tiles by worker: ${JSON.stringify(tiles)}; ${await page.getByTestId("detail").innerText()}`);
  expect(Object.keys(tiles)).toEqual(["wasm-1", "webgl-1", "webgpu-1"]);
  for (const [id, count] of Object.entries(tiles)) expect(count, id).toBeGreaterThan(0);
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
  expect(await row.innerText()).toContain("cpu-1");
  expect(await row.locator(".worker-error").innerText()).not.toBe("");
  await page.getByRole("button", { name: "Dismiss cpu-1" }).click();
  await row.waitFor({ state: "detached" });
});
