import wasmUrl from "onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm?url";
import { ShardError } from "../../../src/core/errors.js";
import { isSoftwareAdapter } from "../../../src/protocol/software-device.js";
import type { OnnxDriver } from "./driver.js";
import { startOrt } from "./runtime.js";

/** The limits and features that ONNX Runtime asks for where it makes the device itself. */
const RAISED_LIMITS = [
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
] as const satisfies readonly (keyof GPUSupportedLimits)[];
const FEATURES = ["shader-f16", "subgroups"] as const satisfies readonly GPUFeatureName[];

let device: GPUDevice | undefined;
/** The device was lost or reported an uncaught error. Data that is read back from then on may be zeros. */
let isBroken = false;

/** ONNX Runtime on our own device, so that its loss and its errors are heard of. */
export const webgpuDriver: OnnxDriver = {
  async start({ powerPreference = "high-performance" }, notify) {
    const gpu = (navigator as Navigator & { gpu?: GPU }).gpu;
    if (gpu === undefined) throw unavailable("WebGPU in workers", "this browser offers none");
    const adapter = await gpu.requestAdapter({ powerPreference });
    if (adapter === null) throw unavailable("a WebGPU adapter", "the browser has none to give");
    const created = await adapter.requestDevice({
      requiredFeatures: FEATURES.filter((feature) => adapter.features.has(feature)),
      requiredLimits: Object.fromEntries(RAISED_LIMITS.map((name) => [name, adapter.limits[name]])),
    });
    device = created;
    void created.lost.then((info) => {
      isBroken = true;
      // A device destroyed by `stop` is not a fault.
      if (device === created) {
        notify({ notice: "device-lost", message: info.message || `The GPU device was lost (${info.reason}).` });
      }
    });
    created.addEventListener("uncapturederror", ({ error }) => {
      isBroken = true;
      const isOutOfMemory = error instanceof GPUOutOfMemoryError;
      notify({ notice: isOutOfMemory ? "out-of-memory" : "device-error", message: error.message });
    });
    const provider = { name: "webgpu", device: created } as const;
    const ort = await startOrt({
      load: () => import("onnxruntime-web/webgpu"),
      ...{ wasmUrl, threadCount: 1, provider },
    });
    // Browsers with an earlier version of the standard leave it out.
    const info: Partial<GPUAdapterInfo> = (adapter as Partial<GPUAdapter>).info ?? {};
    const { vendor, architecture, description } = info;
    return {
      ...{ backend: "webgpu", hasFloat16: created.features.has("shader-f16") },
      ...{ ort, provider, isSoftware: isSoftwareAdapter(info) },
      device: description || [vendor, architecture].filter(Boolean).join(" ") || "GPU",
    };
  },
  isIntact: () => !isBroken,
  gpu: () => device,
  stop() {
    const owned = device;
    device = undefined;
    owned?.destroy();
  },
};

function unavailable(expected: string, received: string): ShardError {
  return new ShardError(
    "backend-unavailable",
    `Expected ${expected} for ONNX Runtime on "webgpu", but ${received}: use { engine: "onnx", backend: "wasm" } here.`,
  );
}
