import type { PowerPreference, WorkerNotice, WorkerReport } from "../../../src/protocol/worker-api.js";

export interface DriverOptions {
  readonly powerPreference: PowerPreference;
}

/** One TF.js backend in this worker. One implementation per backend, one contract suite against all. */
export interface BackendDriver {
  readonly name: WorkerReport["backend"];
  /** TF.js's read-back may alias its own memory, so that outputs must be copied before they are handed over. */
  readonly readBackAliases: boolean;
  /**
   * Make the backend TF.js's only one. Called once.
   * @param notify reports, at any later time, that the device is lost or has failed outside a call.
   * @throws ShardError "backend-unavailable" saying what the browser lacks.
   */
  start(
    options: DriverOptions,
    notify: (notice: WorkerNotice) => void,
  ): Promise<Pick<WorkerReport, "backend" | "device">>;
  /**
   * Whether the device is still there. Asked after every read-back: a WebGL context that was lost during a
   * shard reads back zeros without an error, before `webglcontextlost` fires (seen in Chromium when the GPU process dies).
   */
  isIntact(): boolean;
  /** Give the device back. The worker is terminated afterwards. */
  stop(): void;
}
