import { ShardError } from "../../../src/core/errors.js";
import { messageOf } from "../../../src/protocol/error-record.js";
import type { WireModel } from "../../../src/protocol/model-on-wire.js";
import type { Engine } from "../../runtime/engine.js";
import { CountedModels } from "../shared/counted-models.js";
import type { CompileSettings } from "./compile-model.js";
import type { LitertDriver } from "./driver.js";
import { loadSource } from "./engine-model.js";
import { fileSource, type ModelSource } from "./model-source.js";
import { TensorBuffers } from "./tensor-buffers.js";

/** LiteRT on one accelerator. */
export function litertEngine(driver: LitertDriver): Engine {
  let settings: CompileSettings | undefined;
  const models = new CountedModels();

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
      const source = await sourceOf(wire);
      const model = await loadSource(source, requireStarted());
      return models.add(model, source.byteLength);
    },

    memory: () => models.memory(requireStarted().litert.module.HEAPU8.byteLength),
    isIntact: () => driver.isIntact(),
    gpu: () => driver.gpu?.(),
    stop: () => driver.stop(),
  };
}

/** @throws ShardError "model-unsupported", "backend-unavailable" */
async function sourceOf(wire: WireModel): Promise<ModelSource> {
  switch (wire.format) {
    case "tflite":
      return fileSource(wire);
    case "graph-model": {
      const { graphSource } = await loadTranslation();
      return graphSource(wire);
    }
    case "layers-model":
    case "remote":
    case "onnx": {
      const what = { onnx: "an .onnx file", remote: "a model of a server", "layers-model": "TF.js layers" }[
        wire.format
      ];
      throw new ShardError(
        "model-unsupported",
        `Expected a .tflite file or a graph for LiteRT, received ${what}: use workers of the engine "${wire.format === "layers-model" ? "tfjs" : wire.format}" for them.`,
      );
    }
  }
}

/** Workers for `.tflite` files do without. @throws ShardError "backend-unavailable" */
async function loadTranslation(): Promise<typeof import("./graph-source.js")> {
  try {
    return await import("./graph-source.js");
  } catch (cause) {
    throw new ShardError(
      "backend-unavailable",
      `Expected to load the script that translates TF.js models for LiteRT, received a failure (${messageOf(cause)}): check the connection, and that the host serves all scripts of the build.`,
      { cause },
    );
  }
}
