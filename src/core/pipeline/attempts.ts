import type { ItemRange } from "../dispatch/types.js";
import { judgeEnd, judgeFailure, UNTRIED, type Verdict } from "../item-trials.js";
import { cancelAttempts, restart, returnRanges, type PipelineDraft } from "./draft.js";
import type { MicroBatch, StageAttempt, Suspect } from "./types.js";

/** If as many items as this have failed and none has succeeded, the model is to blame, and the job ends. */
const HOPELESS_ITEMS = 8;

function takeAttempt(
  draft: PipelineDraft,
  attemptId: number,
): { attempt: StageAttempt; batch: MicroBatch } | undefined {
  const attempt = draft.attempts.get(attemptId);
  if (attempt === undefined) return undefined;
  draft.attempts.delete(attemptId);
  const batch = withoutAttempt(draft.microBatches.get(attempt.microBatchId)!, attemptId);
  draft.microBatches.set(batch.microBatchId, batch);
  return { attempt, batch };
}

function withoutAttempt(batch: MicroBatch, attemptId: number): MicroBatch {
  const attemptIds = batch.attemptIds.filter((id) => id !== attemptId);
  return { ...batch, attemptIds, wantsBackup: false };
}

export function completeAttempt(draft: PipelineDraft, attemptId: number, isHeld: boolean): void {
  const taken = takeAttempt(draft, attemptId);
  if (taken === undefined) return;
  const { attempt, batch } = taken;
  const { microBatchId, range } = batch;
  draft.failuresInRow.delete(attempt.workerId);
  // The first result counts.
  cancelAttempts(draft, batch);
  if (attempt.stage + 1 < draft.placements.get(attempt.epoch)!.stages.length) {
    const trials = batch.trials.failedOn.length > 0 ? { ...batch.trials, failedOn: [] } : batch.trials;
    const next = { ...batch, stage: batch.stage + 1, attemptIds: [], trials, hasNoOther: false };
    draft.microBatches.set(microBatchId, next);
    return;
  }
  draft.microBatches.delete(microBatchId);
  draft.completedItemCount += range.itemCount;
  draft.hasSucceeded = true;
  if (isHeld) draft.heldItemCount += range.itemCount;
  draft.actions.push({ type: "completed", microBatchId, range, workerId: attempt.workerId, isHeld });
}

export function failAttempt(draft: PipelineDraft, attemptId: number, isOutOfMemory: boolean): void {
  const taken = takeAttempt(draft, attemptId);
  if (taken === undefined) return;
  const { attempt, batch } = taken;
  const { range, trials } = batch;
  if (isOutOfMemory && range.itemCount > 1) {
    shrinkMicroBatches(draft, Math.ceil(range.itemCount / 2));
    if (batch.attemptIds.length === 0) restart(draft, batch, [{ ...range, trials }]);
    return;
  }
  const { workerId } = attempt;
  draft.failuresInRow.set(workerId, (draft.failuresInRow.get(workerId) ?? 0) + 1);
  if (batch.attemptIds.length > 0) {
    // The other attempt may still succeed.
    const failedOn = [...trials.failedOn, workerId];
    draft.microBatches.set(batch.microBatchId, { ...batch, trials: { ...trials, failedOn } });
    return;
  }
  carryOut(draft, batch, attemptId, judgeFailure(range, trials, workerId));
}

/** Try a micro-batch again as the verdict says: where it is, in parts from its inputs, or not at all. */
function carryOut(draft: PipelineDraft, batch: MicroBatch, attemptId: number, verdict: Verdict<string>): void {
  if (verdict.type === "poison") {
    leaveOut(draft, batch, attemptId);
    return;
  }
  const { ranges, trials } = verdict;
  const isWhole = ranges.length === 1 && !(trials.isAlone && batch.range.itemCount > 1);
  if (isWhole) draft.microBatches.set(batch.microBatchId, { ...batch, trials });
  else
    restart(
      draft,
      batch,
      ranges.map((range) => ({ ...range, trials })),
    );
}

/** From now on no micro-batch that enters is larger. */
function shrinkMicroBatches(draft: PipelineDraft, microBatchItemCount: number): void {
  for (const [epoch, placement] of draft.placements) {
    if (placement.microBatchItemCount <= microBatchItemCount) continue;
    draft.placements.set(epoch, { ...placement, microBatchItemCount });
  }
}

/** The micro-batch counts as completed, without outputs. */
function leaveOut(draft: PipelineDraft, { microBatchId, range }: MicroBatch, attemptId: number): void {
  draft.microBatches.delete(microBatchId);
  draft.completedItemCount += range.itemCount;
  draft.failedItemCount += range.itemCount;
  draft.actions.push({ type: "item-failed", microBatchId, range, attemptId });
  if (draft.hasSucceeded || draft.failedItemCount < HOPELESS_ITEMS) return;
  for (const other of draft.attempts.values()) {
    draft.actions.push({ type: "cancel-attempt", attemptId: other.attemptId, workerId: other.workerId });
  }
  draft.phase = "failed";
  draft.actions.push({ type: "fail" });
}

export function rejectAttempt(draft: PipelineDraft, attemptId: number): void {
  const taken = takeAttempt(draft, attemptId);
  if (taken === undefined) return;
  const { batch } = taken;
  cancelAttempts(draft, batch);
  draft.microBatches.set(batch.microBatchId, {
    ...batch,
    stage: 0,
    attemptIds: [],
    trials: UNTRIED,
    hasNoOther: false,
  });
  draft.actions.push({ type: "restarted", microBatchId: batch.microBatchId });
}

/** Held items were computed wrongly. */
export function revokeItems(draft: PipelineDraft, range: ItemRange): void {
  draft.heldItemCount -= range.itemCount;
  draft.completedItemCount -= range.itemCount;
  returnRanges(draft, [{ ...range, trials: UNTRIED }]);
}

export function loseWorker(draft: PipelineDraft, workerId: string, suspect: Suspect | undefined): void {
  draft.stalled.delete(workerId);
  draft.failuresInRow.delete(workerId);
  for (const attempt of draft.attempts.values()) {
    if (attempt.workerId !== workerId) continue;
    const { batch } = takeAttempt(draft, attempt.attemptId)!;
    if (suspect?.attemptId === attempt.attemptId && batch.attemptIds.length === 0) {
      carryOut(draft, batch, attempt.attemptId, judgeEnd(batch.range, batch.trials, suspect.cause));
      if (suspect.cause === "out-of-memory") shrinkMicroBatches(draft, Math.ceil(batch.range.itemCount / 2));
    }
  }
  for (const [epoch, placement] of draft.placements) {
    const stages = placement.stages.map((ids) => ids.filter((id) => id !== workerId));
    draft.placements.set(epoch, { ...placement, stages });
  }
}

/** The worker is slow or hangs: recall what it has not begun, and run the attempt that it is on elsewhere, too. */
export function stallWorker(draft: PipelineDraft, workerId: string, attemptId: number | undefined): void {
  draft.stalled.add(workerId);
  for (const attempt of draft.attempts.values()) {
    if (attempt.workerId !== workerId) continue;
    const batch = draft.microBatches.get(attempt.microBatchId)!;
    if (attempt.attemptId === attemptId) {
      draft.microBatches.set(batch.microBatchId, { ...batch, wantsBackup: batch.attemptIds.length === 1 });
      continue;
    }
    draft.attempts.delete(attempt.attemptId);
    draft.actions.push({ type: "cancel-attempt", attemptId: attempt.attemptId, workerId });
    draft.microBatches.set(batch.microBatchId, withoutAttempt(batch, attempt.attemptId));
  }
}
