import type { WorkerSnapshot } from "../../index.js";
import { faultsFor, type Fault } from "./fault-menu.js";

/**
 * Choose a living worker and a fault for it.
 * @param random 0 ≤ x < 1, as `Math.random`.
 * @returns `undefined` if no worker lives.
 */
export function chooseFault(
  workers: readonly WorkerSnapshot[],
  random: () => number,
): { readonly worker: WorkerSnapshot; readonly fault: Fault } | undefined {
  const worker = pick(
    workers.filter(({ state }) => state === "ready" || state === "busy"),
    random,
  );
  const fault = worker && pick(faultsFor(worker.backend), random);
  return worker === undefined || fault === undefined ? undefined : { worker, fault };
}

function pick<T>(all: readonly T[], random: () => number): T | undefined {
  return all[Math.floor(random() * all.length)];
}
