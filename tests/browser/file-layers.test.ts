// ONNX and TensorFlow Lite files that are split by layers, against one worker that has them whole.
// tests/long/browser/file-layers.test.ts has all files.
import { afterAll, beforeAll, expect, it } from "vitest";
import { openHarness, type OpenPage } from "../harness/launch.js";

let opened: OpenPage;
beforeAll(async () => {
  opened = await openHarness();
});
afterAll(async () => {
  expect(opened.errors).toEqual([]);
  await opened.close();
});

it("two workers by layers give the bits of one worker by batch", async () => {
  const runs = await opened.page.evaluate(async () => [
    await harness.runByLayers(["onnx", "../cuts/residual", 8]),
    await harness.runByLayers(["onnx", "external", 20]),
    await harness.runByLayers(["tflite", "conv", 20]),
    await harness.runByLayers(["tflite", "int8", 20]),
  ]);
  for (const run of runs) {
    expect(run).toMatchObject({ stageCount: 2, workedCount: 2 });
    for (const gap of run.gaps) expect(gap).toBe(0);
  }
});

it.each(["onnx", "tflite"] as const)("%s: is cut again and loses a worker while a job runs", async (format) => {
  const seen = await opened.page.evaluate(async (format) => {
    const output = format === "onnx" ? "scores" : "output_0";
    const { inputs, outputs } = await harness.savedCase(format, "conv", 60);
    const workers = [{ backend: "wasm" }, { backend: "wasm" }] as const;
    const model = `fixtures/${format}/conv.${format}`;
    const sharder = await harness.createSharder({ model, workers, split: "layers", cuts: [1], quantumMs: 1 });
    const { layerCount, layers, cuts } = sharder.model;
    const causes: string[] = [];
    sharder.addEventListener("fault", ({ detail }) => causes.push(detail.cause));
    let turn = 0;
    const found = await sharder.predict(inputs, {
      onProgress: () => {
        turn++;
        if (turn === 1) void sharder.recut([2]);
        if (turn === 3) harness.kill(sharder.workers[1]!.id);
      },
    });
    const { plan } = sharder;
    await sharder.dispose();
    const gap = harness.difference(found[output], outputs[output]!);
    const weights = layers.map(({ weightBytes }) => weightBytes);
    return { layerCount, weights, cuts, plan, causes, gap };
  }, format);
  expect(seen.gap).toBeLessThan(1e-4);
  expect(seen).toMatchObject({
    layerCount: 3,
    cuts: [{ layer: 1 }, { layer: 2 }],
    plan: { stages: [{ lastLayer: 1 }, {}] },
  });
  for (const bytes of seen.weights) expect(bytes).toBeGreaterThan(0);
  expect(seen.causes.length).toBeGreaterThan(0);
});
