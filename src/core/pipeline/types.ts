import type { ItemRange, JobPhase } from "../dispatch/types.js";

export interface PipelineOptions {
  /** Attempts in flight per worker, ≥ 1. Default 2: transfer and read-back overlap compute. */
  readonly depth: number;
}

/** Which workers run each stage, from one cutting of the model on. */
export interface StagePlacement {
  /** A later cutting has a higher number. */
  readonly epoch: number;
  /** Ids of the workers of each stage: one, or several replicas; none where they were lost. */
  readonly stages: readonly (readonly string[])[];
  /** Items of a micro-batch, ≥ 1. */
  readonly microBatchItemCount: number;
}

export type PipelineEvent =
  /** From here on new micro-batches enter under this placement; those under way finish under theirs. */
  | { readonly type: "placed"; readonly placement: StagePlacement }
  /** A stage that had lost its workers has others. */
  | { readonly type: "staffed"; readonly epoch: number; readonly stage: number; readonly workerIds: readonly string[] }
  /** The stages of this epoch are gone: its micro-batches enter again from their inputs, under the current placement. */
  | { readonly type: "abandoned"; readonly epoch: number }
  | { readonly type: "worker-lost"; readonly workerId: string }
  /**
   * More items are known. Those in `done` are completed at once and never enter: ranges of at least one of these items, in the job's
   * numbering, ascending, disjoint.
   */
  | { readonly type: "items-added"; readonly itemCount: number; readonly done?: readonly ItemRange[] | undefined }
  | { readonly type: "source-ended" }
  | { readonly type: "attempt-completed"; readonly attemptId: number }
  /** The stage threw: tried once more, on another replica where there is one; a second failure ends the job. */
  | { readonly type: "attempt-failed"; readonly attemptId: number }
  /** What came out can't be used: the micro-batch starts again from its inputs. Instead of `attempt-completed`. */
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
  | { readonly type: "cancel-attempt"; readonly attemptId: number; readonly workerId: string }
  /** The last stage is through: the micro-batch has left the pipeline. */
  | { readonly type: "completed"; readonly microBatchId: number; readonly range: ItemRange; readonly workerId: string }
  /** What the pipeline holds of the micro-batch is not needed any more: it starts again from its inputs. */
  | { readonly type: "restarted"; readonly microBatchId: number }
  /** Micro-batches wait for a stage that nobody runs: answer with `staffed`, `abandoned` or a cancel. */
  | { readonly type: "vacant"; readonly epoch: number; readonly stage: number }
  /** Nothing is under way in an epoch that another has replaced, or that was abandoned. */
  | { readonly type: "epoch-done"; readonly epoch: number }
  | { readonly type: "finish" }
  | { readonly type: "fail"; readonly range: ItemRange; readonly attemptId: number };

export interface MicroBatch {
  readonly microBatchId: number;
  readonly range: ItemRange;
  readonly epoch: number;
  /** The stage that it is in or waits for. */
  readonly stage: number;
  readonly attemptId: number | undefined;
  /** Workers on which this stage failed it. */
  readonly failedOn: readonly string[];
}

/** A job that flows through stages. Immutable: `stepPipeline` returns another. */
export interface PipelineState {
  readonly options: PipelineOptions;
  readonly phase: JobPhase;
  readonly endItem: number;
  readonly sourceEnded: boolean;
  /** The first item that has not entered and is not done. */
  readonly nextItem: number;
  /** Items from `nextItem` on that were done before they came, as far as they lie ahead. */
  readonly doneAhead: readonly ItemRange[];
  readonly doneAheadItemCount: number;
  /** Ranges that entered under an abandoned epoch and are to enter again, in order. */
  readonly returned: readonly ItemRange[];
  readonly completedItemCount: number;
  /** By epoch; the last is the current one. */
  readonly placements: ReadonlyMap<number, StagePlacement>;
  readonly currentEpoch: number | undefined;
  readonly microBatches: ReadonlyMap<number, MicroBatch>;
  readonly attempts: ReadonlyMap<number, StageAttempt>;
  /** Stages told vacant and not staffed since, as `epoch/stage`. */
  readonly vacant: ReadonlySet<string>;
  readonly nextId: number;
}
