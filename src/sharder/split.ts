import type { PoolWorker } from "../pool/pool-worker.js";
import type { WireModel } from "../protocol/model-on-wire.js";
import type { ModelKey } from "../protocol/worker-api.js";
import type { ShardingJob } from "./job/sharding-job.js";

/** The plan for what remains of the running job, or of the last one. Shares by worker id sum to 1. */
export interface BatchPlan {
  readonly split: "batch";
  readonly shares: Readonly<Record<string, number>>;
}

/** One stage of a model that is split by layers. */
export interface StageSnapshot {
  /** One worker, or the replicas; none while the stage moves from a lost one to another. */
  readonly workerIds: readonly string[];
  /** Indices into `sharder.model.layers`; both are in it. */
  readonly firstLayer: number;
  readonly lastLayer: number;
  /** For one item, replicas considered, ms: predicted from the layers' costs, then measured. `undefined` before either. */
  readonly ms: number | undefined;
}

/** Where each layer is. Without stages before the first job of a model whose layers could not be measured before. */
export interface LayerPlan {
  readonly split: "layers";
  readonly stages: readonly StageSnapshot[];
}

/** What is known of one worker's part. */
export interface WorkerPart {
  /** Fraction of the items that remain, or of the model's work. */
  readonly share: number;
  readonly itemsPerSecond: number | undefined;
  readonly overheadMs: number | undefined;
}

/** How jobs are divided among the workers. */
export interface Split {
  /** Whether a worker has to be able to run the whole model. */
  readonly needsWhole: boolean;
  /** What a worker holds from its start. */
  readonly startModels: Readonly<Record<ModelKey, WireModel>>;
  readonly plan: BatchPlan | LayerPlan;
  partOf(workerId: string): WorkerPart;
  createJob(): ShardingJob;
  /** A worker has started. */
  workerAdded(): Promise<void>;
  /** A worker takes no more work; resolves once nothing needs it. */
  workerLeaving(worker: PoolWorker): Promise<void>;
  workerLost(workerId: string): void;
  forget(workerId: string): void;
  close(): void;
}
