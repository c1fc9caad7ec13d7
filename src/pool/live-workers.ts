import type { PoolWorker } from "./pool-worker.js";
import type { WorkerSpec } from "./worker-entries.js";

const live = new Map<string, PoolWorker>();
const taken = new Set<string>();

/** An id that no other worker on the page has, with the lowest number that is free. It is taken until `releaseId`. */
export function takeId({ backend }: WorkerSpec): string {
  let number = 1;
  while (taken.has(`${backend}-${number}`)) number++;
  const id = `${backend}-${number}`;
  taken.add(id);
  return id;
}

/** Another worker may get this id: nothing refers to the one that had it. */
export function releaseId(id: string): void {
  taken.delete(id);
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
