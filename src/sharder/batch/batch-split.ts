import type { PlannedShare } from "../../core/dispatch/types.js";
import type { PoolWorker } from "../../pool/pool-worker.js";
import type { WorkerPool } from "../../pool/worker-pool.js";
import type { WireModel } from "../../protocol/model-on-wire.js";
import type { ModelKey } from "../../protocol/worker-api.js";
import type { Emit } from "../events.js";
import { Job, WHOLE_MODEL, type JobContext } from "./batch-job.js";
import { LearnedThroughput } from "./learned-throughput.js";
import type { BatchPlan, Split, WorkerPart } from "../split.js";

/** Every worker is a replica and gets a share of the items. */
export class BatchSplit implements Split {
  readonly needsWhole = true;
  readonly startModels: Readonly<Record<ModelKey, WireModel>>;
  readonly #pool: WorkerPool;
  readonly #learned = new LearnedThroughput();
  readonly #context: JobContext;
  #lastPlan: readonly PlannedShare[] = [];

  constructor(wire: WireModel, pool: WorkerPool, emit: Emit, options: JobContext["options"]) {
    this.startModels = { [WHOLE_MODEL]: wire };
    this.#pool = pool;
    this.#context = { pool, learned: this.#learned, emit, options, onPlan: (plan) => (this.#lastPlan = plan) };
  }

  get plan(): BatchPlan {
    const present = this.#lastPlan.filter(({ workerId }) => this.#pool.get(workerId) !== undefined);
    const shares = Object.fromEntries(present.map(({ workerId, share }) => [workerId, share]));
    return { split: "batch", shares };
  }

  partOf(workerId: string): WorkerPart {
    const throughput = this.#learned.latest(workerId);
    return {
      share: this.#lastPlan.find((entry) => entry.workerId === workerId)?.share ?? 0,
      itemsPerSecond: throughput?.itemsPerSecond,
      overheadMs: throughput?.overheadMs,
    };
  }

  createJob(): Job {
    return new Job(this.#context);
  }

  /** It holds the model from its start. */
  async workerAdded(): Promise<void> {}

  async workerLeaving(worker: PoolWorker): Promise<void> {
    await worker.whenIdle();
  }

  workerLost(): void {}

  forget(workerId: string): void {
    this.#learned.forget(workerId);
  }

  close(): void {}
}
