/** A worker that may take a stage. */
export interface StageWorker {
  /** Ms per item of each layer; Infinity where its backend can't run it. */
  readonly layerMs: readonly number[];
  /** Fixed time to read a boundary back or to upload it, ms per item, ≥ 0. */
  readonly transferMs: number;
  /** Time of the same per byte, ms, ≥ 0. */
  readonly transferMsPerByte: number;
  /** The most that the weights of its stage may take, bytes; Infinity for no limit. */
  readonly memoryLimitBytes: number;
}

/**
 * Layers 0 … L-1 to be assigned to workers in contiguous stages. Plain data: it can be posted to a worker.
 */
export interface StageProblem {
  readonly workers: readonly StageWorker[];
  /**
   * Bytes per item that cross the boundary in front of layer k, for k = 0 … L: the tensors made before it and read after it. At the ends
   * they are the model's own inputs and outputs.
   */
  readonly boundaryBytes: readonly number[];
  /** Weights of each layer by name, bytes. A weight that several layers of a stage share counts once. */
  readonly layerWeights: readonly Readonly<Record<string, number>>[];
  /** The most workers that may run one stage side by side, ≥ 1. Only workers with the same costs do. */
  readonly maxReplicas: number;
}

export interface PlannedStage {
  /** Indices into `workers`: one, or the replicas. */
  readonly workers: readonly number[];
  readonly firstLayer: number;
  readonly lastLayer: number;
  /** Time of one item, ms: compute and transfers, divided by the replicas. */
  readonly ms: number;
}

export interface StagePlan {
  readonly stages: readonly PlannedStage[];
  /** Time of the slowest stage, ms: one item leaves the pipeline in this time. */
  readonly bottleneckMs: number;
}
