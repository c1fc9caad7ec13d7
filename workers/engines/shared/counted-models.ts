import type { WorkerMemory } from "../../../src/protocol/worker-api.js";
import type { EngineModel } from "../../runtime/engine.js";

/** Counts the models that an engine holds, for one that does not count its tensors, of which a call leaves none. */
export class CountedModels {
  #modelCount = 0;
  #byteCount = 0;

  /** @returns the model, which counts until it is disposed of. @param byteLength of its weights */
  add(model: EngineModel, byteLength: number): EngineModel {
    this.#modelCount++;
    this.#byteCount += byteLength;
    return {
      ...model,
      dispose: () => {
        this.#modelCount--;
        this.#byteCount -= byteLength;
        model.dispose();
      },
    };
  }

  memory(heapBytes: number): WorkerMemory {
    return { tensorCount: this.#modelCount, byteCount: this.#byteCount, heapBytes };
  }
}
