import type { ItemRange, JobPhase } from "../dispatch/types.js";
import type { UntouchedItems } from "../untouched-items.js";

export interface PipelineOptions {
  /** Attempts in flight per worker, ≥ 1. Default 2: transfer and read-back overlap compute. */
  readonly depth: number;
}

/** Which workers run each stage of one cut of the model. */
export interface StagePlacement {
  /** A later cut has a higher number. */
  readonly epoch: number;
  /** Ids of the workers of each stage: one, several replicas, or none where they were lost. */
  readonly stages: readonly (readonly string[])[];
  /** Items of a micro-batch, ≥ 1. */
  readonly microBatchItemCount: number;
}

export type PipelineEvent =
  /** From here on new micro-batches enter under this placement. Those under way finish under their own. */
  | { readonly type: "placed"; readonly placement: StagePlacement }
  /** A stage that had lost its workers has new ones. */
  | { readonly type: "staffed"; readonly epoch: number; readonly stage: number; readonly workerIds: readonly string[] }
  /** The stages of this epoch are gone: its micro-batches enter again from their inputs, under the current placement. */
  | { readonly type: "abandoned"; readonly epoch: number }
  /** The worker is gone with its attempts. Their micro-batches wait for the same stages again. */
  | { readonly type: "worker-lost"; readonly workerId: string }
  /**
   * More items are known. `done` lists those that are done already, which count as completed and never enter: ranges of at least one
   * item in the job's numbering, ascending, disjoint and within the items added.
   */
  | { readonly type: "items-added"; readonly itemCount: number; readonly done?: readonly ItemRange[] | undefined }
  /** No more items will come. */
  | { readonly type: "source-ended" }
  /**
   * `isHeld`: in the last stage only. The micro-batch is computed but not final: its items may have to be computed again. The job does
   * not finish before each of them was in an `items-released` or `items-revoked`.
   */
  | { readonly type: "attempt-completed"; readonly attemptId: number; readonly isHeld?: boolean }
  /** Held items are final. */
  | { readonly type: "items-released"; readonly range: ItemRange }
  /** Held items were computed wrongly. They enter again from their inputs. */
  | { readonly type: "items-revoked"; readonly range: ItemRange }
  /** The stage threw. It is retried once, on another replica where there is one. A second failure ends the job. */
  | { readonly type: "attempt-failed"; readonly attemptId: number }
  /** What came out can't be used, so the micro-batch starts again from its inputs. It takes the place of `attempt-completed`. */
  | { readonly type: "attempt-rejected"; readonly attemptId: number }
  | { readonly type: "pause" }
  | { readonly type: "resume" }
  | { readonly type: "cancel" };

/** One micro-batch in one stage on one worker. */
export interface StageAttempt {
  readonly attemptId: number;
  readonly microBatchId: number;
  readonly epoch: number;
  readonly stage: number;
  readonly workerId: string;
  readonly range: ItemRange;
}

export type PipelineAction =
  | { readonly type: "dispatch"; readonly attempt: StageAttempt }
  /** The attempt's result is no longer needed. */
  | { readonly type: "cancel-attempt"; readonly attemptId: number; readonly workerId: string }
  /** The last stage has run, and the micro-batch has left the pipeline. */
  | {
      readonly type: "completed";
      readonly microBatchId: number;
      readonly range: ItemRange;
      readonly workerId: string;
      readonly isHeld: boolean;
    }
  /** The micro-batch starts again from its inputs. Its tensors between stages are no longer needed. */
  | { readonly type: "restarted"; readonly microBatchId: number }
  /** Micro-batches wait for a stage that no worker runs. Answer with `staffed`, `abandoned` or `cancel`. */
  | { readonly type: "vacant"; readonly epoch: number; readonly stage: number }
  /** Nothing is under way any more in an epoch that was replaced or abandoned. */
  | { readonly type: "epoch-done"; readonly epoch: number }
  /** Every item has been completed once, and none is held. */
  | { readonly type: "finish" }
  /** A stage failed twice for these items. */
  | { readonly type: "fail"; readonly range: ItemRange; readonly attemptId: number };

export interface MicroBatch {
  readonly microBatchId: number;
  readonly range: ItemRange;
  readonly epoch: number;
  /** The stage that it is in or waits for. */
  readonly stage: number;
  readonly attemptId: number | undefined;
  /** Workers on which this stage failed for it. */
  readonly failedOn: readonly string[];
}

/** A job that flows through stages. Immutable: `stepPipeline` returns another. */
export interface PipelineState extends Readonly<UntouchedItems> {
  readonly options: PipelineOptions;
  readonly phase: JobPhase;
  /** Ranges that entered under an abandoned epoch and will enter again, in order. */
  readonly returned: readonly ItemRange[];
  /** Computed items, those included that are held. */
  readonly completedItemCount: number;
  /** Completed items that are not final. */
  readonly heldItemCount: number;
  /** By epoch; the last is the current one. */
  readonly placements: ReadonlyMap<number, StagePlacement>;
  readonly currentEpoch: number | undefined;
  readonly microBatches: ReadonlyMap<number, MicroBatch>;
  readonly attempts: ReadonlyMap<number, StageAttempt>;
  /** Stages that were reported as vacant and not staffed since, as `epoch/stage`. */
  readonly vacant: ReadonlySet<string>;
  readonly nextId: number;
}
