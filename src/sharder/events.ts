import type { ItemRange } from "../core/dispatch/types.js";
import type { ShardErrorCode } from "../core/errors.js";
import type { EngineName } from "../pool/worker-entries.js";
import type { EngineFit } from "./engines/engine-fits.js";
import type { WorkerState } from "../pool/worker-slot.js";

/**
 * Why a shard was run: "first": nobody had run these items; "retry": an earlier attempt at some of them failed or was lost, or its numbers
 * were wrong; "backup": another attempt at some of them was under way.
 */
export type AttemptKind = "first" | "retry" | "backup";

/** One execution of a shard has ended. */
export interface AttemptDetail {
  readonly jobId: number;
  readonly attemptId: number;
  readonly workerId: string;
  readonly kind: AttemptKind;
  /** The stage that it ran, if the model is split by layers; left out if the worker holds the whole model. */
  readonly stage?: number;
  readonly firstItem: number;
  readonly itemCount: number;
  readonly outcome: "completed" | "failed" | "lost" | "cancelled";
  /** From dispatch to the gathered result, ms. */
  readonly latencyMs: number;
  /** From the worker's previous completion, or the sending if it was idle, to this completion, ms; only if it completed. */
  readonly serviceMs: number | undefined;
  readonly predictedMs: number | undefined;
}

/**
 * The planned shares have moved. They are fractions of the remaining items by worker id and sum to 1. If the model is split by layers,
 * the stages or their workers have changed, and the shares are fractions of the model's work.
 */
export interface RebalanceDetail {
  /** `undefined` if stages have moved, since they serve every job. */
  readonly jobId: number | undefined;
  readonly before: Readonly<Record<string, number>>;
  readonly after: Readonly<Record<string, number>>;
  readonly itemsPerSecond: Readonly<Record<string, number | undefined>>;
}

/**
 * What went wrong:
 * - "threw": the model failed on a shard; "poison": the same items failed wherever they were tried.
 * - "crashed": the worker ended without being asked to, or could not be started again.
 * - "overdue": no answer for 3 × the prediction + 1 s; the worker may only be slow. "hung": no answer until its deadline; it was ended.
 * - "device-lost", "context-lost": its GPU device or its WebGL context is gone. "out-of-memory": it ran short of memory.
 * - "server-lost": the server of a remote worker does not answer, or not as it should.
 * - "wrong-output": its numbers differ from those of other workers, or are not finite where the model's are.
 * - "unverified": nobody could recompute what it gave. "storage": the journal can't be written or read.
 */
export type FaultCause =
  | "threw"
  | "poison"
  | "crashed"
  | "overdue"
  | "hung"
  | "device-lost"
  | "context-lost"
  | "out-of-memory"
  | "server-lost"
  | "wrong-output"
  | "unverified"
  | "storage";

/**
 * What is done about it: the items are "retried" (elsewhere, in smaller shards, or beside a straggler); the worker is "restarted",
 * "fell-back" to another backend, is "quarantined" or "excluded" from the job; "gave-up": nothing further is tried.
 */
export type FaultAction = "retried" | "restarted" | "fell-back" | "quarantined" | "excluded" | "gave-up";

/** Something went wrong with a worker or with items. The job continues as long as another worker can take over. */
export interface FaultDetail {
  /** The event that reports the recovery has the id of the one that reported the fault. */
  readonly faultId: number;
  readonly cause: FaultCause;
  /** `undefined` if no worker is involved. */
  readonly workerId: string | undefined;
  readonly code: ShardErrorCode;
  readonly message: string;
  /** The items affected: those under way on the worker, or those that failed. */
  readonly items: readonly ItemRange[];
  readonly action: FaultAction;
  /** From noticing the fault until the worker was ready again, or the items were done, ms; `undefined` before that. */
  readonly recoverMs: number | undefined;
}

/**
 * What has become of a job's journal:
 * - "waiting": another job or tab uses it; this job waits for its end.
 * - "started": nothing was recorded yet. "resumed": results were found, and the job continues from there.
 * - "replaced": it held a job on another model, other inputs or options, or could not be read at all; it starts over.
 * - "changed": the source of a stream yields other items than were recorded; they are computed, and recorded again, from there on.
 * - "unavailable": it can't be written or read, so that the job runs, or continues, without. A `fault` of cause "storage" says so, too.
 */
export type JournalState = "waiting" | "started" | "resumed" | "replaced" | "changed" | "unavailable";

export interface JournalDetail {
  readonly name: string;
  readonly state: JournalState;
  /** Items whose results were found; for "changed", items before the first that has changed. Else 0. */
  readonly itemCount: number;
  readonly message: string;
}

export interface WorkerDetail {
  readonly workerId: string;
  readonly state: WorkerState;
}

/** With `engine: "auto"`: something was found out about an engine, or jobs use another one from now on. */
export interface EngineDetail {
  /** That of the workers which jobs use. */
  readonly inUse: EngineName;
  /** As `sharder.model.engines`. */
  readonly engines: readonly EngineFit[];
}

/**
 * What has become of a job, which is one call of `predict` or `stream`. "cancelled": its signal was aborted, or its consumer ended the
 * stream; "failed": it rejected for another reason. "paused" and "resumed" follow the sharder's `pause` and `resume`.
 */
export type JobState = "started" | "paused" | "resumed" | "completed" | "failed" | "cancelled";

export interface JobDetail {
  readonly jobId: number;
  readonly state: JobState;
  /** Why it failed; else `undefined`. */
  readonly message: string | undefined;
}

export interface JobProgress {
  readonly jobId: number;
  readonly completedItemCount: number;
  /** `undefined` until a stream's source has ended. */
  readonly totalItemCount: number | undefined;
  /** 0…1; 0 while the total is unknown. */
  readonly fraction: number;
  /**
   * The sum of all workers' current throughput, which is less than they have shown for those that take longer at present; `undefined`
   * before the first measurement.
   */
  readonly itemsPerSecond: number | undefined;
  /**
   * Predicted ms until the last item is done, by what each worker is on and is to get, no less than what is overdue has already taken;
   * `undefined` before the first measurement, while the total is unknown, and while the first shard of some worker takes unexpectedly long.
   */
  readonly remainingMs: number | undefined;
}

export interface SharderEventMap {
  readonly attempt: CustomEvent<AttemptDetail>;
  readonly rebalance: CustomEvent<RebalanceDetail>;
  readonly fault: CustomEvent<FaultDetail>;
  readonly worker: CustomEvent<WorkerDetail>;
  readonly engine: CustomEvent<EngineDetail>;
  readonly job: CustomEvent<JobDetail>;
  readonly progress: CustomEvent<JobProgress>;
  readonly journal: CustomEvent<JournalDetail>;
}

/** Emits one event; its type determines the detail. */
export type Emit = <K extends keyof SharderEventMap>(type: K, detail: SharderEventMap[K]["detail"]) => void;

interface ListensTyped extends Pick<EventTarget, "dispatchEvent"> {
  addEventListener<K extends keyof SharderEventMap>(
    type: K,
    listener: (event: SharderEventMap[K]) => void,
    options?: AddEventListenerOptions | boolean,
  ): void;
  removeEventListener<K extends keyof SharderEventMap>(
    type: K,
    listener: (event: SharderEventMap[K]) => void,
    options?: EventListenerOptions | boolean,
  ): void;
}

/** An `EventTarget` with typed events. The platform's types can't be narrowed by overriding, hence the cast. */
export const ShardingEventTarget = EventTarget as unknown as new () => ListensTyped;
