import type { WorkerNotice } from "../../../src/protocol/link.js";
import type { PowerPreference, WorkerReport } from "../../../src/protocol/worker-api.js";

export interface DriverOptions {
  readonly powerPreference: PowerPreference;
}

/** How a TF.js backend treats memory and time: all that the engine has to know of it. */
export interface BackendTraits {
  /** What is read back may alias TF.js's own memory, so that outputs must be copied before they are handed over. */
  readonly readBackAliases: boolean;
  /** What is uploaded has been copied when the upload returns: it may lie in shared memory, or be overwritten at once. */
  readonly copiesUploads: boolean;
  /** Outputs have been computed when a call returns: there is no GPU to wait for. */
  readonly isSynchronous: boolean;
}

/** One TF.js backend in this worker. */
export interface BackendDriver {
  /** What TF.js calls it. */
  readonly name: string;
  readonly traits: BackendTraits;
  /** Each new batch size costs time, for shader variants. */
  readonly wantsPowersOfTwo: boolean;
  /**
   * Make the backend TF.js's only one. Called once.
   * @param notify reports, at any later time, that the device is lost or has failed outside a call.
   * @throws ShardError "backend-unavailable" saying what the browser lacks.
   */
  start(
    options: DriverOptions,
    notify: (notice: WorkerNotice) => void,
  ): Promise<Pick<WorkerReport, "device" | "isSoftware">>;
  /**
   * Whether the device is still there. Asked after every read-back: a WebGL context that was lost during a
   * shard reads back zeros without an error, before `webglcontextlost` fires (seen in Chromium when the GPU process dies).
   */
  isIntact(): boolean;
  /** Release the device. The worker is terminated afterwards. */
  stop(): void;
}
