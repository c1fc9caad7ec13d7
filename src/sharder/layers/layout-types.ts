import type { TraceFindings } from "../../model/inspect.js";
import type { PoolWorker } from "../../pool/pool-worker.js";
import type { Deployment } from "./deployment.js";

export interface LayoutOptions {
  readonly quantumMs: number;
  /** Bytes of weights that each worker may hold; Infinity for no limit. */
  readonly memoryLimitBytes: number;
  /** Stages that the user wants; `undefined`: planned. */
  readonly cuts: readonly number[] | undefined;
  /** Whether nothing is known against a worker running these layers. */
  readonly canRun: (worker: PoolWorker, firstLayer: number, lastLayer: number) => boolean;
  /** The model has been traced: what its layers give and take. */
  readonly onTrace: (findings: TraceFindings) => void;
}

/** Whoever runs jobs on the layout, which itself knows of none: what it asks, and what it reports. */
export interface LayoutOwner {
  /** Whether a job needs the stages of an epoch. */
  usesEpoch(epoch: number): boolean;
  readonly hasJobs: boolean;
  /** Items that have not entered, over all jobs; `undefined` while a stream's source is open. */
  readonly remainingItemCount: number | undefined;
  /** New micro-batches enter these stages from now on. */
  onDeployed(deployment: Deployment): void;
  /** The stages that run, or their workers, have changed. */
  onChanged(): void;
  /** All stages go: what is under way enters again once there are others. */
  onVacated(): void;
  /** There are no stages, and none could be made. */
  onFailed(error: unknown): void;
}
