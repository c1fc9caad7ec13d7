import type { Tensor as TfTensor } from "@tensorflow/tfjs-core";
import type { WorkerNotice } from "../../../src/protocol/link.js";
import type { GpuHandle } from "../../runtime/engine.js";
import type { PowerPreference, WorkerReport } from "../../../src/protocol/worker-api.js";

export interface DriverOptions {
  readonly powerPreference: PowerPreference;
}

/** How a TF.js backend treats memory and time. The engine needs to know nothing else about it. */
export interface BackendTraits {
  /** Data that is read back may alias TF.js's own memory, so outputs must be copied before they are transferred. */
  readonly readBackAliases: boolean;
  /** An upload copies its data before it returns, so the data may be in shared memory or be overwritten at once. */
  readonly copiesUploads: boolean;
  /** Outputs have been computed when a call returns, since there is no GPU to wait for. */
  readonly isSynchronous: boolean;
  /**
   * The elements of a tensor where they lie, valid until the backend computes or disposes of anything; `undefined` for those that have to be
   * read back. Left out where all have to be.
   */
  readonly view?: (tensor: TfTensor) => Float32Array | Int32Array | undefined;
  /** What all tensors together can take at most, bytes; left out if it isn't known. */
  readonly maxTensorBytes?: number;
}

/** Runs a call of TF.js and throws if the backend has failed during it in a way that TF.js doesn't report. */
export type WatchCall = <T>(call: () => Promise<T>) => Promise<T>;

/** One TF.js backend in this worker. */
export interface BackendDriver {
  /** The name that TF.js knows it by. */
  readonly name: string;
  readonly traits: BackendTraits;
  /** Each new batch size costs time, because shaders are compiled for it. */
  readonly wantsPowersOfTwo: boolean;
  /**
   * Make this the only backend of TF.js. Called once.
   * @param notify reports at any later time that the device is lost or has failed outside a call.
   * @throws ShardError "backend-unavailable" saying what the browser lacks.
   */
  start(
    options: DriverOptions,
    notify: (notice: WorkerNotice) => void,
  ): Promise<Pick<WorkerReport, "device" | "isSoftware">>;
  /**
   * Whether the device still works. Called after every read-back, because a WebGL context that was lost during a shard reads
   * back zeros without an error before `webglcontextlost` fires (seen in Chromium when the GPU process dies).
   */
  isIntact(): boolean;
  /** Left out without a GPU. */
  gpu?(): GpuHandle | undefined;
  /**
   * Used for every call; on a GPU, one may begin while the one before is read back.
   * @throws EngineBroken if the backend can't be used any more; ShardError "out-of-memory" if it can, once what the call has allocated is
   *         disposed of; whatever the call throws.
   */
  readonly watch: WatchCall;
  /** `WorkerMemory.heapBytes` of this backend, once it has started. */
  heapBytes(): number | undefined;
  /** Release the device. The worker is terminated afterwards. */
  stop(): void;
}
