import type { ItemRange } from "../../core/dispatch/types.js";
import type { ShardOutput } from "../../protocol/outputs.js";

/** Finished items `firstItem … firstItem + itemCount - 1` of a job; they will not be computed again. */
export interface FinishedShard extends ItemRange {
  /** The worker that finished it; in a pipeline, the one that ran the last stage. */
  readonly workerId: string;
  readonly outputs: Readonly<Record<string, ShardOutput>>;
}

/**
 * Where a job's finished items go: into one result, to a stream's consumer, to a journal, or to several of them. Every item arrives
 * once. The job keeps a shard's inputs, and is not done, until the sink has accepted the shard. If the sink throws or rejects, the job
 * ends with that error.
 */
export interface ShardSink {
  accept(shard: FinishedShard): void | Promise<void>;
}
