import type { PoolWorker } from "../pool/pool-worker.js";
import type { InputTensor, Tensor } from "../protocol/tensors.js";
import type { PreparedInputs } from "./inputs/prepare-inputs.js";
import type { JobOptions, ShardingJob } from "./job/sharding-job.js";

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

/**
 * How jobs are divided among the workers: by batch or by layers. Chosen once the workers have started; nothing outside asks which one
 * it is.
 */
export interface Split {
  readonly plan: BatchPlan | LayerPlan;
  partOf(workerId: string): WorkerPart;
  /**
   * Give a worker that has started what it needs before it can be given work. What was learned of an earlier incarnation is discarded.
   * @throws ShardError "model-unsupported" where it can't be used, "model-malformed" and what else loading a model may meet.
   */
  admit(worker: PoolWorker): Promise<void>;
  /** The workers of the beginning are ready. @throws ShardError "model-unsupported" where they can't run the model together. */
  begin(): Promise<void>;
  /** A job that takes in the workers that are ready once it has items. */
  createJob(options: JobOptions): ShardingJob;
  /** A worker has come; resolves once it is made use of. Never rejects. */
  workerReady(worker: PoolWorker): Promise<void>;
  /** A worker takes no more work; resolves once nothing needs it. Never rejects. */
  workerLeaving(worker: PoolWorker): Promise<void>;
  /** A worker has ended, for a while or for good. */
  workerLost(workerId: string): void;
  /** A worker was removed: nothing of it is kept. */
  forget(workerId: string): void;
  /**
   * Cut the model elsewhere.
   * @param cuts `undefined`: where the planner says.
   * @throws ShardError "invalid-options" where nothing is cut, or for other cuts; "model-unsupported" where no worker has room.
   */
  recut(cuts: readonly number[] | undefined): Promise<void>;
  /**
   * Whether a batch of these inputs gives what its items give, by a trial outside any job; `undefined` where they can't show it.
   * @throws ShardError "no-workers", and what the model failed with.
   */
  tryBatch(inputs: PreparedInputs): Promise<boolean | undefined>;
  close(): void;
}

/** Tensors by public name. */
export type NamedTensors = Readonly<Record<string, Tensor>>;
export type NamedInputTensors = Readonly<Record<string, InputTensor>>;
