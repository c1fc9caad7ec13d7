import type { Reply } from "./error-record.js";
import type { BatchMode, WireModel } from "./model-on-wire.js";
import type { ShardOutput } from "./outputs.js";
import type { BackendName, InputTensor } from "./tensors.js";

export type PowerPreference = "high-performance" | "low-power";

export interface WorkerStart {
  readonly backend: BackendName;
  readonly workerId: string;
  readonly model: WireModel;
  /** WebGPU only. Default "high-performance". */
  readonly powerPreference?: PowerPreference | undefined;
}

/** What the backend turned out to be. */
export interface WorkerReport {
  readonly backend: BackendName;
  /** GPU name, or the WASM variant; for people. */
  readonly device: string;
}

export interface RunRequest {
  /** Unique over all jobs of the page, since jobs share the workers. */
  readonly attemptId: string;
  readonly itemCount: number;
  readonly mode: BatchMode;
  /** By input name. Axis 0 of a batched input has `itemCount` rows; others are broadcast to every call. */
  readonly inputs: Readonly<Record<string, InputTensor>>;
  /** Names of the inputs that carry items along axis 0. */
  readonly batchedInputs: readonly string[];
  /** When the page sent it, ms since the epoch on the shared monotonic clock (timeOrigin + now). */
  readonly sentAtEpochMs: number;
}

export interface RunResult {
  readonly outputs: Readonly<Record<string, ShardOutput>>;
  /** From the previous completion on this worker, or from the sending if it was idle, to this completion. */
  readonly serviceMs: number;
}

export interface WorkerMemory {
  readonly tensorCount: number;
  readonly byteCount: number;
}

/** What a worker offers through Comlink. Every answer is a `Reply`: nothing is thrown across. */
export interface WorkerApi {
  start(config: WorkerStart): Promise<Reply<WorkerReport>>;
  run(request: RunRequest): Promise<Reply<RunResult>>;
  /** Queued attempts answer "aborted" at once; a running item-by-item attempt stops after its item. */
  cancel(attemptIds: readonly string[]): void;
  memory(): WorkerMemory;
  /** Test and demo fault: every shard takes `factor` ≥ 1 times as long. */
  slow(factor: number): void;
  /** Dispose of the model and the GPU device. The page terminates the worker afterwards. */
  stop(): Promise<void>;
}

/** Posted by a worker outside Comlink, since it answers no call. */
export interface WorkerNotice {
  readonly notice: "device-lost" | "device-error";
  readonly message: string;
}

export function isWorkerNotice(value: unknown): value is WorkerNotice {
  return typeof value === "object" && value !== null && "notice" in value && "message" in value;
}
