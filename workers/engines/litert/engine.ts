import { ShardError } from "../../../src/core/errors.js";
import { untranslatable } from "../../../src/model/translate/refusal.js";
import type { WireModel } from "../../../src/protocol/model-on-wire.js";
import type { Engine } from "../../runtime/engine.js";
import type { CompileSettings } from "./compile-model.js";
import type { LitertDriver } from "./driver.js";
import { loadSource } from "./engine-model.js";
import { graphSource } from "./graph-source.js";
import { fileSource, type ModelSource } from "./model-source.js";
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
      const source = sourceOf(wire);
      const model = await loadSource(source, requireStarted());
      const { byteLength } = source;
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

/** @throws ShardError "model-unsupported" */
function sourceOf(wire: WireModel): ModelSource {
  switch (wire.format) {
    case "tflite":
      return fileSource(wire);
    case "graph-model":
      return graphSource(wire);
    case "layers-model":
      throw untranslatable("TF.js layers, which are no graph");
  }
}
