import type { InspectedModel } from "../../model/inspect.js";
import type { WorkerSpec } from "../../pool/worker-entries.js";
import { chooseWorkers } from "../auto-workers.js";
import { requireSplittable } from "../choose-split.js";
import { createModelMemory, NO_MEMORY, type ModelMemory } from "../memory/model-memory.js";
import type { SharderOptions } from "../options.js";
import { forEngines } from "../translated-model.js";
import { EngineRecords } from "./engine-records.js";
import { EngineSearch } from "./engine-search.js";

/** What is kept of LiteRT whatever the model, under this name in place of a model's. */
const MACHINE_ID = "any-model";

/** How a sharder starts that finds out the engine of a TF.js model. */
export interface EnginePlan {
  readonly search: EngineSearch;
  /** For LiteRT's workers, where an earlier visit has found that they are faster; they are the first ones. */
  readonly warm: { readonly inspected: InspectedModel; readonly specs: readonly WorkerSpec[] } | undefined;
}

/**
 * See what earlier visits have found.
 * @param tfjs the workers that TF.js would get. LiteRT's are on the same backends.
 * @param memory of the model.
 */
export async function planEngines(
  inspected: InspectedModel,
  options: SharderOptions,
  tfjs: readonly WorkerSpec[],
  memory: ModelMemory,
): Promise<EnginePlan> {
  const { remember = true, maxWorkers = Infinity } = options;
  const machine = remember ? createModelMemory({ modelId: async () => MACHINE_ID }) : NO_MEMORY;
  const records = new EngineRecords(memory, machine);
  const earlier = await records.read();
  const litert = (await chooseWorkers("litert")).specs.slice(0, maxWorkers);
  const refusal =
    inspected.batch.isRandom === true ? "its operations are random, so that its results can't be compared" : undefined;
  const wantsWarm = refusal === undefined && earlier.record?.engine === "litert" && options.split !== "layers";
  const fitting = wantsWarm ? await fitForLitert(inspected, options, litert) : undefined;
  const startsWarm = fitting !== undefined;
  return {
    search: new EngineSearch({ tfjs, litert, records, earlier, startsWarm, refusal }),
    warm: startsWarm ? { inspected: fitting, specs: litert } : undefined,
  };
}

/** `undefined` for a model that does not fit any more, such as one that is to be split by layers now. */
async function fitForLitert(
  inspected: InspectedModel,
  options: SharderOptions,
  specs: readonly WorkerSpec[],
): Promise<InspectedModel | undefined> {
  try {
    const fitting = await forEngines(inspected, specs, options.signal);
    requireSplittable(fitting, options);
    return fitting;
  } catch {
    return undefined;
  }
}
