import { OwnGpuDevice } from "../shared/own-gpu-device.js";
import type { LitertDriver } from "./driver.js";
import { startLitert } from "./runtime.js";

const own = new OwnGpuDevice();

/** LiteRT on our own device, because it listens neither to `device.lost` nor to `uncapturederror`. */
export const webgpuDriver: LitertDriver = {
  accelerator: "webgpu",
  async start({ powerPreference }, notify) {
    // The limits and features that LiteRT asks for where it makes the device itself.
    const request = {
      powerPreference,
      features: ["shader-f16", "subgroups"],
      raisedLimits: [
        "maxBufferSize",
        "maxStorageBufferBindingSize",
        "maxStorageBuffersPerShaderStage",
        "maxTextureDimension2D",
      ],
      purpose: `LiteRT on "webgpu"`,
      advice: `use { engine: "litert", backend: "wasm" } here`,
    } as const;
    const { device, facts } = await own.open(request, notify);
    return { litert: await startLitert(1, device), threadCount: 1, ...facts };
  },
  isIntact: () => own.isIntact,
  gpu: () => own.device,
  stop: () => own.destroy(),
};
