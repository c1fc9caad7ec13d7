import type {
  MicroBatch,
  PipelineAction,
  PipelineOptions,
  PipelineState,
  StageAttempt,
  StagePlacement,
} from "./types.js";

/** What `stepPipeline` changes while it works. */
export interface PipelineDraft {
  options: PipelineOptions;
  phase: PipelineState["phase"];
  endItem: number;
  sourceEnded: boolean;
  nextItem: number;
  doneAhead: PipelineState["doneAhead"];
  doneAheadItemCount: number;
  returned: PipelineState["returned"];
  completedItemCount: number;
  placements: Map<number, StagePlacement>;
  currentEpoch: number | undefined;
  microBatches: Map<number, MicroBatch>;
  attempts: Map<number, StageAttempt>;
  vacant: Set<string>;
  nextId: number;
  actions: PipelineAction[];
}
