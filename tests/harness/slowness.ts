import { cpus, loadavg } from "node:os";

/** What `work` takes on a quiet core of the machine for which the tests' bounds were set, ms. */
const REFERENCE_MS = 60;

/**
 * How much slower than the machine for which the tests' bounds were set this one is at present, ≥ 1: by its load, and by what a fixed
 * computation takes, since the neighbours of a virtual machine don't show in its load.
 */
export function slowness(): number {
  const tookMs = [0, 1, 2, 3, 4].map(work).toSorted((a, b) => a - b);
  return Math.max(1, loadavg()[0]! / cpus().length, tookMs[2]! / REFERENCE_MS);
}

/** @returns how long it took, ms. */
function work(): number {
  const startMs = performance.now();
  let sum = 0;
  for (let index = 1; index < 5_000_000; index++) sum += Math.sqrt(index) % 3;
  return sum > 0 ? performance.now() - startMs : Infinity;
}
