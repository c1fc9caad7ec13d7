// ONNX files on workers of ONNX Runtime, against what ONNX's own reference gives (tests/fixtures/onnx/make.py).
// tests/long/browser/onnx.test.ts has all files on both backends.
import { afterAll, beforeAll, expect, it } from "vitest";
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

it("auto starts a worker of ONNX Runtime for every core, which give what the reference gives", async () => {
  const [cores, run] = await opened.page.evaluate(
    async () => [navigator.hardwareConcurrency, await harness.runOnnx("mlp", {}, 40)] as const,
  );
  expect(run).toMatchObject({ format: "onnx", layerCount: 4, modes: [undefined, "batched"] });
  const worker = { engine: "onnx", backend: "wasm", state: expect.stringMatching(/ready|busy/) };
  expect(run.workers).toEqual(Array.from({ length: cores }, () => worker));
  for (const gap of run.gaps) expect(gap).toBeLessThan(TOLERANCE);
});
