/** A worker that may take a stage. */
export interface StageWorker {
  /** Ms per item of each layer; Infinity where its backend can't run it. */
  readonly layerMs: readonly number[];
  /** Reading a boundary back or uploading it: fixed ms per item, ≥ 0. */
  readonly transferMs: number;
  /** The same per byte, ≥ 0. */
  readonly transferMsPerByte: number;
  /** The most that the weights of its stage may take, bytes; Infinity for no limit. */
  readonly memoryLimitBytes: number;
}

/**
 * Layers 0 … L-1 to be dealt to workers in contiguous stages. Plain data: it can be posted to a worker.
 */
export interface StageProblem {
  readonly workers: readonly StageWorker[];
  /** Bytes per item that cross in front of layer k, for k = 0 … L: what is made before and read after; the model's own inputs and outputs at the ends. */
  readonly boundaryBytes: readonly number[];
  /** Weights of each layer by name, bytes; one that several layers of a stage share counts once. */
  readonly layerWeights: readonly Readonly<Record<string, number>>[];
  /** The most workers that may run one stage side by side, ≥ 1; only those with the same costs do. */
  readonly maxReplicas: number;
}

export interface PlannedStage {
  /** Indices into `workers`: one, or the replicas. */
  readonly workers: readonly number[];
  readonly firstLayer: number;
  readonly lastLayer: number;
  /** Of one item: compute and transfers, divided by the replicas. */
  readonly ms: number;
}

export interface StagePlan {
  readonly stages: readonly PlannedStage[];
  /** Of the slowest stage: the pipeline gives one item in this time. */
  readonly bottleneckMs: number;
}
