import { ShardError } from "../errors.js";
import { admit, dispatchReady } from "./dispatch.js";
import type { PipelineDraft } from "./draft.js";
import { addUntouched, untouchedItemCount } from "../untouched-items.js";
import type {
  MicroBatch,
  PipelineAction,
  PipelineEvent,
  PipelineOptions,
  PipelineState,
  StageAttempt,
  StagePlacement,
} from "./types.js";

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
    heldItemCount: 0,
    placements: new Map(),
    currentEpoch: undefined,
    microBatches: new Map(),
    attempts: new Map(),
    vacant: new Set(),
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
 * Invariant: every item of 0 … nextItem-1 is in exactly one of: completed (held or final), one micro-batch, one range of `returned`. The items of
 * `doneAhead`, which lie beyond, are completed too.
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
  const draft: PipelineDraft = {
    ...state,
    placements: new Map(state.placements),
    microBatches: new Map(state.microBatches),
    attempts: new Map(state.attempts),
    vacant: new Set(state.vacant),
    actions: [],
  };
  applyEvent(draft, event);
  if (draft.phase === "running") {
    dispatchReady(draft);
    while (admit(draft)) dispatchReady(draft);
  } else if (draft.phase === "paused") {
    // Micro-batches of replaced stages finish even in a pause, so that these stages can be released.
    dispatchReady(draft, draft.currentEpoch);
  }
  reportVacancies(draft);
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
    case "abandoned":
      abandon(draft, event.epoch);
      break;
    case "worker-lost":
      loseWorker(draft, event.workerId);
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
      draft.heldItemCount -= event.range.itemCount;
      draft.completedItemCount -= event.range.itemCount;
      draft.returned = [...draft.returned, event.range].sort((a, b) => a.firstItem - b.firstItem);
      break;
    case "attempt-failed":
      failAttempt(draft, event.attemptId);
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

function place(draft: PipelineDraft, placement: StagePlacement): void {
  const isWhole = Number.isSafeInteger(placement.microBatchItemCount) && placement.microBatchItemCount >= 1;
  if (placement.stages.length === 0 || !isWhole) {
    throw new ShardError(
      "invalid-options",
      `Expected at least one stage and micro-batches of at least one item, received ${JSON.stringify(placement)}: correct the placement.`,
    );
  }
  draft.placements.set(placement.epoch, placement);
  draft.currentEpoch = placement.epoch;
}

function staff(draft: PipelineDraft, epoch: number, stage: number, workerIds: readonly string[]): void {
  const placement = draft.placements.get(epoch);
  if (placement === undefined || workerIds.length === 0) return;
  draft.placements.set(epoch, {
    ...placement,
    stages: placement.stages.map((ids, index) => (index === stage ? workerIds : ids)),
  });
  draft.vacant.delete(`${epoch}/${stage}`);
}

function abandon(draft: PipelineDraft, epoch: number): void {
  const ranges = [...draft.returned];
  for (const batch of draft.microBatches.values()) {
    if (batch.epoch !== epoch) continue;
    if (batch.attemptId !== undefined) {
      const attempt = draft.attempts.get(batch.attemptId)!;
      draft.actions.push({ type: "cancel-attempt", attemptId: attempt.attemptId, workerId: attempt.workerId });
      draft.attempts.delete(batch.attemptId);
    }
    draft.microBatches.delete(batch.microBatchId);
    draft.actions.push({ type: "restarted", microBatchId: batch.microBatchId });
    ranges.push(batch.range);
  }
  draft.returned = ranges.sort((a, b) => a.firstItem - b.firstItem);
  if (draft.placements.delete(epoch)) draft.actions.push({ type: "epoch-done", epoch });
  if (draft.currentEpoch === epoch) draft.currentEpoch = undefined;
}

function loseWorker(draft: PipelineDraft, workerId: string): void {
  for (const attempt of draft.attempts.values()) {
    if (attempt.workerId !== workerId) continue;
    draft.attempts.delete(attempt.attemptId);
    const batch = draft.microBatches.get(attempt.microBatchId)!;
    draft.microBatches.set(batch.microBatchId, { ...batch, attemptId: undefined });
  }
  for (const [epoch, placement] of draft.placements) {
    const stages = placement.stages.map((ids) => ids.filter((id) => id !== workerId));
    draft.placements.set(epoch, { ...placement, stages });
  }
}

