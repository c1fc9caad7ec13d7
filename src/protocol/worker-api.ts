import type { Reply } from "./error-record.js";
import type { BatchMode, WireModel } from "./model-on-wire.js";
import type { ShardOutput } from "./outputs.js";
import type { BackendName, DType, InputTensor, Tensor } from "./tensors.js";

export type PowerPreference = "high-performance" | "low-power";

export interface WorkerStart {
  readonly backend: BackendName;
  readonly workerId: string;
  /** WebGPU only. Default "high-performance". */
  readonly powerPreference?: PowerPreference | undefined;
  /** Name of the Web Lock that the worker holds while it lives; `undefined` where there are no locks. */
  readonly lifeline: string | undefined;
}

/** What the backend turned out to be. */
export interface WorkerReport {
  readonly backend: BackendName;
  /** GPU name, or the WASM variant; for people. */
  readonly device: string;
  /** TF.js kernels that the backend has registered, by name. */
  readonly kernels: readonly string[];
  /** Whether it holds the lock that tells of its end. */
  readonly holdsLifeline: boolean;
}

/** Under which a worker keeps a model or a stage. Chosen by the page; one worker may hold several. */
export type ModelKey = string;

export interface RunRequest {
  /** Unique over all jobs of the page, since jobs share the workers. */
  readonly attemptId: string;
  readonly modelKey: ModelKey;
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

/** Tensors by `TensorKey`: all that enters a stage, or all that leaves it, in one call of it. */
export type StageTensors = Readonly<Record<string, InputTensor>>;

/** One micro-batch for one stage. */
export interface StageRequest {
  readonly attemptId: string;
  readonly modelKey: ModelKey;
  /** One call of the stage each: a batched model has one for all items, one that runs item by item has one per item. */
  readonly calls: readonly StageTensors[];
  /** Outputs that go on to other stages: in shared memory where there is some, so that the page can send them twice. */
  readonly forwardedKeys: readonly string[];
  readonly sentAtEpochMs: number;
}

export interface StageResult {
  /** As many as there were calls. */
  readonly calls: readonly Readonly<Record<string, Tensor>>[];
  readonly serviceMs: number;
}

/** Run layer after layer, each as a stage of its own, and measure it. */
export interface TraceRequest {
  readonly attemptId: string;
  /** In order; what a later one needs, an earlier one gives, or `inputs`. */
  readonly layers: readonly WireModel[];
  readonly inputs: StageTensors;
  /** Timed runs of each layer, ≥ 1, after one that warms up; the quickest counts, since whatever else a machine does only adds. */
  readonly runCount: number;
  readonly sentAtEpochMs: number;
}

export interface TracedTensor {
  readonly shape: readonly number[];
  readonly dtype: DType;
}

export interface TracedLayer {
  readonly ms: number;
  /** By `TensorKey`. */
  readonly outputs: Readonly<Record<string, TracedTensor>>;
}

export interface TraceResult {
  /** As far as the backend could run them: fewer than asked for where one failed. */
  readonly layers: readonly TracedLayer[];
  /** Why the layer after the last one did not run. */
  readonly failure: string | undefined;
  /** Of reading an output back and uploading it again, fixed and per byte; `undefined` where nothing was large enough to tell. */
  readonly transferMs: { readonly perTransfer: number; readonly perByte: number } | undefined;
}

export interface WorkerMemory {
  readonly tensorCount: number;
  readonly byteCount: number;
}

/** What a worker offers through Comlink. Every answer is a `Reply`: nothing is thrown across. */
export interface WorkerApi {
  start(config: WorkerStart): Promise<Reply<WorkerReport>>;
  /** Load a model or a stage, in turn with the attempts. */
  load(modelKey: ModelKey, model: WireModel): Promise<Reply<undefined>>;
  /** Dispose of it. Unknown keys are ignored. */
  unload(modelKey: ModelKey): Promise<Reply<undefined>>;
  run(request: RunRequest): Promise<Reply<RunResult>>;
  runStage(request: StageRequest): Promise<Reply<StageResult>>;
  trace(request: TraceRequest): Promise<Reply<TraceResult>>;
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
