import type { PipelineDraft } from "./draft.js";
import { UNTRIED } from "../item-trials.js";
import { nextRunItemCount, takeUntouched } from "../untouched-items.js";
import type { MicroBatch, ReturnedRange, StagePlacement } from "./types.js";

/** A worker that has failed as often as this in a row gets work only where there is no other. */
const FAILURES_TO_AVOID = 3;

/**
 * Dispatch to every worker that has room the micro-batch that is furthest along of those that wait for its stages.
 *
 * @param heldEpoch micro-batches of this epoch keep waiting.
 */
export function dispatchReady(draft: PipelineDraft, heldEpoch?: number): void {
  const load = new Map<string, number>();
  for (const { workerId, microBatchId } of draft.attempts.values()) {
    load.set(workerId, (load.get(workerId) ?? 0) + weightOf(draft.microBatches.get(microBatchId)));
  }
  const waiting = [...draft.microBatches.values()]
    .filter((batch) => isWaiting(batch) && batch.epoch !== heldEpoch)
    .sort((a, b) => a.epoch - b.epoch || b.stage - a.stage || a.range.firstItem - b.range.firstItem);
  for (const batch of waiting) {
    const placement = draft.placements.get(batch.epoch);
    if (placement === undefined || !hasRoomBehind(draft, placement, batch.stage)) continue;
    const workerId = leastLoaded(draft, placement, batch, load);
    if (workerId === undefined) continue;
    const isFree = (load.get(workerId) ?? 0) === 0;
    load.set(workerId, (load.get(workerId) ?? 0) + weightOf(batch));
    // Otherwise the worker is kept for it, and does what it has first.
    if (isFree || !batch.trials.isAlone) dispatch(draft, batch, workerId);
  }
}

/**
 * How much of a worker's room a micro-batch takes. Nothing queues before or behind one that is run by itself: if the worker ended, it would
 * be blamed for the other's doing, whose answer may be on its way.
 */
function weightOf(batch: MicroBatch | undefined): number {
  return batch?.trials.isAlone === true ? Infinity : 1;
}

/** Whether a micro-batch waits for a worker. */
export function isWaiting({ attemptIds, wantsBackup }: MicroBatch): boolean {
  return attemptIds.length === 0 || wantsBackup;
}

/** Whether nothing speaks against any worker of its stage. */
export function isUntroubled({ stalled }: PipelineDraft, { attemptIds, trials }: MicroBatch): boolean {
  return stalled.size === 0 && attemptIds.length === 0 && trials.failedOn.length === 0;
}

/**
 * Those of a stage's workers that are of use to a micro-batch: not stalled, not on it already, and none that has failed it, unless two
 * have or there is no other.
 */
export function candidatesFor(
  draft: PipelineDraft,
  batch: MicroBatch,
  workerIds: readonly string[],
): readonly string[] {
  const { attemptIds, trials, hasNoOther } = batch;
  if (isUntroubled(draft, batch)) return workerIds;
  const runningOn = attemptIds.map((attemptId) => draft.attempts.get(attemptId)?.workerId);
  const usable = workerIds.filter((id) => !draft.stalled.has(id) && !runningOn.includes(id));
  const others = usable.filter((id) => !trials.failedOn.includes(id));
  const mayRepeat = hasNoOther || new Set(trials.failedOn).size > 1;
  return others.length === 0 && mayRepeat ? usable : others;
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
  const taken = takeRange(draft, microBatchItemCount);
  if (taken === undefined) return false;
  const { firstItem, itemCount, trials } = taken;
  const microBatchId = draft.nextId++;
  draft.microBatches.set(microBatchId, {
    microBatchId,
    range: { firstItem, itemCount },
    epoch,
    stage: 0,
    attemptIds: [],
    wantsBackup: false,
    trials,
    hasNoOther: false,
  });
  return true;
}

function takeRange(draft: PipelineDraft, itemCount: number): ReturnedRange | undefined {
  const [returned, ...rest] = draft.returned;
  if (returned !== undefined) {
    const { firstItem, itemCount: present, trials } = returned;
    const count = trials.isAlone ? 1 : trials === UNTRIED ? Math.min(itemCount, present) : present;
    const left = { ...returned, firstItem: firstItem + count, itemCount: present - count };
    draft.returned = left.itemCount > 0 ? [left, ...rest] : rest;
    return { ...returned, itemCount: count };
  }
  // A short micro-batch waits for more items while the source is open, unless the pipeline is empty.
  const available = nextRunItemCount(draft);
  const mayGrow = !draft.sourceEnded && draft.doneAhead.length === 0;
  if (available === 0 || (available < itemCount && mayGrow && draft.microBatches.size > 0)) return undefined;
  return { ...takeUntouched(draft, Math.min(itemCount, available)), trials: UNTRIED };
}

/** Whether the queue of the next stage, with what is on its way there, has room for one more. */
function hasRoomBehind(draft: PipelineDraft, placement: StagePlacement, stage: number): boolean {
  const next = placement.stages[stage + 1];
  if (next === undefined) return true;
  let count = 0;
  for (const batch of draft.microBatches.values()) {
    if (batch.epoch !== placement.epoch) continue;
    if (batch.stage === stage + 1 || (batch.stage === stage && batch.attemptIds.length > 0)) count++;
  }
  const { depth } = draft.options;
  return count < depth * (Math.max(1, next.length) + placement.stages[stage]!.length);
}

/** Of the replicas that are of use and have room, the one with the fewest attempts. */
function leastLoaded(
  draft: PipelineDraft,
  placement: StagePlacement,
  batch: MicroBatch,
  load: ReadonlyMap<string, number>,
): string | undefined {
  const useful = candidatesFor(draft, batch, placement.stages[batch.stage]!);
  const sound =
    draft.failuresInRow.size === 0
      ? useful
      : useful.filter((id) => (draft.failuresInRow.get(id) ?? 0) < FAILURES_TO_AVOID);
  let best: string | undefined;
  let bestLoad = draft.options.depth;
  for (const id of sound.length > 0 ? sound : useful) {
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
  draft.microBatches.set(microBatchId, {
    ...batch,
    attemptIds: [...batch.attemptIds, attemptId],
    wantsBackup: false,
  });
  draft.actions.push({ type: "dispatch", attempt });
}
