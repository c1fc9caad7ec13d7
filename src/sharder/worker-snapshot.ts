import type { ShardError } from "../core/errors.js";
import type { BackendName } from "../pool/worker-entries.js";
import type { WorkerState } from "../pool/worker-slot.js";

/** A worker as `sharder.workers` shows it: a snapshot. */
export interface WorkerSnapshot {
  readonly id: string;
  readonly backend: BackendName;
  readonly state: WorkerState;
  /** What it runs on: the GPU's name, or the WASM variant; `undefined` until it has started. */
  readonly device: string | undefined;
  /** Measured on the latest kind of item; `undefined` before the first sample. */
  readonly itemsPerSecond: number | undefined;
  /** Measured fixed cost of a shard, ms. */
  readonly overheadMs: number | undefined;
  /** Planned fraction of the remaining items of the running job, or of the last one. */
  readonly share: number;
  /** How often another incarnation took its place. */
  readonly restarts: number;
  readonly lastError: ShardError | undefined;
}
