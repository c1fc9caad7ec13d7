import type { PipelineDraft } from "./draft.js";
import { nextRunItemCount, takeUntouched } from "../untouched-items.js";
import type { MicroBatch, StagePlacement } from "./types.js";

/**
 * Dispatch to every worker that has room the micro-batch that is furthest along of those that wait for its stages.
 *
 * @param heldEpoch micro-batches of this epoch keep waiting.
 */
export function dispatchReady(draft: PipelineDraft, heldEpoch?: number): void {
  const load = new Map<string, number>();
  for (const { workerId } of draft.attempts.values()) load.set(workerId, (load.get(workerId) ?? 0) + 1);
  const waiting = [...draft.microBatches.values()]
    .filter(({ attemptId, epoch }) => attemptId === undefined && epoch !== heldEpoch)
    .sort((a, b) => a.epoch - b.epoch || b.stage - a.stage || a.range.firstItem - b.range.firstItem);
  for (const batch of waiting) {
    const placement = draft.placements.get(batch.epoch);
    if (placement === undefined || !hasRoomBehind(draft, placement, batch.stage)) continue;
    const workerId = leastLoaded(draft, placement, batch, load);
    if (workerId === undefined) continue;
    load.set(workerId, (load.get(workerId) ?? 0) + 1);
    dispatch(draft, batch, workerId);
  }
}

/**
 * Admit the next micro-batch, where the first stage has a worker with room and the second one's queue is not full.
 *
 * @returns whether one entered.
 */
export function admit(draft: PipelineDraft): boolean {
  const epoch = draft.currentEpoch;
  if (epoch === undefined) return false;
  const placement = draft.placements.get(epoch)!;
  const { microBatchItemCount, stages } = placement;
  const enteringCount = [...draft.microBatches.values()].filter(
    (each) => each.epoch === epoch && each.stage === 0,
  ).length;
  const room = draft.options.depth * stages[0]!.length;
  if (enteringCount >= room || !hasRoomBehind(draft, placement, 0)) return false;
  const load = [...draft.attempts.values()].filter(({ workerId }) => stages[0]!.includes(workerId)).length;
  if (load >= room) return false;
  const range = takeRange(draft, microBatchItemCount);
  if (range === undefined) return false;
  const microBatchId = draft.nextId++;
  draft.microBatches.set(microBatchId, { microBatchId, range, epoch, stage: 0, attemptId: undefined, failedOn: [] });
  return true;
}

function takeRange(draft: PipelineDraft, itemCount: number): MicroBatch["range"] | undefined {
  const [returned, ...rest] = draft.returned;
  if (returned !== undefined) {
    const count = Math.min(itemCount, returned.itemCount);
    const left = { firstItem: returned.firstItem + count, itemCount: returned.itemCount - count };
    draft.returned = left.itemCount > 0 ? [left, ...rest] : rest;
    return { firstItem: returned.firstItem, itemCount: count };
  }
  // A short micro-batch waits for more items while the source is open, unless the pipeline is empty.
  const available = nextRunItemCount(draft);
  const mayGrow = !draft.sourceEnded && draft.doneAhead.length === 0;
  if (available === 0 || (available < itemCount && mayGrow && draft.microBatches.size > 0)) return undefined;
  return takeUntouched(draft, Math.min(itemCount, available));
}

/** Whether the queue of the next stage, with what is on its way there, has room for one more. */
function hasRoomBehind(draft: PipelineDraft, placement: StagePlacement, stage: number): boolean {
  const next = placement.stages[stage + 1];
  if (next === undefined) return true;
  let count = 0;
  for (const batch of draft.microBatches.values()) {
    if (batch.epoch !== placement.epoch) continue;
    if (batch.stage === stage + 1 || (batch.stage === stage && batch.attemptId !== undefined)) count++;
  }
  const { depth } = draft.options;
  return count < depth * (Math.max(1, next.length) + placement.stages[stage]!.length);
}

/** The replica with the fewest attempts, of those with room. One where this micro-batch failed counts only where there is no other. */
function leastLoaded(
  draft: PipelineDraft,
  placement: StagePlacement,
  batch: MicroBatch,
  load: ReadonlyMap<string, number>,
): string | undefined {
  const replicas = placement.stages[batch.stage]!;
  const others = replicas.filter((id) => !batch.failedOn.includes(id));
  let best: string | undefined;
  let bestLoad = draft.options.depth;
  for (const id of others.length > 0 ? others : replicas) {
    const count = load.get(id) ?? 0;
    if (count < bestLoad) [best, bestLoad] = [id, count];
  }
  return best;
}

function dispatch(draft: PipelineDraft, batch: MicroBatch, workerId: string): void {
  const { microBatchId, epoch, stage, range } = batch;
  const attemptId = draft.nextId++;
  const attempt = { attemptId, microBatchId, epoch, stage, workerId, range };
  draft.attempts.set(attemptId, attempt);
  draft.microBatches.set(microBatchId, { ...batch, attemptId });
  draft.actions.push({ type: "dispatch", attempt });
}
