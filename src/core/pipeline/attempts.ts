import { cancelAttempts, restart, returnRanges, unsuspected, type PipelineDraft } from "./draft.js";
import type { ItemRange } from "../dispatch/types.js";
import type { MicroBatch, ReturnedRange, StageAttempt, Suspect } from "./types.js";

/** If as many items as this have failed and none has succeeded, the model is to blame, and the job ends. */
const HOPELESS_ITEMS = 8;

/** A micro-batch with this crash score is split into single items, each of which then runs alone. */
const SPLIT_AT_CRASH_SCORE = 2;
/** An item with this crash score has ended two workers, or was on three when they ended: no other one gets it. */
const POISON_CRASH_SCORE = 3;
const CRASH_SCORES: Readonly<Record<Suspect["suspicion"], number>> = { strong: 2, weak: 1 };

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
    const next = { ...batch, stage: batch.stage + 1, attemptIds: [], failedOn: [], isAlone: false };
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
  const { itemCount } = batch.range;
  if (isOutOfMemory && itemCount > 1) {
    shrinkMicroBatches(draft, Math.ceil(itemCount / 2));
    if (batch.attemptIds.length === 0) restart(draft, batch, halvesOf(batch, false));
    return;
  }
  draft.failuresInRow.set(attempt.workerId, (draft.failuresInRow.get(attempt.workerId) ?? 0) + 1);
  const failedOn = [...batch.failedOn, attempt.workerId];
  draft.microBatches.set(batch.microBatchId, { ...batch, failedOn });
  // Its other attempt may still succeed.
  if (batch.attemptIds.length > 0) return;
  const hasFailedTwice = failedOn.length > 1;
  if (itemCount > 1 && (hasFailedTwice || batch.isSuspect)) restart(draft, batch, halvesOf(batch, true));
  else if (hasFailedTwice) leaveOut(draft, batch, attemptId);
}

/** From now on no micro-batch that enters is larger. */
function shrinkMicroBatches(draft: PipelineDraft, microBatchItemCount: number): void {
  for (const [epoch, placement] of draft.placements) {
    if (placement.microBatchItemCount <= microBatchItemCount) continue;
    draft.placements.set(epoch, { ...placement, microBatchItemCount });
  }
}

function halvesOf({ range, crashScore }: MicroBatch, isSuspect: boolean): ReturnedRange[] {
  const first = Math.ceil(range.itemCount / 2);
  return [
    { firstItem: range.firstItem, itemCount: first, isSuspect, crashScore },
    { firstItem: range.firstItem + first, itemCount: range.itemCount - first, isSuspect, crashScore },
  ];
}

/** The micro-batch counts as completed, without outputs. */
function leaveOut(draft: PipelineDraft, { microBatchId, range }: MicroBatch, attemptId: number): void {
  draft.microBatches.delete(microBatchId);
  draft.completedItemCount += range.itemCount;
  draft.failedItemCount += range.itemCount;
  const hasAllFailed = draft.sourceEnded && draft.failedItemCount === draft.endItem;
  if (draft.hasSucceeded || (!hasAllFailed && draft.failedItemCount < HOPELESS_ITEMS)) {
    draft.actions.push({ type: "item-failed", microBatchId, range, attemptId });
    return;
  }
  for (const other of draft.attempts.values()) {
    draft.actions.push({ type: "cancel-attempt", attemptId: other.attemptId, workerId: other.workerId });
  }
  draft.phase = "failed";
  draft.actions.push({ type: "fail", range, attemptId });
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
    failedOn: [],
    isAlone: false,
  });
  draft.actions.push({ type: "restarted", microBatchId: batch.microBatchId });
}

/** Held items were computed wrongly. */
export function revokeItems(draft: PipelineDraft, range: ItemRange): void {
  draft.heldItemCount -= range.itemCount;
  draft.completedItemCount -= range.itemCount;
  returnRanges(draft, [unsuspected(range)]);
}

export function loseWorker(draft: PipelineDraft, workerId: string, suspect: Suspect | undefined): void {
  draft.stalled.delete(workerId);
  draft.failuresInRow.delete(workerId);
  for (const attempt of draft.attempts.values()) {
    if (attempt.workerId !== workerId) continue;
    const { batch } = takeAttempt(draft, attempt.attemptId)!;
    if (suspect?.attemptId === attempt.attemptId && batch.attemptIds.length === 0) {
      suspectBatch(draft, batch, suspect);
    }
  }
  for (const [epoch, placement] of draft.placements) {
    const stages = placement.stages.map((ids) => ids.filter((id) => id !== workerId));
    draft.placements.set(epoch, { ...placement, stages });
  }
}

function suspectBatch(draft: PipelineDraft, batch: MicroBatch, { attemptId, suspicion }: Suspect): void {
  const crashScore = batch.crashScore + CRASH_SCORES[suspicion];
  const { firstItem, itemCount } = batch.range;
  if (itemCount > 1 && crashScore >= SPLIT_AT_CRASH_SCORE) {
    const items = Array.from({ length: itemCount }, (_, index) => ({
      firstItem: firstItem + index,
      itemCount: 1,
      isSuspect: true,
      crashScore,
    }));
    restart(draft, batch, items);
  } else if (itemCount === 1 && crashScore >= POISON_CRASH_SCORE) {
    leaveOut(draft, batch, attemptId);
  } else {
    draft.microBatches.set(batch.microBatchId, { ...batch, crashScore });
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
