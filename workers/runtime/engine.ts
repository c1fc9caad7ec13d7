import type { WorkerNotice } from "../../src/protocol/link.js";
import type { WireModel } from "../../src/protocol/model-on-wire.js";
import type { InputTensor, Tensor } from "../../src/protocol/tensors.js";
import type { WorkerMemory, WorkerReport, WorkerStart } from "../../src/protocol/worker-api.js";

/** Tensors by the names of a model's inputs or outputs on the wire. */
export type NamedInputs = Readonly<Record<string, InputTensor>>;
export type NamedOutputs = Readonly<Record<string, Tensor>>;

/**
 * An inference runtime on one backend, as a worker sees it. Queue, cancelling, runs item by item, slowing and faults are the
 * worker's own. One implementation per runtime and backend in `workers/engines`, one contract suite for all.
 */
export interface Engine {
  /**
   * Start the backend. Called once, before everything else.
   * @param notify reports, at any later time, that the device is lost or has failed outside a call.
   * @throws ShardError "backend-unavailable" saying what the browser lacks.
   */
  start(config: WorkerStart, notify: (notice: WorkerNotice) => void): Promise<WorkerReport>;
  /**
   * @throws ShardError "model-malformed", "weights-truncated", "model-unsupported" for a format or a layer that it does not have.
   */
  load(model: WireModel): Promise<EngineModel>;
  /** What the runtime holds: weights, and what leaks. */
  memory(): WorkerMemory;
  /**
   * Whether the device is still there and right. Asked after every attempt: what a lost device has given is never answered.
   */
  isIntact(): boolean;
  /** Release the device. The worker is terminated afterwards. */
  stop(): void;
}

/** A model or a stage that an engine holds. */
export interface EngineModel {
  /**
   * One call. Whatever happens, nothing but the weights stays behind.
   * @param inputs one tensor for each input of the wire; shared memory is read, never kept. The buffers are the engine's to use up.
   * @returns one tensor for each output of the wire, each in a buffer that belongs to the caller.
   * @throws whatever the runtime throws.
   */
  run(inputs: NamedInputs): Promise<NamedOutputs>;
  /**
   * Time a call without the upload of its inputs and the read-back of its outputs.
   * Left out by engines that can't: whole runs are timed then.
   */
  measure?(inputs: NamedInputs, runCount: number): Promise<MeasuredRun>;
  dispose(): void;
}

export interface MeasuredRun {
  /** Of the quickest of `runCount` calls, after one that warmed up. */
  readonly ms: number;
  readonly outputs: NamedOutputs;
}
