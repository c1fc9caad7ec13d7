import { ShardError } from "../../core/errors.js";
import { withTrace, type InspectedModel, type ModelInfo } from "../../model/inspect.js";
import type { StagedModel } from "../../model/staged-model.js";
import type { PoolWorker } from "../../pool/pool-worker.js";
import type { InputTensor } from "../../protocol/tensors.js";
import { Deployment } from "./deployment.js";
import { noWorkers } from "../job/job-errors.js";
import { LayerCosts } from "./layer-costs.js";
import { prepareInputs, type Inputs } from "../inputs/prepare-inputs.js";
import { probeBatch } from "./run-through.js";
import { byTensorKey, firstItem, syntheticItem, traceModel } from "./trace-model.js";

/** Do something with the model in stages. @param item that they may be measured with. */
export type UseStages = (
  item: Readonly<Record<string, InputTensor>>,
  work: (stages: Deployment) => Promise<boolean | undefined>,
) => Promise<boolean | undefined>;

let runCounter = 0;

/**
 * Run the model once, layer by layer, to learn what its file does not say.
 *
 * @param info what is known already.
 * @param inputs a batch to run on; only its first item is needed. `undefined`: one is made up from the model's shapes.
 * @param workers those that are ready; one of each kind is measured.
 * @param useStages those of a sharder that splits by layers, to try a batch out on; `undefined`: the first worker loads the model once
 *        more, for as long as it takes.
 * @throws ShardError "invalid-input" where the model leaves sizes free and no inputs are given, or they don't fit it; "no-workers",
 *         "model-unsupported" where the model can't be taken apart, "model-failed"
 */
export async function inspectRun(
  { staged, wire }: InspectedModel,
  info: ModelInfo,
  inputs: Inputs | undefined,
  workers: readonly PoolWorker[],
  useStages: UseStages | undefined,
): Promise<ModelInfo> {
  if (staged === undefined) {
    throw new ShardError(
      "model-unsupported",
      `Expected a model that can be taken apart, received one that can't (${info.optimization.notDone[0]?.reason ?? "it is one piece"}): look at sharder.model.`,
    );
  }
  const given = inputs ?? syntheticItem(info.inputs, info.batchMode);
  if (given === undefined) {
    throw new ShardError(
      "invalid-input",
      "Expected inputs to run the model on, since it leaves sizes free, received none: pass { inputs }.",
    );
  }
  const [first] = workers;
  if (first === undefined) throw noWorkers(undefined);
  const prepared = prepareInputs(info, given);
  const named = firstItem(prepared);
  const item = byTensorKey(staged, named);
  const kinds = new Map(workers.map((worker) => [`${worker.spec.backend} ${worker.report?.device}`, worker]));
  const costs = new LayerCosts(staged, () => true);
  costs.add(await traceModel(staged, item, [...kinds.values()]), item);
  const traced = withTrace(info, ...costs.findings);
  if (info.batchMode === "item-by-item") return { ...traced, isBatchInvariant: undefined };
  if (info.isBatchInvariant === false) return traced;
  const probe = (stages: Deployment): Promise<boolean | undefined> => probeBatch(staged, stages, prepared);
  const isBatchInvariant = await (useStages === undefined
    ? onWholeModel(staged, first, probe)
    : useStages(named, probe));
  return { ...traced, isBatchInvariant: isBatchInvariant ?? (wire.needsBatchProbe ? undefined : true) };
}

async function onWholeModel<T>(
  model: StagedModel,
  worker: PoolWorker,
  work: (stages: Deployment) => Promise<T>,
): Promise<T> {
  // No epoch of a job has a negative number.
  const stages = await Deployment.load(-++runCounter, model, { cuts: [], workers: [[worker]] });
  try {
    return await work(stages);
  } finally {
    await stages.unload();
  }
}
