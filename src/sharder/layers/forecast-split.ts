import { prefersLayers } from "../../core/stages/prefer-layers.js";
import type { InspectedModel } from "../../model/inspect.js";
import type { PoolWorker } from "../../pool/pool-worker.js";
import { StagePlanner } from "../../pool/stage-planner.js";
import { LayerCosts } from "./layer-costs.js";
import { raceAbort } from "../race-abort.js";
import { byTensorKey, syntheticItem, traceModel } from "./trace-model.js";

/** What measuring the layers may take before a batch is split after all, ms. */
const TRACE_BUDGET_MS = 2_000;
/** Layers are measured one by one: of a GPU that is computed in software, each takes long, and it wins at none. */
const SOFTWARE_DEVICE = /swiftshader|llvmpipe|software|basic render/i;

/**
 * Whether a split by layers is predicted to be faster than the split of the batch that the workers are ready for. Measured only where
 * it can be so: on workers of different kinds.
 */
export async function predictsLayers(
  { info, staged }: InspectedModel,
  workers: readonly PoolWorker[],
  memoryLimitBytes: number,
): Promise<boolean> {
  const kinds = new Set(workers.map(({ spec, report }) => `${spec.backend} ${report?.device}`));
  const isSoftware = workers.some(({ report }) => SOFTWARE_DEVICE.test(report?.device ?? ""));
  if (staged === undefined || staged.layers.length < 2 || kinds.size < 2 || isSoftware) return false;
  const item = syntheticItem(info.inputs, info.batchMode);
  if (item === undefined) return false;
  const planner = new StagePlanner();
  try {
    const inputs = byTensorKey(staged, item);
    const budget = AbortSignal.timeout(TRACE_BUDGET_MS);
    // A single layer may take longer than that.
    const traces = await raceAbort(traceModel(staged, inputs, workers, budget), budget);
    // Who did not finish in time has not shown to be of use.
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
  } finally {
    planner.close();
  }
}
