import type { StagedModel } from "../../model/staged-model.js";
import type { FinishedRun } from "../../pool/worker-runs.js";
import type { RunMode } from "../../protocol/model-on-wire.js";
import type { JobItems } from "../job/job-items.js";
import { outputBytes, type CheckedResult } from "../verify/checked-result.js";
import { stageBytes } from "./assign-stages.js";
import type { MicroBatches } from "./micro-batches.js";
import type { StageRun } from "./stage-runs.js";
import type { StageTimes } from "./stage-times.js";

/** Where a stage's result comes from. */
export interface StageSource {
  readonly model: StagedModel;
  readonly times: StageTimes;
  readonly items: JobItems;
  readonly batches: MicroBatches;
  readonly priority: number;
}

/**
 * What another worker needs to compute a stage's result again. What enters the stage is remembered now: the job releases it later.
 * @param run of a micro-batch that has entered.
 * @returns makes it from the stage's outputs.
 */
export function checkableStage(
  { model, times, items, batches, priority }: StageSource,
  { attempt, worker, deployment, stage }: StageRun,
  mode: RunMode,
): (outputs: FinishedRun["outputs"]) => CheckedResult {
  const inputsOf = batches.inputsAgain(attempt.microBatchId, stage);
  const finalKeys = Object.values(model.outputKeys);
  return (outputs) => ({
    worker,
    model: {
      key: stage.modelKey,
      weightBytes: () => stageBytes(model, stage.firstLayer, stage.lastLayer),
      wire: () => deployment.wireOf(attempt.stage),
    },
    shapeClass: items.first!.shapeClass,
    mode,
    priority,
    itemCount: attempt.range.itemCount,
    hasRows: false,
    outputs,
    isFinal: (key) => finalKeys.includes(key),
    byteCount: outputBytes(outputs),
    predictMs: (each, unitCount) => {
      const { ms, run } = times.forecast(deployment, attempt.stage, each, items.perUnit * unitCount);
      return run === "known" ? ms : undefined;
    },
    inputsOf,
  });
}
