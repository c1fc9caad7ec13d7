import type {
  MicroBatch,
  PipelineAction,
  PipelineOptions,
  PipelineState,
  StageAttempt,
  StagePlacement,
} from "./types.js";

/** The next state under construction within one `stepPipeline`. */
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
  heldItemCount: number;
  placements: Map<number, StagePlacement>;
  currentEpoch: number | undefined;
  microBatches: Map<number, MicroBatch>;
  attempts: Map<number, StageAttempt>;
  vacant: Set<string>;
  nextId: number;
  actions: PipelineAction[];
}
