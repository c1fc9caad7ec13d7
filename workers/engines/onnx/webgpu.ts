import wasmUrl from "onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm?url";
import { OwnGpuDevice } from "../shared/own-gpu-device.js";
import type { OnnxDriver } from "./driver.js";
import { startOrt } from "./runtime.js";

const own = new OwnGpuDevice();

/** ONNX Runtime on our own device, so that its loss and its errors are heard of. */
export const webgpuDriver: OnnxDriver = {
  async start({ powerPreference }, notify) {
    // The limits and features that ONNX Runtime asks for where it makes the device itself.
    const request = {
      powerPreference,
      features: ["shader-f16", "subgroups"],
      raisedLimits: [
        "maxBindGroups",
        "maxBufferSize",
        "maxComputeInvocationsPerWorkgroup",
        "maxComputeWorkgroupSizeX",
        "maxComputeWorkgroupSizeY",
        "maxComputeWorkgroupSizeZ",
        "maxComputeWorkgroupStorageSize",
        "maxComputeWorkgroupsPerDimension",
        "maxStorageBufferBindingSize",
        "maxStorageBuffersPerShaderStage",
      ],
      purpose: `ONNX Runtime on "webgpu"`,
      advice: `use { engine: "onnx", backend: "wasm" } here`,
    } as const;
    const { device, facts } = await own.open(request, notify);
    const provider = { name: "webgpu", device } as const;
    const ort = await startOrt({
      load: () => import("onnxruntime-web/webgpu"),
      ...{ wasmUrl, threadCount: 1, provider },
    });
    return { backend: "webgpu", hasFloat16: device.features.has("shader-f16"), ort, provider, ...facts };
  },
  isIntact: () => own.isIntact,
  gpu: () => own.device,
  stop: () => own.destroy(),
};
