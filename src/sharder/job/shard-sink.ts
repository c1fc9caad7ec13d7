import type { ItemRange } from "../../core/dispatch/types.js";
import type { ShardOutput } from "../../protocol/outputs.js";

/** Items `firstItem … firstItem + itemCount - 1` of a job, finished: they will not be computed again. */
export interface FinishedShard extends ItemRange {
  /** Who finished it; of a pipeline, who ran its last stage. */
  readonly workerId: string;
  readonly outputs: Readonly<Record<string, ShardOutput>>;
}

/**
 * Where a job's finished items go: into one result, to a stream's consumer, to a journal, or to several of them. Every item comes once.
 * The job holds a shard's inputs, and is not done, until the sink has accepted it; a sink that throws or rejects ends the job with that.
 */
export interface ShardSink {
  accept(shard: FinishedShard): void | Promise<void>;
}
