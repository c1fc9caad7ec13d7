import { ShardError } from "../../core/errors.js";
import { whyNotCut } from "../../model/optimise/optimization-report.js";
import type { PoolWorker } from "../../pool/pool-worker.js";
import { prepareInputs, type Inputs } from "../inputs/prepare-inputs.js";
import { noWorkers } from "../job/job-errors.js";
import type { KnownModel } from "../known-model.js";
import type { Split } from "../split.js";
import { LayerCosts } from "./layer-costs.js";
import { byTensorKey, firstItem, syntheticItem, traceModel } from "./trace-model.js";

/**
 * Run the model once, layer by layer, to learn what its file does not say.
 *
 * @param model what is known so far; the findings are added to it.
 * @param inputs a batch to run on, of which the first item is enough; `undefined`: an item is made up from the model's shapes.
 * @param workers those that are ready; one of each kind is measured.
 * @param split runs the trial of a batch.
 * @throws ShardError "invalid-input" if the model leaves sizes free and no inputs are given, or if they don't fit it; "no-workers",
 *         "model-unsupported" if the model can't be cut into layers, "model-failed"
 */
export async function inspectRun(
  model: KnownModel,
  inputs: Inputs | undefined,
  workers: readonly PoolWorker[],
  split: Split,
): Promise<void> {
  const { info } = model;
  const { staged } = model.inspected;
  if (staged === undefined) {
    throw new ShardError(
      "model-unsupported",
      `Expected a model that can be cut into layers, received one that can't (${whyNotCut(info.optimization)}): see sharder.model.`,
    );
  }
  const given = inputs ?? syntheticItem(info.inputs);
  if (given === undefined) {
    throw new ShardError(
      "invalid-input",
      "Expected inputs to run the model on, since it leaves sizes free, received none: pass { inputs }.",
    );
  }
  if (workers.length === 0) throw noWorkers(undefined);
  const prepared = prepareInputs(info, given);
  const item = byTensorKey(staged, firstItem(prepared));
  const kinds = new Map(workers.map((worker) => [worker.kind, worker]));
  const costs = new LayerCosts(staged, () => true);
  costs.add(await traceModel(staged, item, [...kinds.values()]), item);
  model.addTrace(costs.findings);
  await split.tryBatch(prepared);
}
