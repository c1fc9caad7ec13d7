import type { Throughput } from "../throughput/types.js";

/** How the shares are sized. The default is `makespan`. */
export type Policy = "makespan" | "equal" | "capacity-proportional";

/** The items `firstItem` … `firstItem + itemCount - 1`. */
export interface ItemRange {
  readonly firstItem: number;
  readonly itemCount: number;
}

export interface DispatchOptions {
  readonly policy: Policy;
  /** Target service time of one shard, ms. A shard never holds less than one item. Default 100. */
  readonly quantumMs: number;
  /** Attempts in flight per worker, ≥ 1. Default 2: transfer and read-back overlap compute. */
  readonly depth: number;
  /** Deadline of an attempt = factor × predicted ms + floor, counted while the worker is on it. */
  readonly deadlineFactor: number;
  readonly deadlineFloorMs: number;
  /** Deadline of an attempt whose time can't be predicted yet (first runs: shader compile), ms. */
  readonly warmUpDeadlineMs: number;
}

/** What the job knows about a worker when it is added. */
export interface WorkerProfile {
  readonly workerId: string;
  /** Learned before, for this shape class; `undefined` for a fresh worker, whose first sample is warm-up. */
  readonly throughput?: Throughput | undefined;
  /** GPU workers: shards are composed from powers of two, since each new shape costs shader variants. */
  readonly bucketed?: boolean;
  /** Fraction of time the worker is available, 0 < T ≤ 1, for `capacity-proportional`. Default 1. */
  readonly availability?: number;
}

export type DispatchEvent =
  | { readonly type: "worker-added"; readonly worker: WorkerProfile }
  /** The worker gets no new shards. Those in flight finish. */
  | { readonly type: "worker-draining"; readonly workerId: string }
  /**
   * The worker is gone with all its attempts, whose ranges go to others at once, but it is expected back. Meanwhile the job does not
   * fail for want of workers. `worker-added` with the same id brings it back, and `worker-lost` ends the wait for it.
   */
  | { readonly type: "worker-away"; readonly workerId: string }
  /** The worker is gone for good with all its attempts. Their ranges go to others at once. */
  | { readonly type: "worker-lost"; readonly workerId: string }
  /**
   * More items are known: a stream's source yielded some, or the whole batch came. `done` lists those that are done already, which
   * count as completed and are never dispatched: ranges of at least one item in the job's numbering, ascending, disjoint and within
   * the items added.
   */
  | { readonly type: "items-added"; readonly itemCount: number; readonly done?: readonly ItemRange[] | undefined }
  /** No more items will come. From here on the plan lets all workers finish at the same time. */
  | { readonly type: "source-ended" }
  | {
      readonly type: "attempt-completed";
      readonly attemptId: number;
      /** Service time on the worker: from its previous completion, or the start if idle, to this completion. */
      readonly serviceMs: number;
      /**
       * The items are computed but not final: they may have to be computed again. The job does not finish before each of them was in an
       * `items-released` or `items-revoked`.
       */
      readonly isHeld?: boolean;
    }
  /** Held items are final. */
  | { readonly type: "items-released"; readonly range: ItemRange }
  /** Held items were computed wrongly. They are dispatched again as if for the first time. */
  | { readonly type: "items-revoked"; readonly range: ItemRange }
  /**
   * The model threw. The items are retried on another worker. The job ends where the same items fail on two workers, or twice on the
   * only one.
   */
  | { readonly type: "attempt-failed"; readonly attemptId: number }
  /**
   * What came back can't be used, and neither the items nor the worker are to blame: the job has learned that the model takes no
   * batches, for example. The items are dispatched again as if for the first time. It takes the place of `attempt-completed`.
   */
  | { readonly type: "attempt-rejected"; readonly attemptId: number }
  | { readonly type: "pause" }
  | { readonly type: "resume" }
  | { readonly type: "cancel" }
  /** Nothing happened. The event asks for actions that time alone makes due. */
  | { readonly type: "tick" };

export type DispatchAction =
  | {
      readonly type: "dispatch";
      readonly attemptId: number;
      readonly workerId: string;
      readonly firstItem: number;
      readonly itemCount: number;
      /** `undefined` while nothing is known of the worker. */
      readonly predictedMs: number | undefined;
      readonly deadlineMs: number;
    }
  /** The attempt's result is no longer needed. */
  | { readonly type: "cancel-attempt"; readonly attemptId: number; readonly workerId: string }
  /** The worker failed three attempts in a row: it gets nothing more in this job. */
  | { readonly type: "exclude-worker"; readonly workerId: string }
  /** Every item has been completed once, and none is held. */
  | { readonly type: "finish" }
  | {
      readonly type: "fail";
      readonly reason: "items-failed" | "no-workers";
      /** For `items-failed`: the items that failed on two workers. */
      readonly range?: ItemRange;
      readonly attemptId?: number;
    };

export type JobPhase = "running" | "paused" | "finished" | "failed" | "cancelled";

/** A worker's part in the plan for what remains. */
export interface PlannedShare {
  readonly workerId: string;
  /** Planned fraction of the remaining items (undispatched and in flight), 0…1; all shares sum to 1 while items remain. */
  readonly share: number;
  readonly itemsPerSecond: number | undefined;
  readonly overheadMs: number | undefined;
  readonly completedItemCount: number;
  readonly inFlightItemCount: number;
}
