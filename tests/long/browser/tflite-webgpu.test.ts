// TensorFlow Lite files on LiteRT's WebGPU workers.
import { afterAll, beforeAll, expect, it } from "vitest";
import { openHarness, type OpenPage } from "../../harness/launch.js";
import { testEachTflite } from "./each-tflite.js";

let opened: OpenPage;
beforeAll(async () => {
  opened = await openHarness();
});
afterAll(async () => {
  await opened.close();
});

testEachTflite({ backend: "webgpu" }, () => opened.page);

it("reports that its device is lost, and goes on with another worker", async () => {
  const { cause, gap } = await opened.page.evaluate(async () => {
    const { inputs, outputs } = await harness.tfliteCase("conv", 20);
    const workers = [
      { engine: "litert", backend: "webgpu" },
      { engine: "litert", backend: "wasm" },
    ] as const;
    const sharder = await harness.createSharder({ model: "fixtures/tflite/conv.tflite", workers });
    const seen = new Promise<string>((resolve) =>
      sharder.addEventListener("fault", ({ detail }) => resolve(detail.cause), { once: true }),
    );
    await harness.loseDevice(sharder.workers[0]!.id);
    const cause = await seen;
    const { output_0: output } = await sharder.predict(inputs);
    await sharder.dispose();
    return { cause, gap: harness.difference(output, outputs.output_0!) };
  });
  expect(cause).toBe("device-lost");
  expect(gap).toBeLessThan(1e-4);
});
