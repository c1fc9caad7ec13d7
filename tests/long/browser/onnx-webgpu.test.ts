// ONNX files on WebGPU workers of ONNX Runtime.
import { afterAll, beforeAll } from "vitest";
import { openHarness, type OpenPage } from "../../harness/launch.js";
import { ONNX, testLostDevice } from "../../browser/file-engine.js";
import { testEachOnnx } from "./each-onnx.js";

let opened: OpenPage;
beforeAll(async () => {
  opened = await openHarness();
});
afterAll(async () => {
  await opened.close();
});

testEachOnnx({ backend: "webgpu" }, () => opened.page);

testLostDevice(ONNX, () => opened.page);
