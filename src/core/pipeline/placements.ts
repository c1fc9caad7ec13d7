import { ShardError } from "../errors.js";
import { candidatesFor, isUntroubled, isWaiting } from "./dispatch.js";
import { restart, stageKey, type PipelineDraft } from "./draft.js";
import type { StagePlacement } from "./types.js";

/** New micro-batches enter under this placement. @throws ShardError "invalid-options" for one without stages. */
export function place(draft: PipelineDraft, placement: StagePlacement): void {
  const isWhole = Number.isSafeInteger(placement.microBatchItemCount) && placement.microBatchItemCount >= 1;
  if (placement.stages.length === 0 || !isWhole) {
    throw new ShardError(
      "invalid-options",
      `Expected at least one stage and micro-batches of at least one item, received ${JSON.stringify(placement)}: correct the placement.`,
    );
  }
  const isNew = !draft.placements.has(placement.epoch);
  draft.placements.set(placement.epoch, placement);
  draft.currentEpoch = placement.epoch;
  placement.stages.forEach((workerIds, stage) => {
    if (workerIds.length > 0) draft.vacant.delete(stageKey(placement.epoch, stage));
  });
  // Workers may have come, so those that had nobody else ask again.
  if (isNew) askAgain(draft, () => true);
}

export function staff(draft: PipelineDraft, epoch: number, stage: number, workerIds: readonly string[]): void {
  const placement = draft.placements.get(epoch);
  if (placement === undefined || workerIds.length === 0) return;
  const before = placement.stages[stage]!;
  if (workerIds.every((id) => before.includes(id))) {
    leaveUnstaffed(draft, epoch, stage);
    return;
  }
  draft.placements.set(epoch, {
    ...placement,
    stages: placement.stages.map((ids, index) => (index === stage ? workerIds : ids)),
  });
  draft.vacant.delete(stageKey(epoch, stage));
  draft.asked.delete(stageKey(epoch, stage));
  askAgain(draft, (batch) => batch.epoch === epoch && batch.stage === stage);
}

/** Nobody else can take an understaffed stage. */
export function leaveUnstaffed(draft: PipelineDraft, epoch: number, stage: number): void {
  draft.asked.delete(stageKey(epoch, stage));
  for (const batch of draft.microBatches.values()) {
    if (batch.epoch !== epoch || batch.stage !== stage || !isWaiting(batch)) continue;
    draft.microBatches.set(batch.microBatchId, { ...batch, hasNoOther: true });
  }
}

function askAgain(
  draft: PipelineDraft,
  concerns: (batch: { readonly epoch: number; readonly stage: number }) => boolean,
): void {
  for (const batch of draft.microBatches.values()) {
    if (batch.hasNoOther && concerns(batch))
      draft.microBatches.set(batch.microBatchId, { ...batch, hasNoOther: false });
  }
}

export function abandon(draft: PipelineDraft, epoch: number): void {
  for (const batch of draft.microBatches.values()) {
    if (batch.epoch !== epoch) continue;
    restart(draft, batch, [{ ...batch.range, trials: batch.trials }]);
  }
  if (draft.placements.delete(epoch)) draft.actions.push({ type: "epoch-done", epoch });
  if (draft.currentEpoch === epoch) draft.currentEpoch = undefined;
}

/** Report once each stage without workers that a micro-batch waits for, or will reach. */
export function reportVacancies(draft: PipelineDraft): void {
  for (const [epoch, { stages }] of draft.placements) {
    const isCurrent = epoch === draft.currentEpoch;
    stages.forEach((workerIds, stage) => {
      const key = stageKey(epoch, stage);
      if (workerIds.length > 0 || draft.vacant.has(key)) return;
      const isNeeded = [...draft.microBatches.values()].some((batch) => batch.epoch === epoch && batch.stage <= stage);
      const isDone = draft.sourceEnded && draft.nextItem === draft.endItem && draft.returned.length === 0;
      if (!isNeeded && (!isCurrent || isDone)) return;
      draft.vacant.add(key);
      draft.actions.push({ type: "vacant", epoch, stage });
    });
  }
}

/** Report once each stage that has workers, none of which is of use to a micro-batch that waits for it. */
export function reportUnderstaffed(draft: PipelineDraft): void {
  for (const batch of draft.microBatches.values()) {
    if (!isWaiting(batch) || batch.hasNoOther || isUntroubled(draft, batch)) continue;
    const { epoch, stage } = batch;
    const key = stageKey(epoch, stage);
    if (draft.asked.has(key)) continue;
    if (draft.phase === "paused" && epoch === draft.currentEpoch) continue;
    const workerIds = draft.placements.get(epoch)?.stages[stage] ?? [];
    if (workerIds.length === 0 || candidatesFor(draft, batch, workerIds).length > 0) continue;
    draft.asked.add(key);
    draft.actions.push({ type: "understaffed", epoch, stage, except: workerIds });
  }
}

export function retireEpochs(draft: PipelineDraft): void {
  const inUse = new Set([...draft.microBatches.values()].map(({ epoch }) => epoch));
  for (const epoch of draft.placements.keys()) {
    if (epoch === draft.currentEpoch || inUse.has(epoch)) continue;
    draft.placements.delete(epoch);
    draft.actions.push({ type: "epoch-done", epoch });
  }
}
