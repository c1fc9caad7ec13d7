import { ShardError } from "../core/errors.js";
import type { PoolWorker } from "../pool/pool-worker.js";
import { findLiveWorker } from "../pool/worker-pool.js";

/**
 * Make every shard of a worker take `factor` times as long, from the next one on.
 *
 * @param id     a worker's id, as in `sharder.workers`; ids are unique on the page.
 * @param factor ≥ 1; 1 ends the slowdown.
 * @throws ShardError "unknown-worker", "invalid-options"
 */
export async function slow(id: string, factor: number): Promise<void> {
  if (!(factor >= 1 && factor < Infinity)) {
    throw new ShardError(
      "invalid-options",
      `Expected a factor of 1 or more, received ${factor}: 4 makes shards take four times as long.`,
    );
  }
  await requireWorker(id).slow(factor);
}

/**
 * End a worker as if it had crashed: its calls reject at once, and its work goes to the others.
 *
 * @param id a worker's id, as in `sharder.workers`.
 * @throws ShardError "unknown-worker"
 */
export function kill(id: string): void {
  const message = `Expected worker "${id}" to keep running, but it was killed on purpose: its work goes to the others.`;
  requireWorker(id).kill(new ShardError("worker-lost", message, { workerId: id }));
}

function requireWorker(id: string): PoolWorker {
  const worker = findLiveWorker(id);
  if (worker !== undefined) return worker;
  throw new ShardError("unknown-worker", `Expected the id of a live worker, received "${id}": see sharder.workers.`);
}
