import type { TraceFindings } from "../../model/inspect.js";
import type { PoolWorker } from "../../pool/pool-worker.js";
import type { Deployment } from "./deployment.js";

export interface LayoutOptions {
  readonly quantumMs: number;
  /** Bytes of weights that each worker may hold; Infinity for no limit. */
  readonly memoryLimitBytes: number;
  /** The longest that one item may take in a stage of which nothing is known, ms. */
  readonly firstRunDeadlineMs: number;
  /** The cuts that the user wants; `undefined`: planned. */
  readonly cuts: readonly number[] | undefined;
  /** Whether a worker can run these layers, as far as is known. */
  readonly canRun: (worker: PoolWorker, firstLayer: number, lastLayer: number) => boolean;
  /** Called with the findings when the model has been traced. */
  readonly onTrace: (findings: TraceFindings) => void;
}

/** The owner of the layout, which runs jobs on it. The layout itself knows no jobs: it asks and reports through this interface. */
export interface LayoutOwner {
  /** Whether a job needs the stages of an epoch. */
  usesEpoch(epoch: number): boolean;
  readonly hasJobs: boolean;
  /** How many items have not entered yet, over all jobs; `undefined` while a stream's source is open. */
  readonly remainingItemCount: number | undefined;
  /** New micro-batches enter these stages from now on. */
  onDeployed(deployment: Deployment): void;
  /** The current stages or their workers have changed. */
  onChanged(): void;
  /** All stages are unloaded: what is under way enters again once there are new ones. */
  onVacated(): void;
  /** There are no stages, and none could be made. */
  onFailed(error: unknown): void;
}
