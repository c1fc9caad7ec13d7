import { ShardError, type ShardErrorCode, type ShardErrorOptions } from "../../src/core/errors.js";
import type { WorkerNotice } from "../../src/protocol/link.js";
import type { WireModel } from "../../src/protocol/model-on-wire.js";
import type { InputTensor, Tensor } from "../../src/protocol/tensors.js";
import type { WorkerMemory, WorkerReport, WorkerStart } from "../../src/protocol/worker-api.js";

/** Tensors by the names of a model's inputs or outputs on the wire. */
export type NamedInputs = Readonly<Record<string, InputTensor>>;
export type NamedOutputs = Readonly<Record<string, Tensor>>;

/** What a GPU is reached through: a `GPUDevice` or a WebGL context. */
export type GpuHandle =
  | { destroy(): void }
  | { getExtension(name: "WEBGL_lose_context"): { loseContext(): void } | null };

/**
 * An inference runtime on one backend, as a worker sees it. The worker itself takes care of the queue, of
 * cancels, of runs item by item, of slowing and of faults. Each runtime has its implementation in `workers/engines`, and one
 * contract suite tests them all.
 */
export interface Engine {
  /**
   * Start the backend. Called once, before everything else.
   * @param notify reports at any later time that the device is lost or has failed outside a call.
   * @throws ShardError "backend-unavailable" saying what the browser lacks.
   */
  start(config: WorkerStart, notify: (notice: WorkerNotice) => void): Promise<WorkerReport>;
  /**
   * @throws ShardError "model-malformed", "weights-truncated", "model-unsupported" for a format or a layer that it lacks, or
   *         "out-of-memory"; EngineBroken. A failed load leaves nothing in memory.
   */
  load(model: WireModel): Promise<EngineModel>;
  /** What the runtime holds: the weights, and any tensors that leaked. */
  memory(): WorkerMemory;
  /**
   * Whether the device still computes correctly. Called after every attempt: the results of a lost device are discarded.
   */
  isIntact(): boolean;
  /** What the engine computes on; `undefined` or left out without a GPU. */
  gpu?(): GpuHandle | undefined;
  /** Release the device. The worker is terminated afterwards. */
  stop(): void;
}

/** What an engine may know of the attempt that it computes for. */
export interface EngineTurn {
  /** Aborted once nobody wants the result. */
  readonly signal: AbortSignal;
  /** All that is left is to wait for a GPU or a server: the next attempt may begin. */
  readonly handOver: () => void;
}

/** A model or a stage that an engine holds. */
export interface EngineModel {
  /** Inputs are read but never kept, overwritten or detached, whatever memory they are in: they may be views of a larger buffer. */
  readonly onlyReadsInputs?: boolean;
  /**
   * Run one call. Afterwards only the weights stay in memory, even if the call fails.
   * @param inputs one tensor for each input of the wire. Shared memory is read but never kept. Unless `onlyReadsInputs`, the
   *        engine may overwrite or detach all other buffers.
   * @param onSubmitted called by an engine on a GPU once all of the call is on its way there, so that only the read-back is left: another
   *        call may begin. Left out: no other call begins before this one has ended.
   * @param signal for an engine that can stop a call: aborted once nobody wants the outputs.
   * @returns one tensor for each output of the wire, each in a buffer that belongs to the caller.
   * @throws ShardError "out-of-memory" if the memory of the backend is too small for this call, and smaller ones still run;
   *         EngineBroken; whatever the runtime throws.
   */
  run(inputs: NamedInputs, onSubmitted?: () => void, signal?: AbortSignal): Promise<NamedOutputs>;
  /**
   * For an engine whose calls may overlap, since others compute them: run a batch in calls of its own choice. Such an engine takes several
   * calls of `run` at once, too.
   * @param rows which inputs have a row for each item; the others go with every call.
   * @returns as `run`.
   * @throws as `run`; "aborted" if the turn is.
   */
  runRows?(inputs: NamedInputs, rows: BatchRows, turn: EngineTurn): Promise<NamedOutputs>;
  /**
   * As `run`, for an engine whose outputs lie in memory of its own that can be read there.
   * @param use gets the outputs, which are valid until it returns: the call's only copy of them is its affair.
   */
  runAndUse?<T>(inputs: NamedInputs, use: (outputs: NamedOutputs) => T): Promise<T>;
  /**
   * Time a call without the upload of its inputs and the read-back of its outputs.
   * An engine that can't do this leaves it out, and whole runs are timed instead.
   */
  measure?(inputs: NamedInputs, runCount: number): Promise<MeasuredRun>;
  dispose(): void;
}

export interface BatchRows {
  /** Whole, ≥ 1. */
  readonly itemCount: number;
  readonly names: ReadonlySet<string>;
}

export interface MeasuredRun {
  /** Time of the quickest of `runCount` calls, after one call to warm up. */
  readonly ms: number;
  readonly outputs: NamedOutputs;
}

type BrokenCode = Extract<ShardErrorCode, "model-malformed" | "model-unsupported" | `server-${string}`>;

/** After this error the engine can't be trusted any more: the worker answers with it, posts the notice, and runs nothing else. */
export class EngineBroken extends ShardError {
  readonly notice: WorkerNotice["notice"];

  /**
   * @param notice why the page has to end the worker.
   * @param code of the answer. By default "out-of-memory" if that is the notice, and else "model-failed".
   */
  constructor(
    notice: WorkerNotice["notice"],
    message: string,
    { code, ...options }: ShardErrorOptions & { readonly code?: BrokenCode } = {},
  ) {
    super(code ?? (notice === "out-of-memory" ? "out-of-memory" : "model-failed"), message, options);
    this.notice = notice;
  }
}
