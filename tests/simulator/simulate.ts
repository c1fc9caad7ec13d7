import { SimulatedJob } from "./simulated-job.js";
import type { Simulation, SimulationResult } from "./simulation.js";

export { optimalMakespanMs, type SimulatedWorker } from "./simulated-worker.js";
export type { Simulation } from "./simulation.js";

/**
 * Replay a job over scripted workers on a virtual clock, through the same `step` as real jobs. Deterministic in its arguments.
 *
 * A worker runs its queue first in, first out. A running shard can't be cancelled; only its result is dropped. Messages take no time.
 *
 * @throws ShardError "invalid-options" if the job can't end, since nothing is in flight and no event is left in the script.
 */
export function simulate(simulation: Simulation): SimulationResult {
  return new SimulatedJob(simulation).run();
}
