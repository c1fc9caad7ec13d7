import { ShardError } from "../../core/errors.js";
import type { StagedModel } from "../../model/staged-model.js";
import type { PoolWorker } from "../../pool/pool-worker.js";
import type { InputTensor } from "../../protocol/tensors.js";
import { callOnce } from "../job/call-once.js";
import type { NamedInputTensors, NamedTensors } from "../split.js";
import type { Deployment } from "./deployment.js";

/** How a call of a stage is made. */
export interface StageCalling {
  /** `undefined` if the stage has lost its workers. */
  workerFor(stage: number): PoolWorker | undefined;
  deadlineMs(stage: number, worker: PoolWorker): number;
}

/**
 * Run one call through all stages, one after another, on one worker of each.
 * @param inputs by public name. @returns the outputs by public name.
 * @throws ShardError "worker-lost" if a stage has no worker, and as `PoolWorker.run`.
 */
export async function runThrough(
  model: StagedModel,
  deployment: Deployment,
  inputs: NamedInputTensors,
  calling: StageCalling,
): Promise<NamedTensors> {
  const held: Record<string, InputTensor> = {};
  for (const [name, key] of Object.entries(model.inputKeys)) held[key] = inputs[name]!;
  const results: Record<string, NamedTensors[string]> = {};
  for (const [index, stage] of deployment.stages.entries()) {
    const worker = calling.workerFor(index);
    if (worker === undefined) {
      throw new ShardError(
        "worker-lost",
        `Expected a worker that holds stage ${index}, but it was lost meanwhile: try again.`,
      );
    }
    const entering = Object.fromEntries(stage.inputs.map((key) => [key, held[key]!]));
    const outputs = await callOnce(worker, stage.modelKey, entering, () => calling.deadlineMs(index, worker));
    Object.assign(held, outputs);
    Object.assign(results, outputs);
  }
  return Object.fromEntries(
    Object.entries(model.outputKeys).flatMap(([name, key]) => (results[key] ? [[name, results[key]]] : [])),
  );
}
