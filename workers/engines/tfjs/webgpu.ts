import { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import { backend, registerBackend, removeBackend } from "@tensorflow/tfjs-core";
import { OwnGpuDevice } from "../shared/own-gpu-device.js";
import type { BackendDriver } from "./driver.js";
import { activate } from "./activate.js";
import { WebgpuMemory } from "./webgpu-memory.js";

const memory = new WebgpuMemory();
const own = new OwnGpuDevice();

/**
 * TF.js WebGPU on our own device, because TF.js listens neither to `device.lost` nor to `uncapturederror` and offers no choice
 * of adapter. Kernels are registered by the backend's name, so ours replaces TF.js's own backend under the same name.
 */
export const webgpuDriver: BackendDriver = {
  name: "webgpu",
  traits: { readBackAliases: true, copiesUploads: false, isSynchronous: false },
  wantsPowersOfTwo: true,
  async start({ powerPreference }, notify) {
    const request = {
      powerPreference,
      features: ["timestamp-query"],
      // Those that TF.js's own factory raises to the adapter's. Its kernels rely on them.
      raisedLimits: [
        "maxComputeWorkgroupStorageSize",
        "maxComputeWorkgroupsPerDimension",
        "maxStorageBufferBindingSize",
        "maxBufferSize",
        "maxComputeWorkgroupSizeX",
        "maxComputeInvocationsPerWorkgroup",
      ],
      purpose: `the backend "webgpu"`,
      advice: `use "webgl" or "wasm" here`,
    } as const;
    const { adapter, device, facts } = await own.open(request, notify, (error) => {
      const noticed = memory.notice(error);
      // An error of a call is the answer to it, and is reported after it.
      if (noticed === "in-call") return undefined;
      return noticed === undefined ? "device-error" : "out-of-memory";
    });
    removeBackend("webgpu");
    registerBackend("webgpu", () => new WebGPUBackend(device, adapter.info), 3);
    await activate("webgpu", "update the browser or the graphics driver");
    return facts;
  },
  isIntact: () => own.isIntact,
  gpu: () => own.device,
  watch: memory.watch,
  heapBytes() {
    const webgpu = backend();
    // Buffers that are free for reuse are counted, too.
    return webgpu instanceof WebGPUBackend ? webgpu.memory().numBytesAllocatedInGPU : undefined;
  },
  stop: () => own.destroy(),
};
