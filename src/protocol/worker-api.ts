import type { Reply } from "./error-record.js";
import type { InjectedFault } from "./fault-api.js";
import type { LinkedApi } from "./link.js";
import type { RunMode, WireModel } from "./model-on-wire.js";
import type { ItemTensors, ShardOutput } from "./outputs.js";
import type { DType, InputTensor } from "./tensors.js";

export type PowerPreference = "high-performance" | "low-power";

/** What an engine is told of how to run. Each says which engines or backends it is for; the others ignore it. */
export interface WorkerSettings {
  /** WebGPU only. Default "high-performance". */
  readonly powerPreference?: PowerPreference | undefined;
  /**
   * Engine "litert" on "wasm" only: how many threads one worker computes on, 1…64. More than one needs a page that is cross-origin isolated.
   * Default 1: the parallelism is that of several workers.
   */
  readonly threads?: number | undefined;
  /**
   * Backend "remote" only, and needed there: the address of a model on a server that speaks the Open Inference Protocol v2,
   * `https://host/v2/models/NAME` or `…/versions/V`.
   */
  readonly url?: string | undefined;
  /**
   * Backend "remote" only: sent with every request to the origin of `url`, and to no other. They are kept in memory alone, and never appear in
   * events, errors or what is remembered.
   */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Backend "remote" only: the most items in one request, whole, ≥ 1. Default: what the server advertises, or else as many as 4 MiB hold, up to 1,024. */
  readonly maxBatch?: number | undefined;
  /** Backend "remote" only: the most requests at once, whole, 1…256. Default 64; how many there are follows what is measured. */
  readonly maxInFlight?: number | undefined;
  /** Backend "remote" only: the server's names of inputs and outputs, by those of the model, where they differ. */
  readonly names?: Readonly<Record<string, string>> | undefined;
}

export interface WorkerStart extends WorkerSettings {
  readonly workerId: string;
}

/** What the engine reports about itself and its backend: all that the page knows about the kind of worker. */
export interface WorkerReport {
  /** Name of the GPU or of the WASM variant, for people. Workers of one entry on one device are of one kind. */
  readonly device: string;
  /** TF.js kernels that the backend has registered, by name; empty where the engine does not list what it can run. */
  readonly kernels: readonly string[];
  /** Each new batch size costs this worker time (shader variants): it only gets sizes 1, 2, 4, …. */
  readonly wantsPowersOfTwo: boolean;
  /** It presents itself as a GPU but computes on the CPU. */
  readonly isSoftware: boolean;
}

/** The key under which a worker keeps a model or a stage. The page chooses it; one worker may hold several. */
export type ModelKey = string;

/** What a run gets for one input: rows for each item, or one tensor that goes with every call. */
export type RunInput = ItemTensors<InputTensor> | { readonly kind: "side"; readonly tensor: InputTensor };

/** How a worker may carry out a batch. */
export interface CallHint {
  /** What is known from elsewhere of the size of the quickest calls, items: where a worker that knows nothing itself begins. */
  readonly firstItemCount?: number | undefined;
}

/** A request to run some items through a model. A whole model is one stage: there is no other way to run work. */
export interface RunRequest {
  /** Unique over all jobs of the page, since jobs share the workers. */
  readonly attemptId: string;
  readonly modelKey: ModelKey;
  /** Queued attempts of a higher priority run first; those of equal priority run in the order in which they came. */
  readonly priority: number;
  /** Whole, ≥ 1. */
  readonly itemCount: number;
  /** "batched": one call for all items, or several with `calls`. "item-by-item": one call for each. */
  readonly mode: RunMode;
  /** A batch may be carried out in several calls, of the size that the worker finds quickest. Left out: in one. */
  readonly calls?: CallHint | undefined;
  /** By the names of the model's inputs on the wire. */
  readonly inputs: Readonly<Record<string, RunInput>>;
  /**
   * Buffers that the outputs may be put into. Where this is given, if only as an empty list, the answer gives back whatever is no longer
   * needed of these and of the inputs'.
   */
  readonly spare?: readonly ArrayBuffer[] | undefined;
  /** Outputs that later stages read: they come in shared memory where there is some, so that the page can send them twice. */
  readonly forwardedNames: readonly string[];
}

