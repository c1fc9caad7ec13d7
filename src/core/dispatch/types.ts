import type { ShardError } from "../errors.js";
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
  /** Workers of one kind are alike: what the first runs of some took bounds those of the others. Left out: no other is like it. */
  readonly kind?: string;
  /** The most items of a shard, ≥ 1, where larger ones have run it out of memory. Default: no limit. */
  readonly maxItemCount?: number | undefined;
  /** Items of the calls in which it carries out a shard: shards hold whole ones where they can. Default 1. */
  readonly callItemCount?: number | undefined;
}

/**
 * How a worker ended under some items. "unclear": it may have been terminated from outside, or have lost a GPU that others use, too.
 */
export type EndCause = "hung" | "out-of-memory" | "trapped" | "unclear";

/** How a worker ended in the middle of an attempt. */
export interface WorkerEnd {
  /** The attempt that it was on; `undefined` if it was on none of this job. */
  readonly attemptId: number | undefined;
  readonly cause: EndCause;
  readonly error?: ShardError | undefined;
}

export type DispatchEvent =
  | { readonly type: "worker-added"; readonly worker: WorkerProfile }
  /** The worker gets no new shards. Those in flight finish. `worker-added` with the same id takes it back. */
  | { readonly type: "worker-draining"; readonly workerId: string }
  /**
   * The worker is gone with all its attempts, whose ranges go to others at once, but it is expected back. Meanwhile the job does not
   * fail for want of workers. `worker-added` with the same id brings it back, and `worker-lost` ends the wait for it.
   *
   * `end`: the items that it was on may be to blame. If they end, or hang, too many workers they are given up.
   */
  | { readonly type: "worker-away"; readonly workerId: string; readonly end?: WorkerEnd | undefined }
  /** The worker is gone for good with all its attempts. Their ranges go to others at once. */
  | { readonly type: "worker-lost"; readonly workerId: string; readonly end?: WorkerEnd | undefined }
  /** Whether workers that the job does not know yet are about to come: until then it waits for them if it has no others. */
  | { readonly type: "workers-expected"; readonly isExpected: boolean }
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
      /** As in `WorkerProfile`, where it has been measured. */
      readonly callItemCount?: number | undefined;
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
   * The model threw. The items are retried on another worker, then bisected, until single items are found to blame and given up.
   * `isTooLarge`: the worker had no memory for so many items. It gets half as many from now on, and the items are dispatched again at once.
   */
  | {
      readonly type: "attempt-failed";
      readonly attemptId: number;
      readonly isTooLarge?: boolean;
      readonly error?: ShardError | undefined;
    }
  /**
   * An attempt whose result was no longer wanted has ended, so that its worker has room again. Attempts that are cancelled, because others
   * have completed their items, occupy their worker until this event, `attempt-completed` or the worker's end.
   */
  | { readonly type: "attempt-ended"; readonly attemptId: number }
  /**
   * What came back can't be used, and neither the items nor the worker are to blame: the job has learned that the model takes no
   * batches, for example. The items are dispatched again as if for the first time. It takes the place of `attempt-completed`.
   */
  | { readonly type: "attempt-rejected"; readonly attemptId: number }
  | { readonly type: "pause" }
  | { readonly type: "resume" }
  | { readonly type: "cancel" }
  /** No shard may hold more items than this from now on, ≥ 1: their tensors take too many bytes. */
  | { readonly type: "shard-limit"; readonly itemCount: number }
  /**
   * Nothing happened. The event asks for actions that time alone makes due.
   * `elsewhere`: workers that are on something other than this job's attempts at present, which therefore wait.
   */
  | { readonly type: "tick"; readonly elsewhere?: readonly string[] | undefined };

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
  /**
   * The worker has not answered for 3 × the prediction + 1 s. It may only be slow, so it goes on; but its items run on another worker as
   * well as soon as one has room, and whichever is first completes them.
   */
  | ({ readonly type: "attempt-overdue"; readonly attemptId: number; readonly workerId: string } & ItemRange)
  /** These items failed wherever they were tried. They count as completed. */
  | ({ readonly type: "items-given-up"; readonly error: ShardError | undefined } & ItemRange)
  /** Every item has been completed once or given up, and none is held. */
  | { readonly type: "finish" }
  | {
      readonly type: "fail";
      readonly reason: "items-failed" | "no-workers";
      /** For `items-failed`, where nothing at all has succeeded: the items that were given up last. */
      readonly range?: ItemRange;
      readonly error?: ShardError | undefined;
    };

export type JobPhase = "running" | "paused" | "finished" | "failed" | "cancelled";

/** A worker's part in the plan for what remains. */
export interface PlannedShare {
  readonly workerId: string;
  /** Planned fraction of the remaining items (undispatched and in flight), 0…1; all shares sum to 1 while items remain. */
  readonly share: number;
  /** As learned; less while what the worker is on takes longer than that. */
  readonly itemsPerSecond: number | undefined;
  readonly overheadMs: number | undefined;
  readonly completedItemCount: number;
  readonly inFlightItemCount: number;
}
