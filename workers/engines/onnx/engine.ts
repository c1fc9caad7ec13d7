import { ShardError } from "../../../src/core/errors.js";
import { fileBytes } from "../../../src/protocol/model-on-wire.js";
import type { Engine } from "../../runtime/engine.js";
import { CountedModels } from "../shared/counted-models.js";
import type { OnnxDriver, StartedOrt } from "./driver.js";
import { loadOnnx } from "./engine-model.js";

/** ONNX Runtime on one backend. */
export function onnxEngine(driver: OnnxDriver): Engine {
  let started: StartedOrt | undefined;
  const models = new CountedModels();

  const requireStarted = (): StartedOrt => {
    if (started !== undefined) return started;
    throw new ShardError("internal", "Expected ONNX Runtime to be started before it is used.");
  };

  return {
    async start(config, notify) {
      started = await driver.start(config, notify);
      const { device, isSoftware } = started;
      // It does not list its kernels. Sizes that a model leaves free cost nothing when they change.
      return { device, isSoftware, kernels: [], wantsPowersOfTwo: false };
    },

    async load(wire) {
      if (wire.format !== "onnx") {
        throw new ShardError(
          "model-unsupported",
          `Expected an .onnx file for ONNX Runtime, received a ${wire.format}: use workers of the engine "${wire.format === "tflite" ? "litert" : "tfjs"}" for it.`,
        );
      }
      const model = await loadOnnx(wire, requireStarted());
      return models.add(model, fileBytes(wire));
    },

    memory: () => models.memory(requireStarted().ort.heapBytes()),
    isIntact: () => driver.isIntact(),
    gpu: () => driver.gpu?.(),
    stop: () => driver.stop(),
  };
}
