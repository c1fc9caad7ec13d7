import { seededRandom } from "../../src/core/random.js";
import { planShares } from "../../src/core/shares.js";
import { simulate } from "../../src/core/simulate.js";
import { log } from "./log.js";
import { medianRatio, type Suite, type SuiteRequest } from "./report.js";
import { summarise } from "./statistics.js";

const PLAN_WORKERS = 10_000;
const PLAN_ITEMS = 1_000_000;
const SIMULATED_WORKERS = 1_000;
const SIMULATED_ITEMS = 1_000_000;

/** Planning alone: no worker, no model. */
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
      simulated_makespan_over_optimum: { [simulated]: medianRatio(simulations.map(({ ratio }) => ratio)) },
    },
    notes: [
      "Plans: affine costs drawn anew for each, 0–20 ms overhead and 0.5–20 ms per item.",
      "Simulated workers: 0–2 ms overhead per shard, which the optimum pays once, 0.5–20 ms per item, 10 % noise; nothing fails.",
    ],
    errors,
    details: { planMs: summarise(planMs), simulations },
  };
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
