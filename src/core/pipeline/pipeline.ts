import { completeAttempt, failAttempt, loseWorker, rejectAttempt, revokeItems, stallWorker } from "./attempts.js";
import { admit, dispatchReady } from "./dispatch.js";
import { copyPipeline, type PipelineDraft } from "./draft.js";
import {
  abandon,
  leaveUnstaffed,
  place,
  reportUnderstaffed,
  reportVacancies,
  retireEpochs,
  staff,
} from "./placements.js";
import { addUntouched } from "../untouched-items.js";
import type { PipelineAction, PipelineEvent, PipelineOptions, PipelineState } from "./types.js";

const DEFAULTS: PipelineOptions = { depth: 2 };

/** A job without items or stages yet. */
export function createPipeline(options: Partial<PipelineOptions> = {}): PipelineState {
  return {
    options: { ...DEFAULTS, ...options },
    phase: "running",
    endItem: 0,
    sourceEnded: false,
    nextItem: 0,
    doneAhead: [],
    doneAheadItemCount: 0,
    returned: [],
    completedItemCount: 0,
    failedItemCount: 0,
    heldItemCount: 0,
    hasSucceeded: false,
    placements: new Map(),
    currentEpoch: undefined,
    microBatches: new Map(),
    attempts: new Map(),
    vacant: new Set(),
    asked: new Set(),
    stalled: new Set(),
    failuresInRow: new Map(),
    nextId: 0,
  };
}

/**
 * The pipeline's dispatcher. It takes what happened, and returns the next state and what to do about it. It is pure: `state` does not
 * change.
 *
 * Micro-batches enter in the order of their items, as long as the next stage's queue has room, and each worker takes what is
 * furthest along first. So queues are bounded, and micro-batches leave nearly in order. A new placement takes effect with the next
 * micro-batch that enters, while those under way finish under their own: the pipeline never stops for a re-cut.
 *
 * Invariant: every item of 0 … nextItem-1 is in exactly one of: completed (held, final or failed for good), one micro-batch, one range of
 * `returned`. The items of `doneAhead`, which lie beyond, are completed too. A micro-batch has at most two attempts, on different workers,
 * and leaves its stage with the first that completes.
 * O(micro-batches under way) per event. Events for attempts that it does not know, or no longer knows, are ignored.
 *
 * @throws ShardError "invalid-input" for an item count or done ranges that are not as described, "invalid-options"
 *         for a placement without stages. A stage may be without workers: it is reported as vacant.
 * Source: bounded pipelines as in GPipe (Huang et al., 2019) and PipeDream (Narayanan et al., 2019), for inference alone.
 */
export function stepPipeline(
  state: PipelineState,
  event: PipelineEvent,
): { state: PipelineState; actions: PipelineAction[] } {
  if (state.phase !== "running" && state.phase !== "paused") return { state, actions: [] };
  const draft = copyPipeline(state);
  applyEvent(draft, event);
  if (draft.phase === "running") {
    dispatchReady(draft);
    while (admit(draft)) dispatchReady(draft);
  } else if (draft.phase === "paused") {
    // Micro-batches of replaced stages finish even in a pause, so that these stages can be released.
    dispatchReady(draft, draft.currentEpoch);
  }
  reportVacancies(draft);
  reportUnderstaffed(draft);
  retireEpochs(draft);
  settle(draft);
  const { actions, ...next } = draft;
  return { state: next, actions };
}

function applyEvent(draft: PipelineDraft, event: PipelineEvent): void {
  switch (event.type) {
    case "placed":
      place(draft, event.placement);
      break;
    case "staffed":
      staff(draft, event.epoch, event.stage, event.workerIds);
      break;
    case "unstaffed":
      leaveUnstaffed(draft, event.epoch, event.stage);
      break;
    case "abandoned":
      abandon(draft, event.epoch);
      break;
    case "worker-lost":
      loseWorker(draft, event.workerId, event.suspect);
      break;
    case "worker-stalled":
      stallWorker(draft, event.workerId, event.attemptId);
      break;
    case "worker-answered":
      draft.stalled.delete(event.workerId);
      break;
    case "items-added":
      draft.completedItemCount += addUntouched(draft, event.itemCount, event.done);
      break;
    case "source-ended":
      draft.sourceEnded = true;
      break;
    case "attempt-completed":
      completeAttempt(draft, event.attemptId, event.isHeld === true);
      break;
    case "items-released":
      draft.heldItemCount -= event.range.itemCount;
      break;
    case "items-revoked":
      revokeItems(draft, event.range);
      break;
    case "attempt-failed":
      failAttempt(draft, event.attemptId, event.isOutOfMemory === true);
      break;
    case "attempt-rejected":
      rejectAttempt(draft, event.attemptId);
      break;
    case "pause":
      draft.phase = "paused";
      break;
    case "resume":
      draft.phase = "running";
      break;
    case "cancel":
      for (const { attemptId, workerId } of draft.attempts.values()) {
        draft.actions.push({ type: "cancel-attempt", attemptId, workerId });
      }
      draft.attempts.clear();
      draft.microBatches.clear();
      draft.phase = "cancelled";
      break;
  }
}

function settle(draft: PipelineDraft): void {
  if (draft.phase !== "running" && draft.phase !== "paused") return;
  if (!draft.sourceEnded || draft.completedItemCount < draft.endItem || draft.heldItemCount > 0) return;
  draft.phase = "finished";
  draft.actions.push({ type: "finish" });
}
