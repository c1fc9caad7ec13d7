import { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import { backend, registerBackend, removeBackend } from "@tensorflow/tfjs-core";
import { ShardError } from "../../../src/core/errors.js";
import { isSoftwareAdapter } from "../../../src/protocol/software-device.js";
import type { BackendDriver } from "./driver.js";
import { activate } from "./activate.js";
import { WebgpuMemory } from "./webgpu-memory.js";

/** The limits that TF.js's own factory raises to those of the adapter. Its kernels rely on them. */
const RAISED_LIMITS = [
  "maxComputeWorkgroupStorageSize",
  "maxComputeWorkgroupsPerDimension",
  "maxStorageBufferBindingSize",
  "maxBufferSize",
  "maxComputeWorkgroupSizeX",
  "maxComputeInvocationsPerWorkgroup",
] as const satisfies readonly (keyof GPUSupportedLimits)[];

const memory = new WebgpuMemory();
let device: GPUDevice | undefined;
/** The device was lost or reported an uncaught error. Data that is read back from then on may be zeros. */
let isBroken = false;

/**
 * TF.js WebGPU on our own device, because TF.js listens neither to `device.lost` nor to `uncapturederror` and offers no choice
 * of adapter. Kernels are registered by the backend's name, so ours replaces TF.js's own backend under the same name.
 */
export const webgpuDriver: BackendDriver = {
  name: "webgpu",
  traits: { readBackAliases: true, copiesUploads: false, isSynchronous: false },
  wantsPowersOfTwo: true,
  async start(options, notify) {
    const gpu = (navigator as Navigator & { gpu?: GPU }).gpu;
    if (gpu === undefined) throw unavailable("WebGPU in workers", "this browser offers none");
    const adapter = await gpu.requestAdapter({ powerPreference: options.powerPreference });
    if (adapter === null) throw unavailable("a WebGPU adapter", "the browser has none to give");
    const created = await adapter.requestDevice({
      requiredFeatures: adapter.features.has("timestamp-query") ? ["timestamp-query"] : [],
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
    created.addEventListener("uncapturederror", (event) => {
      isBroken = true;
      const noticed = memory.notice(event.error);
      // An error of a call is the answer to it, and is reported after it.
      if (noticed === "in-call") return;
      notify({ notice: noticed === undefined ? "device-error" : "out-of-memory", message: event.error.message });
    });
    removeBackend("webgpu");
    registerBackend("webgpu", () => new WebGPUBackend(created, adapter.info), 3);
    await activate("webgpu", "update the browser or the graphics driver");
    // Browsers with an earlier version of the standard leave it out.
    const info: Partial<GPUAdapterInfo> = (adapter as Partial<GPUAdapter>).info ?? {};
    const { vendor, architecture, description } = info;
    return {
      isSoftware: isSoftwareAdapter(info),
      device: description || [vendor, architecture].filter(Boolean).join(" ") || "GPU",
    };
  },
  isIntact: () => !isBroken,
  gpu: () => device,
  watch: memory.watch,
  heapBytes() {
    const webgpu = backend();
    // Buffers that are free for reuse are counted, too.
    return webgpu instanceof WebGPUBackend ? webgpu.memory().numBytesAllocatedInGPU : undefined;
  },
  stop() {
    const owned = device;
    device = undefined;
    owned?.destroy();
  },
};

function unavailable(expected: string, received: string): ShardError {
  return new ShardError(
    "backend-unavailable",
    `Expected ${expected} for the backend "webgpu", but ${received}: use "webgl" or "wasm" here.`,
  );
}
