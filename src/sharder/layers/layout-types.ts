import type { StagePlacement } from "../../core/pipeline/types.js";
import type { PoolWorker } from "../../pool/pool-worker.js";
import type { TraceFindings } from "./layer-costs.js";

/** A job as the layout sees it. */
export interface LayoutJob {
  /** New micro-batches enter under this placement from now on. */
  place(placement: StagePlacement): void;
  /** Of micro-batches that enter now; `undefined` before the first placement. */
  readonly microBatchItemCount: number | undefined;
  /** Items that have not entered; `undefined` while a stream's source goes on. */
  readonly remainingItemCount: number | undefined;
  usesEpoch(epoch: number): boolean;
  /** All stages go: what is under way enters again once there are others. */
  vacate(): void;
  fail(error: unknown): void;
}

export interface LayoutOptions {
  readonly quantumMs: number;
  /** Of weights per worker; Infinity for no limit. */
  readonly memoryLimitBytes: number;
  /** Stages that the user wants; `undefined`: planned. */
  readonly cuts: readonly number[] | undefined;
  /** A worker that has no kernel for some layer. */
  readonly canRun: (worker: PoolWorker, firstLayer: number, lastLayer: number) => boolean;
  /** The model has been traced: what its layers give and take. */
  readonly onTrace: (findings: TraceFindings) => void;
  /** The stages have changed. */
  readonly onDeploy: () => void;
}
