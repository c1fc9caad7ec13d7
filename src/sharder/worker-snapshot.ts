import type { ShardError } from "../core/errors.js";
import type { BackendName } from "../pool/worker-entries.js";
import type { WorkerState } from "../pool/worker-slot.js";

/** A snapshot of a worker, as `sharder.workers` shows it. */
export interface WorkerSnapshot {
  readonly id: string;
  /** The one that it runs on now: another than it was started for while it has fallen back. */
  readonly backend: BackendName;
  readonly state: WorkerState;
  /** Name of the GPU or of the WASM variant that it runs on; `undefined` until it has started. */
  readonly device: string | undefined;
  /** Measured on the latest kind of item; `undefined` before the first sample. */
  readonly itemsPerSecond: number | undefined;
  /** Measured fixed cost of a shard, ms. */
  readonly overheadMs: number | undefined;
  /** Planned fraction of the remaining items of the running job, or of the last one. */
  readonly share: number;
  /** How often it was started again: after it was lost, or in place of one whose heap had grown too large. */
  readonly restarts: number;
  readonly lastError: ShardError | undefined;
}
