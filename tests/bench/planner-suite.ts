import { seededRandom } from "../../src/core/random.js";
import { planShares } from "../../src/core/dispatch/shares.js";
import { planStages } from "../../src/core/stages/plan-stages.js";
import type { StageProblem } from "../../src/core/stages/stage-problem.js";
import { simulate } from "../simulator/simulate.js";
import { log } from "./log.js";
import { medianRatio, type Suite, type SuiteRequest } from "./report.js";
import { summarise } from "./statistics.js";

const PLAN_WORKERS = 10_000;
const PLAN_ITEMS = 1_000_000;
const STAGE_LAYERS = 2_000;
const SIMULATED_WORKERS = 1_000;
const SIMULATED_ITEMS = 1_000_000;

/** Measures planning alone, without workers or a model. */
export async function runPlannerSuite({ runs }: SuiteRequest): Promise<Suite> {
  const errors: string[] = [];
  const planMs = Array.from({ length: 10 + 5 * runs }, (_, seed) => planOnce(seed, errors)).slice(10);
  log(`planned ${planMs.length} times`);
  const simulations = Array.from({ length: Math.min(runs, 3) }, (_, index) => simulateOnce(index + 1, errors));
  const model = `${PLAN_WORKERS} workers`;
  const simulated = `${SIMULATED_WORKERS} workers, ${SIMULATED_ITEMS} items`;
  return {
    suite: "planner",
    rows: [],
    ratios: {
      plan_shares_ms: { [model]: medianRatio(planMs, { atMost: 5 }) },
      simulation_seconds: {
        [simulated]: medianRatio(
          simulations.map(({ seconds }) => seconds),
          { atMost: 5 },
        ),
      },
      plan_stages_ms: {
        [`${STAGE_LAYERS} layers, 8 different workers`]: medianRatio(stageMs(false, runs, errors), { atMost: 300 }),
        [`${STAGE_LAYERS} layers, 8 workers of two kinds, replicas`]: medianRatio(stageMs(true, runs, errors), {
          atMost: 1_500,
        }),
      },
      simulated_makespan_over_optimum: { [simulated]: medianRatio(simulations.map(({ ratio }) => ratio)) },
    },
    notes: [
      "Plans: each has affine costs of its own, drawn from 0–20 ms overhead and 0.5–20 ms per item.",
      "Simulated workers: 0–2 ms overhead per shard, which the optimum pays once, 0.5–20 ms per item, 10 % noise. Nothing fails.",
    ],
    errors,
    details: { planMs: summarise(planMs), simulations },
  };
}

/** How long plans of stages took, ms. */
function stageMs(replicas: boolean, runs: number, errors: string[]): number[] {
  return Array.from({ length: runs }, (_, seed) => {
    const random = seededRandom(seed + 1);
    const layerMs = Array.from({ length: STAGE_LAYERS }, () => 0.5 + random());
    const speeds = Array.from({ length: 8 }, (__, index) => (replicas ? 1 + 0.7 * (index % 2) : 1 + index / 3));
    const problem: StageProblem = {
      workers: speeds.map((speed) => ({
        layerMs: layerMs.map((ms) => ms * speed),
        transferMs: 0.1,
        transferMsPerByte: 1e-7,
        memoryLimitBytes: 1e9,
      })),
      boundaryBytes: Array.from({ length: STAGE_LAYERS + 1 }, () => 1e6 * random()),
      layerWeights: Array.from({ length: STAGE_LAYERS }, (__, layer) => ({ [`w${layer}`]: 1e5 })),
      maxReplicas: replicas ? 8 : 1,
    };
    const startMs = performance.now();
    const { stages } = planStages(problem);
    const ms = performance.now() - startMs;
    const covered = stages.reduce((total, { firstLayer, lastLayer }) => total + lastLayer - firstLayer + 1, 0);
    if (covered !== STAGE_LAYERS) errors.push(`planStages: expected ${STAGE_LAYERS} layers, received ${covered}.`);
    return ms;
  });
}

function planOnce(seed: number, errors: string[]): number {
  const random = seededRandom(seed);
  const costs = Array.from({ length: PLAN_WORKERS }, () => ({
    overheadMs: 20 * random(),
    msPerItem: 0.5 + 19.5 * random(),
  }));
  const startMs = performance.now();
  const counts = planShares(PLAN_ITEMS, costs);
  const ms = performance.now() - startMs;
  const sum = counts.reduce((total, count) => total + count, 0);
  if (sum !== PLAN_ITEMS) errors.push(`planShares: expected counts that sum to ${PLAN_ITEMS}, received ${sum}.`);
  return ms;
}

function simulateOnce(seed: number, errors: string[]) {
  const random = seededRandom(seed);
  const workers = Array.from({ length: SIMULATED_WORKERS }, (_, index) => ({
    id: `w${index}`,
    overheadMs: 2 * random(),
    msPerItem: 0.5 + 19.5 * random(),
    noise: 0.1,
  }));
  const startMs = performance.now();
  const result = simulate({ itemCount: SIMULATED_ITEMS, workers, seed });
  const seconds = (performance.now() - startMs) / 1000;
  if (result.phase !== "finished" || !result.completions.every((count) => count === 1)) {
    errors.push(`simulate: expected every item completed once, received the phase "${result.phase}".`);
  }
  log(`simulated ${result.eventCount} events in ${seconds.toFixed(2)} s`);
  return { seconds, eventCount: result.eventCount, ratio: result.makespanMs / result.optimumMs };
}
