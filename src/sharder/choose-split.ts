import { ShardError } from "../core/errors.js";
import type { InspectedModel } from "../model/inspect.js";
import { loadScript } from "../model/load/load-script.js";
import { whyNotCut } from "../model/optimise/optimization-report.js";
import type { StagePlanner } from "../pool/stage-planner.js";
import { labelOf } from "../pool/worker-entries.js";
import type { WorkerPool } from "../pool/worker-pool.js";
import { BatchSplit, type EngineWatch } from "./batch/batch-split.js";
import type { EventRelay } from "./event-relay.js";
import type { FaultReports } from "./fault-reports.js";
import type { OnBatchMode } from "./inputs/batch-modes.js";
import { cannotSplitBatch } from "./inputs/job-mode.js";
import type { KnownModel } from "./known-model.js";
import { stageBytes } from "./layers/assign-stages.js";
import { forecastsLayers } from "./layers/forecast-split.js";
import type { ModelMemory } from "./memory/model-memory.js";
import type { SharderOptions } from "./options.js";
import type { Split } from "./split.js";
import type { Verifier } from "./verify/verifier.js";

/** The parts that a split is made of. */
export interface SplitParts {
  readonly model: KnownModel;
  readonly pool: WorkerPool;
  readonly planner: StagePlanner;
  readonly events: EventRelay;
  readonly faults: FaultReports;
  readonly verifier: Verifier;
  /** Which of the workers jobs use is found by measurement: the caller has named none. */
  readonly isChosen: boolean;
  readonly memory: ModelMemory;
  /** Finds out which engine is the fastest, if the caller wants that. */
  readonly engines: EngineWatch | undefined;
}

/**
 * Refuse a model that can't be split as the options require, before any worker gets it.
 * @throws ShardError "model-unsupported" if it does not fit, can't be cut, or takes whole batches where `split` is "batch";
 *         "invalid-options" for illegal cuts.
 */
export function requireSplittable(model: InspectedModel, options: SharderOptions): void {
  const { info, staged } = model;
  const { split = "auto", maxWorkerBytes = Infinity, cuts } = options;
  if (split === "batch" && info.batchMode === "whole") throw cannotSplitBatch(info.batchReason);
  const wholeBytes = wholeBytesOf(model);
  const fitsWhole = wholeBytes <= maxWorkerBytes;
  if (split === "layers" || (split === "auto" && !fitsWhole)) {
    if (staged !== undefined) {
      if (cuts !== undefined) staged.stages(cuts);
      return;
    }
    const reason = whyNotCut(info.optimization);
    throw new ShardError(
      "model-unsupported",
      fitsWhole
        ? `Expected a model that can be cut into layers, received one that can't (${reason}): use split: "batch".`
        : `Expected weights of at most ${maxWorkerBytes} bytes per worker (maxWorkerBytes), received ${wholeBytes} in a model that can't be cut (${reason}): raise the limit or use a smaller model.`,
    );
  }
  if (fitsWhole) return;
  throw new ShardError(
    "model-unsupported",
    `Expected weights of at most ${maxWorkerBytes} bytes per worker (maxWorkerBytes), received ${wholeBytes}: raise the limit, or leave split out so that the model is split by layers.`,
  );
}

/**
 * Choose the split once the workers that will be used have started. The caller's choice comes first; otherwise the model is split by
 * layers if it does not fit one worker, if no backend can run all of it, or if that is forecast to be faster.
 */
export async function chooseSplit(parts: SplitParts, options: SharderOptions): Promise<Split> {
  if (await wantsLayers(parts, options)) return layerSplit(parts, options);
  // Nothing is left to plan.
  parts.planner.close();
  return batchSplit(parts, options);
}

async function wantsLayers({ model, pool, planner }: SplitParts, options: SharderOptions): Promise<boolean> {
  const { split = "auto", maxWorkerBytes = Infinity } = options;
  if (split !== "auto") return split === "layers";
  const { inspected, gaps } = model;
  if (inspected.staged === undefined) return false;
  const whole = pool.startedWorkers.filter(({ spec }) => gaps.canRunWhole(labelOf(spec)));
  if (wholeBytesOf(inspected) > maxWorkerBytes || whole.length === 0) return true;
  return forecastsLayers(inspected, whole, planner, maxWorkerBytes);
}

function batchSplit(
  { model, pool, events, faults, verifier, memory, isChosen, engines }: SplitParts,
  { policy = "makespan", quantumMs = 100, firstRunDeadlineMs = 120_000, split }: SharderOptions,
): Split {
  const { wire, batch } = model.inspected;
  const options = { policy, quantumMs, warmUpDeadlineMs: firstRunDeadlineMs };
  const isNamed = split === "batch";
  const onMode: OnBatchMode = (mode, reason) => model.setBatchMode(mode, reason);
  return new BatchSplit({
    wire,
    batch,
    onMode,
    isNamed,
    pool,
    gaps: model.gaps,
    emit: events.emit,
    faults,
    verifier,
    memory,
    options,
    isChosen,
    engines,
  });
}

/** Most sharders split by batch: what splits by layers is loaded with the first that does. @throws as `loadScript` */
async function layerSplit(
  { model, pool, planner, events, faults, verifier }: SplitParts,
  { quantumMs = 100, maxWorkerBytes = Infinity, firstRunDeadlineMs = 120_000, cuts, signal }: SharderOptions,
): Promise<Split> {
  const { LayerSplit } = await loadScript("splits models by layers", signal, () => import("./layers/layer-split.js"));
  const { info, staged, batch } = model.inspected;
  return new LayerSplit({
    model: staged!,
    info,
    batch,
    onMode: (mode, reason) => model.setBatchMode(mode, reason),
    pool,
    planner,
    emit: events.emit,
    faults,
    verifier,
    options: {
      quantumMs,
      memoryLimitBytes: maxWorkerBytes,
      firstRunDeadlineMs,
      cuts,
      canRun: ({ spec }, firstLayer, lastLayer) => model.gaps.canRun(labelOf(spec), firstLayer, lastLayer),
      onTrace: (findings) => model.addTrace(findings),
    },
  });
}

/** Bytes of the whole model's weights in a worker. */
function wholeBytesOf({ info, staged }: InspectedModel): number {
  return staged === undefined ? info.weightBytes : stageBytes(staged, 0, staged.layers.length - 1);
}