function takeAttempt(
  draft: PipelineDraft,
  attemptId: number,
): { attempt: StageAttempt; batch: MicroBatch } | undefined {
  const attempt = draft.attempts.get(attemptId);
  if (attempt === undefined) return undefined;
  draft.attempts.delete(attemptId);
  return { attempt, batch: draft.microBatches.get(attempt.microBatchId)! };
}

function completeAttempt(draft: PipelineDraft, attemptId: number, isHeld: boolean): void {
  const taken = takeAttempt(draft, attemptId);
  if (taken === undefined) return;
  const { attempt, batch } = taken;
  const { microBatchId, range } = batch;
  if (attempt.stage + 1 < draft.placements.get(attempt.epoch)!.stages.length) {
    draft.microBatches.set(microBatchId, { ...batch, stage: batch.stage + 1, attemptId: undefined, failedOn: [] });
    return;
  }
  draft.microBatches.delete(microBatchId);
  draft.completedItemCount += range.itemCount;
  if (isHeld) draft.heldItemCount += range.itemCount;
  draft.actions.push({ type: "completed", microBatchId, range, workerId: attempt.workerId, isHeld });
}

function failAttempt(draft: PipelineDraft, attemptId: number): void {
  const taken = takeAttempt(draft, attemptId);
  if (taken === undefined) return;
  const { attempt, batch } = taken;
  if (batch.failedOn.length === 0) {
    const failedOn = [attempt.workerId];
    draft.microBatches.set(batch.microBatchId, { ...batch, attemptId: undefined, failedOn });
    return;
  }
  for (const other of draft.attempts.values()) {
    draft.actions.push({ type: "cancel-attempt", attemptId: other.attemptId, workerId: other.workerId });
  }
  draft.phase = "failed";
  draft.actions.push({ type: "fail", range: batch.range, attemptId });
}

function rejectAttempt(draft: PipelineDraft, attemptId: number): void {
  const taken = takeAttempt(draft, attemptId);
  if (taken === undefined) return;
  const { batch } = taken;
  draft.microBatches.set(batch.microBatchId, { ...batch, stage: 0, attemptId: undefined, failedOn: [] });
  draft.actions.push({ type: "restarted", microBatchId: batch.microBatchId });
}

/** Report once each stage without workers that a micro-batch waits for, or will reach. */
function reportVacancies(draft: PipelineDraft): void {
  for (const [epoch, { stages }] of draft.placements) {
    const isCurrent = epoch === draft.currentEpoch;
    stages.forEach((workerIds, stage) => {
      const key = `${epoch}/${stage}`;
      if (workerIds.length > 0 || draft.vacant.has(key)) return;
      const isNeeded = [...draft.microBatches.values()].some((batch) => batch.epoch === epoch && batch.stage <= stage);
      const isDone = draft.sourceEnded && draft.nextItem === draft.endItem && draft.returned.length === 0;
      if (!isNeeded && (!isCurrent || isDone)) return;
      draft.vacant.add(key);
      draft.actions.push({ type: "vacant", epoch, stage });
    });
  }
}

function retireEpochs(draft: PipelineDraft): void {
  const inUse = new Set([...draft.microBatches.values()].map(({ epoch }) => epoch));
  for (const epoch of draft.placements.keys()) {
    if (epoch === draft.currentEpoch || inUse.has(epoch)) continue;
    draft.placements.delete(epoch);
    draft.actions.push({ type: "epoch-done", epoch });
  }
}

function settle(draft: PipelineDraft): void {
  if (draft.phase !== "running" && draft.phase !== "paused") return;
  if (!draft.sourceEnded || draft.completedItemCount < draft.endItem || draft.heldItemCount > 0) return;
  draft.phase = "finished";
  draft.actions.push({ type: "finish" });
}

/** Whether a stream should pull from its source: fewer items wait than two micro-batches hold, or none while nothing is placed. */
export function wantsPipelineItems(state: PipelineState): boolean {
  const { phase, placements, currentEpoch } = state;
  // A pause stops the workers, not the source.
  if (phase !== "running" && phase !== "paused") return false;
  const placement = currentEpoch === undefined ? undefined : placements.get(currentEpoch);
  return untouchedItemCount(state) < (placement === undefined ? 1 : 2 * placement.microBatchItemCount);
}
