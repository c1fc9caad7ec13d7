import { ShardError } from "../../core/errors.js";
import type { StagePlan } from "../../core/stages/stage-problem.js";
import type { StagedModel } from "../../model/staged-model.js";
import type { PoolWorker } from "../../pool/pool-worker.js";
import type { Placement } from "./deployment.js";
import type { MemoryLimits } from "./memory-limits.js";

/** Bytes of a stage's weights; a weight that several of its layers share counts once. */
export function stageBytes(model: StagedModel, firstLayer: number, lastLayer: number): number {
  const sizes = new Map<string, number>();
  for (const { weights } of model.layers.slice(firstLayer, lastLayer + 1)) {
    for (const [name, bytes] of Object.entries(weights)) sizes.set(name, bytes);
  }
  return [...sizes.values()].reduce((total, bytes) => total + bytes, 0);
}

/** Turn the planner's answer into a placement. @param workers those of the question, in the same order. */
export function placementOf({ stages }: StagePlan, workers: readonly PoolWorker[]): Placement {
  return {
    cuts: stages.slice(1).map(({ firstLayer }) => firstLayer),
    workers: stages.map((stage) => stage.workers.map((index) => workers[index]!)),
  };
}

/**
 * Assign given stages to workers in their order: one to each, or several neighbours if stages outnumber workers.
 *
 * @param canRun whether a worker's backend has what a stage needs.
 * @throws ShardError "model-unsupported" if no worker can run a stage or hold its weights.
 */
export function assignStages(
  model: StagedModel,
  cuts: readonly number[],
  workers: readonly PoolWorker[],
  limits: MemoryLimits,
  canRun: (worker: PoolWorker, firstLayer: number, lastLayer: number) => boolean,
): Placement {
  const bounds = [0, ...cuts, model.layers.length];
  const stageCount = cuts.length + 1;
  const held = new Map<PoolWorker, number>();
  const assigned = Array.from({ length: stageCount }, (_, stage): readonly PoolWorker[] => {
    const [first, last] = [bounds[stage]!, bounds[stage + 1]! - 1];
    const bytes = stageBytes(model, first, last);
    const preferred = Math.floor((stage * workers.length) / Math.max(stageCount, workers.length));
    const inTurn = [...workers.slice(preferred), ...workers.slice(0, preferred)];
    const able = inTurn.filter((worker) => canRun(worker, first, last));
    // Prefer a worker that has no stage yet.
    const free = stageCount <= workers.length ? able.filter((worker) => !held.has(worker)) : able;
    const fitting = [...free, ...able].find((worker) => (held.get(worker) ?? 0) + bytes <= limits.of(worker));
    if (fitting === undefined) {
      const limitBytes = Math.max(...able.map((worker) => limits.of(worker)));
      throw unplaceable(model, first, last, bytes, limitBytes, able.length === 0);
    }
    held.set(fitting, (held.get(fitting) ?? 0) + bytes);
    return [fitting];
  });
  return { cuts, workers: assigned };
}

function unplaceable(
  model: StagedModel,
  first: number,
  last: number,
  bytes: number,
  limitBytes: number,
  isUnable: boolean,
): ShardError {
  const stage = `layers ${first} to ${last} ("${model.layers[first]!.name}" …)`;
  return new ShardError(
    "model-unsupported",
    isUnable
      ? `Expected a worker whose backend can run ${stage}, received none: add a worker with another backend, or cut elsewhere.`
      : `Expected a worker with room for the ${bytes} bytes of weights of ${stage}, received a limit of ${limitBytes} bytes each: raise maxWorkerBytes, add workers or cut elsewhere.`,
  );
}
