import { prefersLayers } from "../../core/stages/prefer-layers.js";
import type { InspectedModel } from "../../model/inspect.js";
import type { PoolWorker } from "../../pool/pool-worker.js";
import type { StagePlanner } from "../../pool/stage-planner.js";
import { raceAbort } from "../race-abort.js";
import { LayerCosts } from "./layer-costs.js";
import { byTensorKey, syntheticItem, traceModel } from "./trace-model.js";

/** What measuring the layers may take before a batch is split after all, ms. */
const TRACE_BUDGET_MS = 2_000;

/**
 * Whether a split by layers is forecast to be faster than a split of the batch on the same workers. Measured only where it can be so:
 * on workers of different kinds.
 *
 * @param workers that have started and can run the whole model.
 */
export async function forecastsLayers(
  { info, staged }: InspectedModel,
  workers: readonly PoolWorker[],
  planner: StagePlanner,
  memoryLimitBytes: number,
): Promise<boolean> {
  const kinds = new Set(workers.map(({ kind }) => kind));
  // Layers are measured one by one: of a GPU that is computed in software, each takes long, and it wins at none.
  const isSoftware = workers.some(({ report }) => report?.isSoftware === true);
  if (staged === undefined || staged.layers.length < 2 || kinds.size < 2 || isSoftware) return false;
  const item = syntheticItem(info.inputs, info.batchMode);
  if (item === undefined) return false;
  try {
    const inputs = byTensorKey(staged, item);
    const budget = AbortSignal.timeout(TRACE_BUDGET_MS);
    // A single layer may take longer than that.
    const traces = await raceAbort(traceModel(staged, inputs, workers, budget), budget);
    // A worker that did not finish in time has not shown to be of use.
    const inTime = traces.map(({ worker }) => worker);
    if (inTime.length < workers.length) return false;
    const costs = new LayerCosts(staged, () => true);
    costs.add(traces, inputs);
    const problem = costs.problem(inTime, memoryLimitBytes, Math.max(1, inTime.length - 1));
    const wholeMs = problem.workers.map(({ layerMs }) => layerMs.reduce((total, ms) => total + ms, 0));
    return prefersLayers(wholeMs, (await planner.plan(problem)).bottleneckMs);
  } catch {
    // Nothing is known against the batch.
    return false;
  }
}
