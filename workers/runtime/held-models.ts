import { ShardError } from "../../src/core/errors.js";
import type { WireModel } from "../../src/protocol/model-on-wire.js";
import type { ModelKey } from "../../src/protocol/worker-api.js";
import { CallChoices } from "./call-choices.js";
import type { Engine, EngineModel } from "./engine.js";

/** A model or a stage, and what its calls have shown. */
interface HeldModel {
  readonly model: EngineModel;
  readonly calls: CallChoices;
}

/** The models and stages that a worker holds, by the keys that the page has chosen. */
export class HeldModels {
  readonly #engine: Engine;
  readonly #models = new Map<ModelKey, HeldModel>();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** A model with the same key is dropped first, because both sets of weights may not fit in memory together. */
  async load(modelKey: ModelKey, model: WireModel): Promise<void> {
    this.drop(modelKey);
    this.#models.set(modelKey, { model: await this.#engine.load(model), calls: new CallChoices() });
  }

  drop(modelKey: ModelKey): void {
    const found = this.#models.get(modelKey);
    this.#models.delete(modelKey);
    found?.model.dispose();
  }

  dropAll(): void {
    for (const modelKey of this.#models.keys()) this.drop(modelKey);
  }

  /** @throws ShardError "internal" for a key that is not held. */
  require(modelKey: ModelKey): HeldModel {
    const found = this.#models.get(modelKey);
    if (found !== undefined) return found;
    throw new ShardError("internal", `Expected a worker that holds "${modelKey}", received work before it was loaded.`);
  }
}
