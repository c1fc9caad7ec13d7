import type { PoolWorker } from "./pool-worker.js";
import type { BackendName, WorkerSpec } from "./worker-entries.js";

const live = new Map<string, PoolWorker>();
const counters = new Map<BackendName, number>();

/** An id that no other worker on the page has. */
export function nextId({ backend }: WorkerSpec): string {
  const counter = (counters.get(backend) ?? 0) + 1;
  counters.set(backend, counter);
  return `${backend}-${counter}`;
}

/** The live worker with this id, in any pool: ids are unique on the page. */
export function findLiveWorker(id: string): PoolWorker | undefined {
  return live.get(id);
}

export function addLive(worker: PoolWorker): void {
  live.set(worker.id, worker);
}

export function forgetLive(id: string): void {
  live.delete(id);
}
