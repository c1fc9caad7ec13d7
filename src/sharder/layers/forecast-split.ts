import { prefersLayers } from "../../core/stages/prefer-layers.js";
import type { InspectedModel } from "../../model/inspect.js";
import type { PoolWorker } from "../../pool/pool-worker.js";
import type { StagePlanner } from "../../pool/stage-planner.js";
import { raceAbort } from "../race-abort.js";
import { LayerCosts } from "./layer-costs.js";
import { MemoryLimits } from "./memory-limits.js";
import { byTensorKey, syntheticItem, traceModel } from "./trace-model.js";

/** How long measuring the layers may take before the batch is split instead, ms. */
const TRACE_BUDGET_MS = 2_000;
/** So many measurements have to agree on it: whatever disturbs one worker for a moment makes its layers look slow. */
const TRACE_COUNT = 3;

/**
 * Whether a split by layers is forecast to be faster than a split of the batch on the same workers. That is only possible, and only
 * measured, if the workers are of different kinds.
 *
 * @param workers those that have started and can run the whole model.
 */
export async function forecastsLayers(
  { info, staged }: InspectedModel,
  workers: readonly PoolWorker[],
  planner: StagePlanner,
  memoryLimitBytes: number,
): Promise<boolean> {
  const kinds = new Set(workers.map(({ kind }) => kind));
  // On a GPU that is emulated in software every layer takes long to measure, and it is the fastest for none.
  const isSoftware = workers.some(({ report }) => report?.isSoftware === true);
  if (staged === undefined || staged.layers.length < 2 || kinds.size < 2 || isSoftware) return false;
  const item = syntheticItem(info.inputs);
  if (item === undefined) return false;
  try {
    const inputs = byTensorKey(staged, item);
    const budget = AbortSignal.timeout(TRACE_BUDGET_MS);
    const isFaster = async (): Promise<boolean> => {
      // A single layer may take longer than that.
      const traces = await raceAbort(traceModel(staged, inputs, workers, budget), budget);
      // A worker that did not finish in time has not shown that it is useful.
      const inTime = traces.map(({ worker }) => worker);
      if (inTime.length < workers.length) return false;
      const costs = new LayerCosts(staged, () => true);
      costs.add(traces, inputs);
      const problem = costs.problem(inTime, new MemoryLimits(memoryLimitBytes), Math.max(1, inTime.length - 1));
      const wholeMs = problem.workers.map(({ layerMs }) => layerMs.reduce((total, ms) => total + ms, 0));
      return prefersLayers(wholeMs, (await planner.plan(problem)).bottleneckMs);
    };
    for (let trace = 0; trace < TRACE_COUNT; trace++) if (!(await isFaster())) return false;
    return true;
  } catch {
    // No reason is known against splitting the batch.
    return false;
  }
}
