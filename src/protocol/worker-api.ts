import type { Reply } from "./error-record.js";
import type { LinkedApi } from "./link.js";
import type { BatchMode, WireModel } from "./model-on-wire.js";
import type { ItemTensors, ShardOutput } from "./outputs.js";
import type { DType, InputTensor } from "./tensors.js";

export type PowerPreference = "high-performance" | "low-power";

export interface WorkerStart {
  readonly workerId: string;
  /** WebGPU only. Default "high-performance". */
  readonly powerPreference?: PowerPreference | undefined;
}

/** What the engine and its backend turned out to be: all that the page knows of a worker's nature. */
export interface WorkerReport {
  /** GPU name, or the WASM variant; for people. Workers of one entry on one device are of one kind. */
  readonly device: string;
  /** TF.js kernels that the backend has registered, by name; empty where the engine does not list what it can run. */
  readonly kernels: readonly string[];
  /** Each new batch size costs this worker time (shader variants): it gets sizes 1, 2, 4, … alone. */
  readonly wantsPowersOfTwo: boolean;
  /** It presents itself as a GPU, and computes on the CPU. */
  readonly isSoftware: boolean;
}

/** Under which a worker keeps a model or a stage. Chosen by the page; one worker may hold several. */
export type ModelKey = string;

/** What a run takes for one input: something for each item, or one tensor that goes with every call. */
export type RunInput = ItemTensors<InputTensor> | { readonly kind: "side"; readonly tensor: InputTensor };

/** Run some items through a model. A whole model is one stage: there is no other way to run work. */
export interface RunRequest {
  /** Unique over all jobs of the page, since jobs share the workers. */
  readonly attemptId: string;
  readonly modelKey: ModelKey;
  /** Queued attempts of a higher priority run first, those of the same in the order in which they came. */
  readonly priority: number;
  /** Whole, ≥ 1. */
  readonly itemCount: number;
  /** "batched": one call for all items. "item-by-item": one call for each. */
  readonly mode: BatchMode;
  /** By the names of the model's inputs on the wire. */
  readonly inputs: Readonly<Record<string, RunInput>>;
  /** Outputs that later stages read: they come in shared memory where there is some, so that the page can send them twice. */
  readonly forwardedNames: readonly string[];
}

/** How long an attempt took, on the worker's own clock. */
export interface RunTiming {
  /** The worker had nothing to do for this long before the attempt reached it, ms; since its start for the first one. */
  readonly idleMs: number;
  /** From the attempt's arrival, or the end of what ran before it, to its own end, ms. */
  readonly ranMs: number;
}

export interface RunResult {
  /** By the names of the model's outputs on the wire. */
  readonly outputs: Readonly<Record<string, ShardOutput>>;
  readonly timing: RunTiming;
}

/** Run layer after layer, each as a stage of its own, and measure it. */
export interface TraceRequest {
  readonly attemptId: string;
  /** In order; what a later one needs, an earlier one gives, or `inputs`. */
  readonly layers: readonly WireModel[];
  /** One item, by `TensorKey`. */
  readonly inputs: Readonly<Record<string, InputTensor>>;
  /** Timed runs of each layer, ≥ 1, after one that warms up; the quickest counts, since whatever else a machine does only adds. */
  readonly runCount: number;
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
  /** Of reading an output back and uploading it again, fixed and per byte; `undefined` where nothing was large enough to show it. */
  readonly transferMs: { readonly perTransfer: number; readonly perByte: number } | undefined;
}

export interface WorkerMemory {
  readonly tensorCount: number;
  readonly byteCount: number;
}

/** What a worker with an engine offers to the page. Every answer is a `Reply`: nothing is thrown across. */
export interface WorkerApi extends LinkedApi {
  /** Once, before anything else. */
  start(config: WorkerStart): Promise<Reply<WorkerReport>>;
  /** Load a model or a stage, in turn with the attempts. One of the same key is replaced. */
  load(modelKey: ModelKey, model: WireModel): Promise<Reply<undefined>>;
  /** Dispose of it. Unknown keys are ignored. */
  unload(modelKey: ModelKey): Promise<Reply<undefined>>;
  run(request: RunRequest): Promise<Reply<RunResult>>;
  trace(request: TraceRequest): Promise<Reply<TraceResult>>;
  /** Queued attempts answer "aborted" at once; a running attempt of several calls stops after the present one. */
  cancel(attemptIds: readonly string[]): Promise<Reply<undefined>>;
  memory(): Promise<Reply<WorkerMemory>>;
  /** Test and demo fault: every attempt takes `factor` ≥ 1 times as long. */
  slow(factor: number): Promise<Reply<undefined>>;
  /** Dispose of the models and the device. The page terminates the worker afterwards. */
  stop(): Promise<Reply<undefined>>;
}
