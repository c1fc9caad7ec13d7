import { getKernelsForBackend, memory } from "@tensorflow/tfjs-core";
import type { Engine } from "../../runtime/engine.js";
import type { BackendDriver } from "./driver.js";
import { loadEngineModel } from "./engine-model.js";
import { Uploader } from "./tf-tensors.js";

/** TF.js on one backend. TF.js keeps its state in globals, so a worker has only one engine, with one driver. */
export function tfjsEngine(driver: BackendDriver): Engine {
  const uploader = new Uploader(driver.traits);
  return {
    async start({ powerPreference = "high-performance" }, notify) {
      const { device, isSoftware } = await driver.start({ powerPreference }, notify);
      const kernels = getKernelsForBackend(driver.name).map(({ kernelName }) => kernelName);
      return { device, isSoftware, kernels, wantsPowersOfTwo: driver.wantsPowersOfTwo };
    },
    load: (wire) => loadEngineModel(wire, driver.traits, driver.watch, uploader),
    memory() {
      const { numTensors, numBytes } = memory();
      return { tensorCount: numTensors, byteCount: numBytes, heapBytes: driver.heapBytes() };
    },
    isIntact: () => driver.isIntact(),
    gpu: () => driver.gpu?.(),
    stop: () => driver.stop(),
  };
}
