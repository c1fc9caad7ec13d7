import { untouchedItemCount } from "../untouched-items.js";
import type { PipelineState } from "./types.js";

/** Whether a stream should pull from its source: fewer items wait than two micro-batches hold, or none while nothing is placed. */
export function wantsPipelineItems(state: PipelineState): boolean {
  const { phase, placements, currentEpoch } = state;
  // A pause stops the workers, not the source.
  if (phase !== "running" && phase !== "paused") return false;
  const placement = currentEpoch === undefined ? undefined : placements.get(currentEpoch);
  return untouchedItemCount(state) < (placement === undefined ? 1 : 2 * placement.microBatchItemCount);
}

/** How many items are outside and have to enter, for the first time or again; `undefined` while the source is open. O(returned ranges). */
export function outsideItemCount(state: PipelineState): number | undefined {
  if (!state.sourceEnded) return undefined;
  return state.returned.reduce((total, { itemCount }) => total + itemCount, untouchedItemCount(state));
}

/**
 * How many micro-batches wait for a stage. O(micro-batches).
 * @param isRunning whether a worker has turned to an attempt: what it was sent before that waits.
 */
export function waitingCount(
  state: PipelineState,
  epoch: number,
  stage: number,
  isRunning: (attemptId: number) => boolean,
): number {
  let count = 0;
  for (const microBatch of state.microBatches.values()) {
    const isThere = microBatch.epoch === epoch && microBatch.stage === stage;
    if (isThere && !microBatch.attemptIds.some(isRunning)) count++;
  }
  return count;
}
