import type { ItemRange } from "../../core/dispatch/types.js";
import type { ShardError } from "../../core/errors.js";
import type { PoolWorker } from "../../pool/pool-worker.js";
import type { ShardOutput } from "../../protocol/outputs.js";
import type { JobProgress } from "../events.js";
import type { PreparedInputs } from "../inputs/prepare-inputs.js";

/** A gathered shard: items `firstItem … firstItem + itemCount - 1` of the job. */
export interface JobShard extends ItemRange {
  readonly workerId: string;
  readonly outputs: Readonly<Record<string, ShardOutput>>;
}

/** One call of `predict` or `stream`, split by batch or by layers. Settles once, whatever happens. */
export interface ShardingJob {
  readonly id: number;
  /** Resolves when every item has been gathered; rejects with the `ShardError` that ended the job. */
  readonly done: Promise<void>;
  onShard: ((shard: JobShard) => void) | undefined;
  onProgress: ((progress: JobProgress) => void) | undefined;
  /** Whether a stream should pull from its source. */
  readonly wantsItems: boolean;
  /** More items. @throws ShardError "invalid-input" where the items differ in shape from those before. */
  addItems(inputs: PreparedInputs): void;
  endSource(): void;
  addWorker(worker: PoolWorker): void;
  drainWorker(workerId: string): void;
  /** @param error what it was lost to; `undefined` where it was stopped on purpose. */
  loseWorker(workerId: string, error: ShardError | undefined): void;
  setPaused(isPaused: boolean): void;
  /** End the job with `error`: queued attempts are cancelled, results that still come are dropped. */
  fail(error: unknown): void;
}

let jobCounter = 0;

/** Unique on the page. */
export function nextJobId(): number {
  return ++jobCounter;
}

/** @param totalItemCount `undefined` while a stream's source goes on. */
export function progressOf(
  jobId: number,
  completedItemCount: number,
  totalItemCount: number | undefined,
  itemsPerSecond: number | undefined,
): JobProgress {
  const isPredictable = totalItemCount !== undefined && itemsPerSecond !== undefined && itemsPerSecond > 0;
  return {
    jobId,
    completedItemCount,
    totalItemCount,
    fraction: totalItemCount === undefined ? 0 : completedItemCount / totalItemCount,
    itemsPerSecond,
    remainingMs: isPredictable ? ((totalItemCount - completedItemCount) / itemsPerSecond) * 1000 : undefined,
  };
}
