import type { ChoiceSnapshot } from "./choice/worker-choice.js";
import type { PoolWorker } from "../pool/pool-worker.js";
import type { BatchMode } from "../protocol/model-on-wire.js";
import type { InputTensor, Tensor } from "../protocol/tensors.js";
import type { PreparedInputs } from "./inputs/prepare-inputs.js";
import type { JobOptions, ShardingJob } from "./job/sharding-job.js";
import type { SharderSettings } from "./options.js";

/** The plan for what remains of the running job, or of the last one. Shares by worker id sum to 1. */
export interface BatchPlan {
  readonly split: "batch";
  readonly shares: Readonly<Record<string, number>>;
}

/** One stage of a model that is split by layers. */
export interface StageSnapshot {
  /** One worker or the replicas; none while the stage moves from a lost worker to another. */
  readonly workerIds: readonly string[];
  /** Indices into `sharder.model.layers`, both inclusive. */
  readonly firstLayer: number;
  readonly lastLayer: number;
  /** Ms per item, counting all replicas: predicted from the layers' costs, then measured. `undefined` before either. */
  readonly ms: number | undefined;
  /** Micro-batches of all jobs that wait for this stage, and that no worker has turned to yet. */
  readonly queueDepth: number;
}

/** Where each layer is. There are no stages before the first job if the layers could not be measured without its items. */
export interface LayerPlan {
  readonly split: "layers";
  readonly stages: readonly StageSnapshot[];
}

/** What is known about one worker's part. */
export interface WorkerPart {
  /** Fraction of the items that remain, or of the model's work. */
  readonly share: number;
  readonly itemsPerSecond: number | undefined;
  readonly overheadMs: number | undefined;
  /** Items of the quickest calls within a shard; `undefined` before they have been measured. */
  readonly callItemCount: number | undefined;
  readonly choice?: ChoiceSnapshot | undefined;
}

/**
 * How jobs are divided among the workers: by batch or by layers. It is chosen once the workers have started; nothing else asks which
 * one it is.
 */
export interface Split {
  readonly plan: BatchPlan | LayerPlan;
  partOf(workerId: string): WorkerPart;
  /**
   * Give a started worker what it needs to take work. What was learned about an earlier incarnation is discarded.
   * @throws ShardError "model-unsupported" if it can't be used, "model-malformed" and other errors of loading a model.
   */
  admit(worker: PoolWorker): Promise<void>;
  /** The initial workers are ready. @throws ShardError "model-unsupported" if they can't run the model together. */
  begin(): Promise<void>;
  /** How jobs are cut that are created from now on. */
  configure(settings: Pick<SharderSettings, "policy" | "quantumMs">): void;
  /** Create a job, which takes in the ready workers once it has items. */
  createJob(options: JobOptions): ShardingJob;
  /** A worker has become ready. Resolves once it is put to use. Never rejects. */
  workerReady(worker: PoolWorker): Promise<void>;
  /** A worker takes no more work. Resolves once nothing needs it. Never rejects. */
  workerLeaving(worker: PoolWorker): Promise<void>;
  /** A worker has ended, for a while or for good. */
  workerLost(workerId: string): void;
  /** A worker was removed: forget what is known about it. */
  forget(workerId: string): void;
  /**
   * Cut the model elsewhere.
   * @param cuts `undefined`: where the planner says.
   * @throws ShardError "invalid-options" if the split is by batch, or for illegal cuts; "model-unsupported" if no worker has room.
   */
  recut(cuts: readonly number[] | undefined): Promise<void>;
  /**
   * Find out, by a trial outside any job if need be, how the model takes a batch of these inputs; `undefined` if they can't show it.
   * @throws ShardError "no-workers", and the error that the model failed with.
   */
  tryBatch(inputs: PreparedInputs): Promise<BatchMode | undefined>;
  close(): void;
}

/** Tensors by public name. */
export type NamedTensors = Readonly<Record<string, Tensor>>;
export type NamedInputTensors = Readonly<Record<string, InputTensor>>;
