// ONNX files on WebGPU workers of ONNX Runtime.
import { afterAll, beforeAll, expect, it } from "vitest";
import { openHarness, type OpenPage } from "../../harness/launch.js";
import { testEachOnnx } from "./each-onnx.js";

let opened: OpenPage;
beforeAll(async () => {
  opened = await openHarness();
});
afterAll(async () => {
  await opened.close();
});

testEachOnnx({ backend: "webgpu" }, () => opened.page);

it("reports that its device is lost, and goes on with another worker", async () => {
  const { cause, gap } = await opened.page.evaluate(async () => {
    const { inputs, outputs } = await harness.onnxCase("conv", 20);
    const workers = [
      { engine: "onnx", backend: "webgpu" },
      { engine: "onnx", backend: "wasm" },
    ] as const;
    const sharder = await harness.createSharder({ model: "fixtures/onnx/conv.onnx", workers });
    const seen = new Promise<string>((resolve) =>
      sharder.addEventListener("fault", ({ detail }) => resolve(detail.cause), { once: true }),
    );
    await harness.loseDevice(sharder.workers[0]!.id);
    const cause = await seen;
    const { scores } = await sharder.predict(inputs);
    await sharder.dispose();
    return { cause, gap: harness.difference(scores, outputs.scores!) };
  });
  expect(cause).toBe("device-lost");
  expect(gap).toBeLessThan(1e-4);
});
