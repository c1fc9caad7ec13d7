// ONNX and TensorFlow Lite files that are split by layers, against one worker that has them whole.
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

it("two workers by layers give the bits of one worker by batch: ONNX", async () => {
  const runs = await opened.page.evaluate(async () => [
    await harness.runByLayers(["onnx", "mlp", 20]),
    await harness.runByLayers(["onnx", "conv", 20]),
    await harness.runByLayers(["onnx", "conv-single", 20]),
    await harness.runByLayers(["onnx", "external", 20]),
    await harness.runByLayers(["onnx", "opset-9", 20]),
  ]);
  for (const run of runs) {
    expect(run).toMatchObject({ stageCount: 2, workedCount: 2, gaps: [0] });
  }
});
