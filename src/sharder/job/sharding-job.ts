import type { ItemRange } from "../../core/dispatch/types.js";
import type { ItemError, ShardError } from "../../core/errors.js";
import type { PoolWorker } from "../../pool/pool-worker.js";
import type { JobProgress } from "../events.js";
import type { PreparedInputs } from "../inputs/prepare-inputs.js";
import type { OnItemError } from "../options.js";
import type { ShardUnderWay } from "../worker-snapshot.js";
import type { ShardSink } from "./shard-sink.js";

/** The options that `predict` or `stream` passes to its job. */
export interface JobOptions {
  readonly sink: ShardSink;
  /** Among the jobs of one sharder, shards of the higher priority run first. */
  readonly priority: number;
  /** "throw" (default): the job rejects once all items are done or have failed, if some have. "report": only if all have. */
  readonly onItemError?: OnItemError | undefined;
  /** Called for each item that failed wherever it was tried. */
  readonly onItemFailed?: ((failure: ItemError) => void) | undefined;
  readonly onProgress?: ((progress: JobProgress) => void) | undefined;
  /** Called when `wantsItems` may have become true though nothing was finished: a worker came, or the job began. */
  readonly onWantsMore?: (() => void) | undefined;
}

/** One call of `predict` or `stream`, split by batch or by layers. Settles once, whatever happens. */
export interface ShardingJob {
  readonly id: number;
  /** Resolves when the sink has accepted every item; rejects with the error that ended the job. */
  readonly done: Promise<void>;
  /** Whether a stream should pull from its source. */
  readonly wantsItems: boolean;
  /**
   * Add items.
   * @param done those of them that are finished already, in the job's numbering: they are neither run nor given to the sink.
   * @throws ShardError "invalid-input" if the items differ in shape from earlier ones.
   */
  addItems(inputs: PreparedInputs, done?: readonly ItemRange[]): void;
  endSource(): void;
  /** A worker is ready for work. If called again for the same incarnation, the job ignores it. */
  workerReady(worker: PoolWorker): void;
  /** A worker finishes what it is working on and gets nothing more. */
  workerDraining(workerId: string): void;
  /** The shards that a worker was given and has not answered, in the order of sending. */
  underWayOn(workerId: string): readonly ShardUnderWay[];
  /** The items that a worker is on. */
  itemsOn(workerId: string): readonly ItemRange[];
  /** A worker has ended, and another incarnation will replace it. */
  workerAway(workerId: string, error: ShardError): void;
  /** Whether workers are about to come: a job that has no others waits for them. */
  workersExpected(isExpected: boolean): void;
  /** A worker has ended for good. @param error why it was lost; `undefined` if it was stopped on purpose. */
  workerGone(workerId: string, error: ShardError | undefined): void;
  setPaused(isPaused: boolean): void;
  /** End the job with `error`: queued attempts are cancelled, and results that still arrive are discarded. */
  fail(error: unknown): void;
}

/** What a stream's own source threw, which may be anything, even `undefined`. The stream's consumer gets it as it is. */
export class SourceFailure extends Error {
  readonly thrown: unknown;

  constructor(thrown: unknown) {
    super("The source of the stream failed.");
    this.thrown = thrown;
  }
}

let jobCounter = 0;

/** Unique on the page. */
export function nextJobId(): number {
  return ++jobCounter;
}

/** How far a job has come. */
interface Advance {
  readonly jobId: number;
  readonly completedItemCount: number;
  /** `undefined` while a stream's source is open. */
  readonly totalItemCount: number | undefined;
  readonly itemsPerSecond: number | undefined;
  /** Predicted ms until all items known so far are done. */
  readonly remainingMs: number | undefined;
}

export function progressOf(advance: Advance): JobProgress {
  const { jobId, completedItemCount, totalItemCount, itemsPerSecond, remainingMs } = advance;
  return {
    jobId,
    completedItemCount,
    totalItemCount,
    fraction: totalItemCount === undefined ? 0 : completedItemCount / totalItemCount,
    itemsPerSecond,
    remainingMs: totalItemCount === undefined ? undefined : remainingMs,
  };
}
