// TF.js models that are written as .tflite files and run on LiteRT, against TF.js on WASM.
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { modelsFolder } from "../fixtures/public-models.js";
import { openHarness, type OpenPage } from "../harness/launch.js";

/** Of the largest value. */
const TOLERANCE = 1e-4;

let opened: OpenPage;
beforeAll(async () => {
  opened = await openHarness();
});
afterAll(async () => {
  expect(opened.errors).toEqual([]);
  await opened.close();
});

it("a dense net gives what TF.js gives", async () => {
  const run = await opened.page.evaluate(() => harness.runTranslated({ model: harness.randomNet({ seed: 1 }), itemCount: 5 }));
  expect(run).toMatchObject({ kind: "translated" });
  const gaps = run.kind === "translated" ? Object.values(run.gaps) : [];
  expect(gaps.length).toBeGreaterThan(0);
  for (const gap of gaps) expect(gap).toBeLessThan(TOLERANCE);
});
void inject;
void modelsFolder;
