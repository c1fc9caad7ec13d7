import type { ShardError } from "../core/errors.js";
import type { PoolWorker } from "./pool-worker.js";
import type { OpenWorker, WorkerSpec } from "./worker-entries.js";
import type { WorkerSlot } from "./worker-slot.js";

/** Why a worker is away: it was lost, or it is replaced by a fresh incarnation though nothing has failed. */
export type Absence =
  | { readonly kind: "lost"; readonly error: ShardError; readonly returnsAs: WorkerSpec }
  | { readonly kind: "replaced"; readonly error: ShardError };

/** A worker that is ready, or would be if it were wanted. */
export interface ChoosableWorker {
  readonly id: string;
  readonly kind: string;
  readonly spec: WorkerSpec;
  readonly isReady: boolean;
  readonly isBusy: boolean;
}

/** What the pool reports to its owner. */
export interface PoolListener {
  /** A worker's state has changed. */
  onState(slot: WorkerSlot): void;
  /** A worker is ready for work. Jobs and splits take workers in here and nowhere else. Resolves once they have. */
  onReady(worker: PoolWorker): Promise<void>;
  /** A worker has ended, and another incarnation will replace it. */
  onLost(slot: WorkerSlot, absence: Absence): void;
  /** A worker has ended for good, or is quarantined. @param error `undefined` if it was stopped on purpose. */
  onGone(slot: WorkerSlot, error: ShardError | undefined): void;
  /** A worker takes no more work, since a fresh incarnation is to replace it. Resolves once nothing needs it. Never rejects. */
  onReplacing(worker: PoolWorker): Promise<void>;
  /** A worker that was given up long ago is no longer listed. */
  onForgotten(id: string): void;
}

export interface PoolOptions {
  readonly open: OpenWorker;
  /** For tests: how long after its end a worker is restarted on its backend, ms; `undefined`: not at all. Default: `RestartPolicy`. */
  readonly restartDelayMs?: ((slot: WorkerSlot, error: ShardError) => number | undefined) | undefined;
  /** Whether a worker of this spec could run the model, as far as is known. Default: all. */
  readonly canRun?: (spec: WorkerSpec) => boolean;
  /** A worker that has reserved more than this is replaced by a fresh one, bytes. Default: 1.5 GiB. */
  readonly maxHeapBytes?: number | undefined;
}
