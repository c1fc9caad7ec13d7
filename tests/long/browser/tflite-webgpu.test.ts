// TensorFlow Lite files on LiteRT's WebGPU workers.
import { afterAll, beforeAll } from "vitest";
import { openHarness, type OpenPage } from "../../harness/launch.js";
import { LITERT, testLostDevice } from "../../browser/file-engine.js";
import { testEachTflite } from "./each-tflite.js";

let opened: OpenPage;
beforeAll(async () => {
  opened = await openHarness();
});
afterAll(async () => {
  await opened.close();
});

testEachTflite({ backend: "webgpu" }, () => opened.page);

testLostDevice(LITERT, () => opened.page);
