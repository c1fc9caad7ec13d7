import { ShardError } from "../../../src/core/errors.js";
import type { Engine } from "../../runtime/engine.js";
import type { CompileSettings } from "./compile-model.js";
import type { LitertDriver } from "./driver.js";
import { loadTflite } from "./engine-model.js";
import { TensorBuffers } from "./tensor-buffers.js";

/** LiteRT on one accelerator. */
export function litertEngine(driver: LitertDriver): Engine {
  let settings: CompileSettings | undefined;
  let modelCount = 0;
  let modelBytes = 0;

  const requireStarted = (): CompileSettings => {
    if (settings !== undefined) return settings;
    throw new ShardError("internal", "Expected LiteRT to be started before it is used.");
  };

  return {
    async start(config, notify) {
      const { litert, threadCount, device, isSoftware } = await driver.start(config, notify);
      const buffers = new TensorBuffers(litert, driver.gpu?.());
      settings = { litert, accelerator: driver.accelerator, threadCount, buffers };
      // It does not list its kernels, and it compiles for each new size of a batch.
      return { device, isSoftware, kernels: [], wantsPowersOfTwo: true };
    },

    async load(wire) {
      if (wire.format !== "tflite") {
        throw new ShardError(
          "model-unsupported",
          `Expected a .tflite file for LiteRT, received a ${wire.format}: use workers of the engine "tfjs" for it.`,
        );
      }
      const model = await loadTflite(wire, requireStarted());
      const { byteLength } = wire.weightData;
      modelCount++;
      modelBytes += byteLength;
      return {
        ...model,
        dispose() {
          modelCount--;
          modelBytes -= byteLength;
          model.dispose();
        },
      };
    },

    // LiteRT does not count its tensors; a call leaves none.
    memory() {
      const { litert } = requireStarted();
      return { tensorCount: modelCount, byteCount: modelBytes, heapBytes: litert.module.HEAPU8.byteLength };
    },
    isIntact: () => driver.isIntact(),
    gpu: () => driver.gpu?.(),
    stop: () => driver.stop(),
  };
}
