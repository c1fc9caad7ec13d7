import { ShardError } from "../../../src/core/errors.js";
import { isSoftwareAdapter } from "../../../src/protocol/software-device.js";
import type { LitertDriver } from "./driver.js";
import { startLitert } from "./runtime.js";

/** The limits and features that LiteRT asks for where it makes the device itself. */
const RAISED_LIMITS = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxStorageBuffersPerShaderStage",
  "maxTextureDimension2D",
] as const satisfies readonly (keyof GPUSupportedLimits)[];
const FEATURES = ["shader-f16", "subgroups"] as const satisfies readonly GPUFeatureName[];

let device: GPUDevice | undefined;
/** The device was lost or reported an uncaught error. Data that is read back from then on may be zeros. */
let isBroken = false;

/** LiteRT on our own device, because it listens neither to `device.lost` nor to `uncapturederror`. */
export const webgpuDriver: LitertDriver = {
  accelerator: "webgpu",
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
    // Browsers with an earlier version of the standard leave it out.
    const info: Partial<GPUAdapterInfo> = (adapter as Partial<GPUAdapter>).info ?? {};
    const { vendor, architecture, description } = info;
    return {
      litert: await startLitert(1, created),
      threadCount: 1,
      isSoftware: isSoftwareAdapter(info),
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
    `Expected ${expected} for LiteRT on "webgpu", but ${received}: use { engine: "litert", backend: "wasm" } here.`,
  );
}
