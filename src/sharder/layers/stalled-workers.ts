import type { PoolWorker } from "../../pool/pool-worker.js";

/** What a job learns about workers that don't answer. */
interface StallListener {
  /** It is slow or hangs: give it no more work for now. */
  workerStalled(workerId: string): void;
  /** It has answered after all. */
  workerAnswered(workerId: string): void;
}

/** The workers that have not answered in time. What one job notices concerns all of them, since they share the workers. */
export class StalledWorkers {
  readonly #stalled = new Set<PoolWorker>();
  readonly #jobs: () => Iterable<StallListener>;

  constructor(jobs: () => Iterable<StallListener>) {
    this.#jobs = jobs;
  }

  has(worker: PoolWorker): boolean {
    return this.#stalled.has(worker);
  }

  add(worker: PoolWorker): void {
    if (worker.state === "dead" || this.#stalled.has(worker)) return;
    this.#stalled.add(worker);
    for (const job of this.#jobs()) job.workerStalled(worker.id);
  }

  /** It has answered, or has ended. */
  delete(worker: PoolWorker): void {
    if (!this.#stalled.delete(worker) || worker.state === "dead") return;
    for (const job of this.#jobs()) job.workerAnswered(worker.id);
  }

  /** A job begins: it learns what is known. */
  tell(job: StallListener): void {
    for (const { id } of this.#stalled) job.workerStalled(id);
  }
}
