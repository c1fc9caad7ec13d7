import type { ItemRange, JobPhase } from "../dispatch/types.js";
import type { EndCause, ItemTrials } from "../item-trials.js";
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
  /** A stage that asked for workers has these from now on, those that it had before included. */
  | { readonly type: "staffed"; readonly epoch: number; readonly stage: number; readonly workerIds: readonly string[] }
  /** No other worker can be had for an understaffed stage: what waits for it has to do with those that it has. */
  | { readonly type: "unstaffed"; readonly epoch: number; readonly stage: number }
  /** The stages of this epoch are gone: its micro-batches enter again from their inputs, under the current placement. */
  | { readonly type: "abandoned"; readonly epoch: number }
  /** The worker is gone with its attempts. Their micro-batches wait for the same stages again. */
  | { readonly type: "worker-lost"; readonly workerId: string; readonly suspect?: Suspect | undefined }
  /**
   * The worker has not answered in time, and may be slow or hang. It gets no more work for now, and what it has not begun goes to
   * others. `attemptId`, which it is on, is run on another worker beside it: the first result counts.
   */
  | { readonly type: "worker-stalled"; readonly workerId: string; readonly attemptId: number | undefined }
  /** A worker that was stalled has answered. */
  | { readonly type: "worker-answered"; readonly workerId: string }
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
  /**
   * The stage threw. It is retried on another worker, where one can be had. What fails again is run in halves, down to single items, and
   * a single one that keeps failing is left out. `isOutOfMemory`: the micro-batch was too large, so it is run in halves at once, and later
   * ones are no larger than those.
   */
  | { readonly type: "attempt-failed"; readonly attemptId: number; readonly isOutOfMemory?: boolean }
  /** What came out can't be used, so the micro-batch starts again from its inputs. It takes the place of `attempt-completed`. */
  | { readonly type: "attempt-rejected"; readonly attemptId: number }
  | { readonly type: "pause" }
  | { readonly type: "resume" }
  | { readonly type: "cancel" };

/** The attempt that a worker was on when it ended, if the attempt may be to blame. */
export interface Suspect {
  readonly attemptId: number;
  readonly cause: EndCause;
}

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
  /**
   * A micro-batch waits for a stage whose workers are all stalled, or have failed it. Answer with `staffed` or `unstaffed`.
   * `except`: workers that would not help.
   */
  | {
      readonly type: "understaffed";
      readonly epoch: number;
      readonly stage: number;
      readonly except: readonly string[];
    }
  /** An item has failed wherever it was tried. It counts as completed, without outputs. */
  | {
      readonly type: "item-failed";
      readonly microBatchId: number;
      readonly range: ItemRange;
      /** The attempt that failed last. */
      readonly attemptId: number;
    }
  /** Nothing is under way any more in an epoch that was replaced or abandoned. */
  | { readonly type: "epoch-done"; readonly epoch: number }
  /** Every item has been completed once, and none is held. */
  | { readonly type: "finish" }
  /** So many items have failed, and none has succeeded, that the others are not tried. */
  | { readonly type: "fail" };

/** Items that enter again from their inputs. Those that were tried in vain enter together and join no others. */
export interface ReturnedRange extends ItemRange {
  readonly trials: ItemTrials<string>;
}

export interface MicroBatch {
  readonly microBatchId: number;
  readonly range: ItemRange;
  readonly epoch: number;
  /** The stage that it is in or waits for. */
  readonly stage: number;
  /** None while it waits, one while the stage runs, two if the first is overdue. */
  readonly attemptIds: readonly number[];
  /** Its attempt is overdue, and it waits for another worker beside that one. */
  readonly wantsBackup: boolean;
  /** What was tried in this stage. */
  readonly trials: ItemTrials<string>;
  /** No other worker can be had: it runs where it has failed before, or waits for a stalled worker. */
  readonly hasNoOther: boolean;
}

/** A job that flows through stages. Immutable: `stepPipeline` returns another. */
export interface PipelineState extends Readonly<UntouchedItems> {
  readonly options: PipelineOptions;
  readonly phase: JobPhase;
  /** Ranges that have to enter again, in order. */
  readonly returned: readonly ReturnedRange[];
  /** Computed items, those included that are held, and those that have failed for good. */
  readonly completedItemCount: number;
  readonly failedItemCount: number;
  /** Whether any item has left the last stage. */
  readonly hasSucceeded: boolean;
  /** Completed items that are not final. */
  readonly heldItemCount: number;
  /** By epoch; the last is the current one. */
  readonly placements: ReadonlyMap<number, StagePlacement>;
  readonly currentEpoch: number | undefined;
  readonly microBatches: ReadonlyMap<number, MicroBatch>;
  readonly attempts: ReadonlyMap<number, StageAttempt>;
  /** Stages that were reported as vacant and not staffed since, as `epoch/stage`. */
  readonly vacant: ReadonlySet<string>;
  /** Stages that were reported as understaffed and await the answer, as `epoch/stage`. */
  readonly asked: ReadonlySet<string>;
  /** Workers that have not answered in time. */
  readonly stalled: ReadonlySet<string>;
  /** Attempts that failed in a row, by worker. */
  readonly failuresInRow: ReadonlyMap<string, number>;
  readonly nextId: number;
}
