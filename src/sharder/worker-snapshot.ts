import type { ItemRange } from "../core/dispatch/types.js";
import type { ShardError } from "../core/errors.js";
import type { BackendName, EngineName } from "../pool/worker-entries.js";
import type { ChoiceSnapshot } from "./choice/worker-choice.js";
import type { WorkerSlot, WorkerState } from "../pool/worker-slot.js";

/** A shard that a worker was given and has not answered. */
export interface ShardUnderWay extends ItemRange {
  readonly jobId: number;
  readonly attemptId: number;
  /** The stage that it runs, if the model is split by layers; left out if the worker holds the whole model. */
  readonly stage?: number;
  /** When it was sent, by `performance.now()`, ms. */
  readonly sentAtMs: number;
}

/** A snapshot of a worker, as `sharder.workers` shows it. */
export interface WorkerSnapshot {
  readonly id: string;
  /** The one that it runs on now: another than it was started for while it has fallen back. */
  readonly backend: BackendName;
  /** The inference runtime: "litert" for `.tflite` files, "onnx" for `.onnx` files, "tfjs" for all others. */
  readonly engine: EngineName;
  readonly state: WorkerState;
  /** Name of the GPU or of the WASM variant that it runs on; `undefined` until it has started. */
  readonly device: string | undefined;
  /** Measured on the latest kind of item; `undefined` before the first sample. */
  readonly itemsPerSecond: number | undefined;
  /** Measured fixed cost of a shard, ms. */
  readonly overheadMs: number | undefined;
  /**
   * In calls of how many items it carries out shards of the latest kind of item, since that has shown to be quickest; `undefined` before
   * that has been measured, and on a GPU, where a shard is one call.
   */
  readonly callItemCount: number | undefined;
  /**
   * With `workers: "auto"`, why jobs use it or not. Of a worker that was listed or added, what it was measured to bring or cost, once it
   * has joined the others or left them during a job. `undefined` before that, and while it is not ready.
   */
  readonly choice?: ChoiceSnapshot | undefined;
  /** Planned fraction of the remaining items of the running job, or of the last one. */
  readonly share: number;
  /** What it was given and has not answered, of all jobs, in the order of sending: as a rule it is on the first, and the others wait. */
  readonly underWay: readonly ShardUnderWay[];
  /** How often it was started again: after it was lost, or in place of one whose heap had grown too large. */
  readonly restarts: number;
  readonly lastError: ShardError | undefined;
}

/** @param part what the split knows about the worker. @param underWay of all jobs. */
export function snapshotOf(
  slot: WorkerSlot,
  part: Pick<WorkerSnapshot, "share" | "itemsPerSecond" | "overheadMs" | "callItemCount" | "choice">,
  underWay: readonly ShardUnderWay[],
): WorkerSnapshot {
  return {
    id: slot.id,
    backend: slot.spec.backend,
    engine: slot.spec.engine ?? "tfjs",
    state: slot.state,
    device: slot.report?.device,
    ...part,
    underWay,
    restarts: slot.restarts,
    lastError: slot.lastError,
  };
}
