import { ShardError } from "../../core/errors.js";
import { isRowOfPair, probeInputs } from "../../protocol/batch-probe.js";
import { copyTensor } from "../../protocol/rows.js";
import type { InputTensor, Tensor } from "../../protocol/tensors.js";
import type { StagedModel } from "../../model/staged-model.js";
import type { Deployment } from "./deployment.js";
import type { PreparedInputs } from "../inputs/prepare-inputs.js";
import { byTensorKey } from "./trace-model.js";

/** A probe may be the first run of every stage: shaders are compiled. */
const DEADLINE_MS = 120_000;

let runCounter = 0;

/** Run one call through all stages, one after another, on the first worker of each. @returns the outputs by public name */
async function runThrough(
  model: StagedModel,
  deployment: Deployment,
  inputs: Readonly<Record<string, InputTensor>>,
): Promise<Record<string, Tensor>> {
  const held: Record<string, InputTensor> = byTensorKey(model, inputs);
  const results: Record<string, Tensor> = {};
  for (const [index, stage] of deployment.stages.entries()) {
    const worker = deployment.workersOf(index)[0];
    if (worker === undefined) {
      throw new ShardError("worker-lost", `Expected a worker with stage ${index}, it was lost meanwhile: try again.`);
    }
    // Buffers are handed over with each call.
    const call = Object.fromEntries(stage.inputs.map((key) => [key, copyTensor(held[key]!)]));
    const attemptId = `probe/${++runCounter}`;
    const { calls } = await worker.runStage(
      { attemptId, modelKey: stage.modelKey, calls: [call], forwardedKeys: [] },
      DEADLINE_MS,
    );
    Object.assign(held, calls[0]);
    Object.assign(results, calls[0]);
  }
  return Object.fromEntries(
    Object.entries(model.outputKeys).flatMap(([name, key]) => (results[key] ? [[name, results[key]]] : [])),
  );
}

/**
 * Try out whether the model gives for a batch what it gives for its items.
 * @returns `undefined` where two items of these inputs can't tell.
 * @throws ShardError where even one item alone fails, and "worker-lost", "worker-timeout" where a worker did not survive it.
 */
export async function probeBatch(
  model: StagedModel,
  deployment: Deployment,
  { tensors, batchedNames }: PreparedInputs,
): Promise<boolean | undefined> {
  const inputs = probeInputs(tensors, batchedNames);
  if (inputs === undefined) return undefined;
  const alone = await runThrough(model, deployment, inputs.alone);
  let paired: Record<string, Tensor>;
  try {
    paired = await runThrough(model, deployment, inputs.paired);
  } catch (thrown) {
    if (isWorkerLoss(thrown)) throw thrown;
    return false;
  }
  return Object.entries(alone).every(
    ([name, tensor]) => paired[name] !== undefined && isRowOfPair(tensor, paired[name]),
  );
}

/** Such a failure tells nothing of the model. */
export function isWorkerLoss(thrown: unknown): thrown is ShardError {
  return thrown instanceof ShardError && (thrown.code.startsWith("worker-") || thrown.code === "disposed");
}
