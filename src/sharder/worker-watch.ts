import type { ItemRange } from "../core/dispatch/types.js";
import type { ShardError } from "../core/errors.js";
import type { PoolWorker } from "../pool/pool-worker.js";
import type { Absence, PoolListener } from "../pool/pool-types.js";
import type { WorkerPool } from "../pool/worker-pool.js";
import type { WorkerSlot } from "../pool/worker-slot.js";
import type { Emit } from "./events.js";
import type { FaultReports } from "./fault-reports.js";
import type { ShardingJob } from "./job/sharding-job.js";
import type { Split } from "./split.js";
import { WorkerLosses } from "./worker-losses.js";

interface WatchParts {
  readonly pool: WorkerPool;
  readonly split: Split;
  /** The jobs that have not ended. */
  readonly jobs: ReadonlySet<ShardingJob>;
  readonly faults: FaultReports;
  readonly emit: Emit;
}

/** Passes on to the jobs, the split and the user what becomes of workers. */
export class WorkerWatch implements PoolListener {
  readonly #parts: WatchParts;
  readonly #losses: WorkerLosses;
  #expectsWorkers = false;
  #isClosed = false;

  constructor(parts: WatchParts) {
    this.#parts = parts;
    this.#losses = new WorkerLosses(parts.faults);
  }

  /** The sharder is being disposed of: the ends of its workers are no losses. */
  close(): void {
    this.#isClosed = true;
  }

  /** Whether jobs that have no worker should wait for one. Running jobs are told if that has changed. */
  expectsWorkers(): boolean {
    const isExpected = this.#parts.pool.isAnyAway;
    if (isExpected !== this.#expectsWorkers) {
      this.#expectsWorkers = isExpected;
      for (const job of this.#parts.jobs) job.workersExpected(isExpected);
    }
    return isExpected;
  }

  onState({ id, state }: WorkerSlot): void {
    // Jobs must know of a return before they learn of the end.
    if (this.#parts.pool.isAnyAway) this.expectsWorkers();
    this.#parts.emit("worker", { workerId: id, state });
  }

  async onReady(worker: PoolWorker): Promise<void> {
    this.#losses.recovered(worker);
    for (const job of this.#parts.jobs) job.workerReady(worker);
    this.expectsWorkers();
    await this.#parts.split.workerReady(worker);
  }

  onLost(slot: WorkerSlot, absence: Absence): void {
    if (this.#isClosed) return;
    const { id } = slot;
    const items = this.#itemsOn(id);
    for (const job of this.#parts.jobs) job.workerAway(id, absence.error);
    this.#parts.split.workerLost(id);
    if (absence.kind === "lost") this.#losses.lost(slot, absence, items);
  }

  onGone(slot: WorkerSlot, error: ShardError | undefined): void {
    if (this.#isClosed) return;
    const { id } = slot;
    const items = this.#itemsOn(id);
    for (const job of this.#parts.jobs) job.workerGone(id, error);
    this.expectsWorkers();
    this.#parts.split.workerLost(id);
    this.#losses.gone(slot, error, items);
  }

  async onReplacing(worker: PoolWorker): Promise<void> {
    const { pool, split, jobs } = this.#parts;
    for (const job of jobs) job.workerDraining(worker.id);
    // By layers, nobody could take over the stages of the only worker: what it is on is computed again.
    if (pool.readyWorkers.length > 0 || split.plan.split === "batch") await split.workerLeaving(worker);
  }

  onForgotten(id: string): void {
    this.#parts.split.forget(id);
  }

  /** The items that a worker is on, in all jobs. */
  #itemsOn(workerId: string): ItemRange[] {
    return [...this.#parts.jobs].flatMap((job) => job.itemsOn(workerId));
  }
}
