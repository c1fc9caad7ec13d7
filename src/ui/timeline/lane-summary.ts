import type { AttemptLog } from "../record/attempt-log.js";
import type { RunRecord } from "../record/run-record.js";

/** What one worker did during a stretch of time. */
export interface LaneSummary {
  readonly workerId: string;
  /** Attempts that ended in it. */
  readonly attemptCount: number;
  /** Items of those that completed. If the model is split by layers, an item counts once for each stage that the worker ran. */
  readonly itemCount: number;
  readonly retryCount: number;
  readonly backupCount: number;
  /** Attempts that failed or were lost. */
  readonly failureCount: number;
  readonly cancelledCount: number;
  readonly restartCount: number;
  readonly busyMs: number;
  /** The longest time without work between two attempts, ms. */
  readonly longestGapMs: number;
}

type Draft = { -readonly [K in keyof LaneSummary]: LaneSummary[K] };

/** The same for each worker, in the order given. O(attempts held). */
export function summariseLanes(
  { attempts, states }: RunRecord,
  workerIds: readonly string[],
  fromMs: number,
  toMs: number,
): readonly LaneSummary[] {
  const drafts = new Map(workerIds.map((workerId) => [workerId, emptyDraft(workerId)]));
  const lastEndMs = new Map<Draft, number>();
  const byLane = attempts.workerIds.map((id) => drafts.get(id));
  for (let index = attempts.firstEndingFrom(fromMs); index < attempts.total; index++) {
    const endMs = attempts.endMsOf(index);
    if (endMs > toMs) break;
    const draft = byLane[attempts.laneOf(index)];
    if (draft === undefined) continue;
    count(draft, attempts, index, lastEndMs.get(draft));
    if (attempts.outcomeOf(index) !== "cancelled") lastEndMs.set(draft, endMs);
  }
  for (const { workerId, state, atMs } of states) {
    const draft = drafts.get(workerId);
    if (draft !== undefined && state === "restarting" && atMs >= fromMs && atMs <= toMs) draft.restartCount++;
  }
  return [...drafts.values()];
}

/** @param lastEndMs when the worker ended what it was on before; `undefined` if this is the first. */
function count(draft: Draft, attempts: AttemptLog, index: number, lastEndMs: number | undefined): void {
  const outcome = attempts.outcomeOf(index);
  const kind = attempts.kindOf(index);
  draft.attemptCount++;
  if (kind === "retry") draft.retryCount++;
  if (kind === "backup") draft.backupCount++;
  if (outcome === "cancelled") {
    draft.cancelledCount++;
    return;
  }
  const beginMs = attempts.beginMsOf(index);
  if (outcome === "completed") draft.itemCount += attempts.itemCountOf(index);
  else draft.failureCount++;
  draft.busyMs += attempts.endMsOf(index) - beginMs;
  if (lastEndMs !== undefined) draft.longestGapMs = Math.max(draft.longestGapMs, beginMs - lastEndMs);
}

function emptyDraft(workerId: string): Draft {
  return {
    workerId,
    attemptCount: 0,
    itemCount: 0,
    retryCount: 0,
    backupCount: 0,
    failureCount: 0,
    cancelledCount: 0,
    restartCount: 0,
    busyMs: 0,
    longestGapMs: 0,
  };
}
