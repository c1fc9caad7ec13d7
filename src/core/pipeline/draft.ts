import type { createThroughput } from "../throughput/throughput.js";
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
  returned: PipelineState["returned"];
  completedItemCount: number;
  placements: Map<number, StagePlacement>;
  currentEpoch: number | undefined;
  microBatches: Map<number, MicroBatch>;
  attempts: Map<number, StageAttempt>;
  throughputs: Map<string, ReturnType<typeof createThroughput>>;
  vacant: Set<string>;
  nextId: number;
  actions: PipelineAction[];
}

/** Under which the throughput of one stage on one worker is kept. */
export function throughputKey(epoch: number, stage: number, workerId: string): string {
  return `${epoch}/${stage}/${workerId}`;
}
