import type {
  MicroBatch,
  PipelineAction,
  PipelineOptions,
  PipelineState,
  ReturnedRange,
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
  failedItemCount: number;
  heldItemCount: number;
  hasSucceeded: boolean;
  placements: Map<number, StagePlacement>;
  currentEpoch: number | undefined;
  microBatches: Map<number, MicroBatch>;
  attempts: Map<number, StageAttempt>;
  vacant: Set<string>;
  asked: Set<string>;
  stalled: Set<string>;
  failuresInRow: Map<string, number>;
  nextId: number;
  actions: PipelineAction[];
}

export function copyPipeline(state: PipelineState): PipelineDraft {
  return {
    ...state,
    placements: new Map(state.placements),
    microBatches: new Map(state.microBatches),
    attempts: new Map(state.attempts),
    vacant: new Set(state.vacant),
    asked: new Set(state.asked),
    stalled: new Set(state.stalled),
    failuresInRow: new Map(state.failuresInRow),
    actions: [],
  };
}

export function stageKey(epoch: number, stage: number): string {
  return `${epoch}/${stage}`;
}

/** Let ranges enter again from their inputs. */
export function returnRanges(draft: PipelineDraft, ranges: readonly ReturnedRange[]): void {
  draft.returned = [...draft.returned, ...ranges].sort((a, b) => a.firstItem - b.firstItem);
}

/** Cancel the attempts of a micro-batch that are under way, except one. */
export function cancelAttempts(draft: PipelineDraft, batch: MicroBatch, exceptId?: number): void {
  for (const attemptId of batch.attemptIds) {
    const attempt = draft.attempts.get(attemptId);
    if (attemptId === exceptId || attempt === undefined) continue;
    draft.attempts.delete(attemptId);
    draft.actions.push({ type: "cancel-attempt", attemptId, workerId: attempt.workerId });
  }
}

/** Take a micro-batch out of the pipeline; its items enter again, as `ranges`. */
export function restart(draft: PipelineDraft, batch: MicroBatch, ranges: readonly ReturnedRange[]): void {
  cancelAttempts(draft, batch);
  draft.microBatches.delete(batch.microBatchId);
  draft.actions.push({ type: "restarted", microBatchId: batch.microBatchId });
  returnRanges(draft, ranges);
}
