import type { ItemRange } from "../../core/dispatch/types.js";
import type { ItemError } from "../../core/errors.js";
import type { ShardOutput } from "../../protocol/outputs.js";
import type { Tensor } from "../../protocol/tensors.js";

/** What one call of a model that takes groups or whole batches gave: its tensor as it is, whatever its shape. */
export interface CallOutput {
  readonly kind: "call";
  readonly tensor: Tensor;
}

/** An output of some items: their rows, or what the call of all of them gave. */
export type FinishedOutput = ShardOutput | CallOutput;

/** Finished items `firstItem … firstItem + itemCount - 1` of a job; they will not be computed again. */
export interface FinishedShard extends ItemRange {
  /** The worker that finished it; in a pipeline, the one that ran the last stage. */
  readonly workerId: string;
  /** None for items that failed. */
  readonly outputs: Readonly<Record<string, FinishedOutput>>;
  /** To be called with an output's tensor by a sink that has copied its values, and keeps nothing of it: its buffer is used again. */
  readonly onCopied?: ((tensor: Tensor) => void) | undefined;
  /** Why its items failed, if they did: then all of them did, wherever they were tried. */
  readonly itemErrors?: readonly ItemError[] | undefined;
}

/**
 * Where a job's finished items go: into one result, to a stream's consumer, to a journal, or to several of them. Every item arrives
 * once. The job keeps a shard's inputs, and is not done, until the sink has accepted the shard. If the sink throws or rejects, the job
 * ends with that error.
 */
export interface ShardSink {
  accept(shard: FinishedShard): void | Promise<void>;
}