/** How long an attempt took, on the worker's own clock. */
export interface RunTiming {
  /** How long the worker had nothing to do before the attempt reached it, ms; for the first one, since its start. */
  readonly idleMs: number;
  /** From the attempt's arrival, or the end of what ran before it, to its own end, ms. */
  readonly ranMs: number;
}

export interface RunResult {
  /** By the names of the model's outputs on the wire. */
  readonly outputs: Readonly<Record<string, ShardOutput>>;
  readonly timing: RunTiming;
  /** Buffers that can be used again; left out where the request did not ask for them. */
  readonly spare?: readonly ArrayBuffer[] | undefined;
  /** Items of the calls that have shown to be quickest for such items; left out where that has not been measured. */
  readonly callItemCount?: number | undefined;
  /** As in `WorkerMemory`, after this run. */
  readonly heapBytes?: number | undefined;
}

/** Run layer after layer, each as a stage of its own, and measure it. */
export interface TraceRequest {
  readonly attemptId: string;
  /** In order: a layer reads what earlier ones or `inputs` give. */
  readonly layers: readonly WireModel[];
  /** One item, by `TensorKey`. */
  readonly inputs: Readonly<Record<string, InputTensor>>;
  /** Timed runs of each layer, ≥ 1, after a warm-up run; the fastest counts, since whatever else the machine does only adds time. */
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
  /** As far as the backend could run them: fewer than requested if one failed. */
  readonly layers: readonly TracedLayer[];
  /** Why the layer after these failed; `undefined` if all ran. */
  readonly failure: string | undefined;
  /** Of reading an output back and uploading it again, ms: fixed, and per byte; `undefined` if no output was large enough to show it. */
  readonly transferMs: { readonly perTransfer: number; readonly perByte: number } | undefined;
}

export interface WorkerMemory {
  readonly tensorCount: number;
  readonly byteCount: number;
  /**
   * Bytes that the backend has reserved and releases only when its worker ends: the WASM heap, or the GPU's textures and buffers, those
   * kept for reuse included. `undefined` if it reserves nothing.
   */
  readonly heapBytes?: number | undefined;
}

/** What a worker with an engine offers to the page. Every answer is a `Reply`: errors never cross as exceptions. */
export interface WorkerApi extends LinkedApi {
  /** Called once, before anything else. */
  start(config: WorkerStart): Promise<Reply<WorkerReport>>;
  /**
   * Load a model or a stage, queued like an attempt. It replaces one with the same key.
   *
   * `load` and `run` answer "out-of-memory" if the memory of this worker is too small for the weights or for the call. The worker
   * remains usable, and a smaller call may succeed, unless it also posts a notice.
   */
  load(modelKey: ModelKey, model: WireModel): Promise<Reply<undefined>>;
  /** Dispose of a model or a stage. Unknown keys are ignored. */
  unload(modelKey: ModelKey): Promise<Reply<undefined>>;
  run(request: RunRequest): Promise<Reply<RunResult>>;
  trace(request: TraceRequest): Promise<Reply<TraceResult>>;
  /** Queued attempts answer "aborted" at once; a running attempt of several calls stops after the current call. */
  cancel(attemptIds: readonly string[]): Promise<Reply<undefined>>;
  memory(): Promise<Reply<WorkerMemory>>;
  /** Break something on purpose, for tests and demonstrations. Answers "invalid-options" if this worker has nothing of the kind. */
  inject(fault: InjectedFault): Promise<Reply<undefined>>;
  /** Dispose of the models and the device. The page terminates the worker afterwards. */
  stop(): Promise<Reply<undefined>>;
}
