import { removeAttempt, replaceAttempt, returnItems, takeReturned } from "./draft.js";
import type { PendingRange, Trials } from "./pending-ranges.js";
import { slotOfAttempt, type Attempt, type DispatchState, type Draft, type WorkerState } from "./state.js";
import type { ItemRange } from "./types.js";

/** An attempt in flight, and the worker that is on it or has queued it. */
export interface Placed {
  readonly worker: WorkerState;
  readonly attempt: Attempt;
}

export function findAttempt(state: DispatchState, attemptId: number): Placed | undefined {
  const worker = state.workers[slotOfAttempt(attemptId)];
  const attempt = worker?.inFlight.find((candidate) => candidate.attemptId === attemptId);
  return worker && attempt && { worker, attempt };
}

/**
 * Let others run an attempt's items, too: they are returned to be dispatched again, while the attempt goes on. Its worker gets nothing
 * more before it has ended.
 * Source: backup tasks as in MapReduce (Dean and Ghemawat, 2004), chosen by the time that is left as in LATE (Zaharia et al., 2008).
 */
export function backUp(draft: Draft, worker: WorkerState, attempt: Attempt): void {
  const { attemptId, firstItem, itemCount, trials, backsUp } = attempt;
  replaceAttempt(draft, worker, attempt, { ...attempt, role: "backed-up" });
  returnItems(draft, { firstItem, itemCount, trials, backsUp: [attemptId, ...backsUp] });
}

/** How many attempts that ran these items before are still in flight. */
export function earlierCount(state: DispatchState, { backsUp }: Pick<PendingRange, "backsUp">): number {
  return backsUp.filter((id) => findAttempt(state, id)?.attempt.role === "backed-up").length;
}

/** The attempts that own open items of a backed-up one. O(W). */
function ownersOf(draft: DispatchState, attemptId: number): Placed[] {
  return draft.workers.flatMap((worker) =>
    worker.inFlight
      .filter(({ role, backsUp }) => role === "own" && backsUp.includes(attemptId))
      .map((attempt) => ({ worker, attempt })),
  );
}

/**
 * Which of an attempt's items its result would complete, ascending: all, or those that others have not completed first; none of an attempt
 * that is unknown or no longer wanted. O(1), or O(W) for an attempt that was backed up.
 */
export function openRanges(state: DispatchState, attemptId: number): readonly ItemRange[] {
  const attempt = findAttempt(state, attemptId)?.attempt;
  if (attempt === undefined || attempt.role === "dropped") return [];
  if (attempt.role === "own") return [attempt];
  const waiting = state.returned.filter(({ backsUp }) => backsUp.includes(attemptId));
  return [...waiting, ...ownersOf(state, attemptId).map((owner) => owner.attempt)]
    .map(({ firstItem, itemCount }) => ({ firstItem, itemCount }))
    .sort((a, b) => a.firstItem - b.firstItem);
}

/** A backed-up attempt has completed first: what is left of its items is taken from those that have it. */
export function takeBack(draft: Draft, { attemptId }: Attempt): void {
  for (let index = draft.returned.length - 1; index >= 0; index--) {
    const { backsUp, itemCount } = draft.returned[index]!;
    if (backsUp.includes(attemptId)) takeReturned(draft, index, itemCount);
  }
  for (const worker of draft.workers) {
    for (const { attemptId: id, role, backsUp } of worker.inFlight) {
      if (role !== "dropped" && backsUp.includes(attemptId)) drop(draft, id);
    }
  }
}

/** The result of an attempt is no longer wanted. If its worker is on it, it stays in flight until it ends. */
function drop(draft: Draft, attemptId: number): void {
  const found = findAttempt(draft, attemptId);
  if (found === undefined || found.attempt.role === "dropped") return;
  const { worker, attempt } = found;
  if (worker.inFlight[0] !== attempt) removeAttempt(draft, worker, attempt);
  else replaceAttempt(draft, worker, attempt, { ...attempt, role: "dropped", openItemCount: 0 });
  draft.actions.push({ type: "cancel-attempt", attemptId, workerId: worker.workerId });
}

/** Items are completed or given up that these attempts run, too. An attempt of which nothing is left is dropped. */
export function noteDone(draft: Draft, backsUp: readonly number[], itemCount: number): void {
  for (const id of backsUp) {
    const found = findAttempt(draft, id);
    if (found === undefined || found.attempt.role !== "backed-up") continue;
    const { worker, attempt } = found;
    const openItemCount = attempt.openItemCount - itemCount;
    replaceAttempt(draft, worker, attempt, { ...attempt, openItemCount });
    if (openItemCount === 0) drop(draft, id);
  }
}

/**
 * A backed-up attempt has ended without a result: take those of its items that wait, and that nobody else is on. Others may have taken
 * them over from it, and have ended without a result before it.
 */
export function takeAbandoned(draft: Draft, { attemptId }: Attempt): PendingRange[] {
  const abandoned = draft.returned.filter(
    (range) => range.backsUp.includes(attemptId) && earlierCount(draft, range) === 0,
  );
  for (const range of abandoned) takeReturned(draft, draft.returned.indexOf(range), range.itemCount);
  return abandoned;
}

/** The same: note that with those of its items that others are on. */
export function amendTrials(draft: Draft, { attemptId }: Attempt, amend: (trials: Trials) => Trials): void {
  for (const range of draft.returned.filter(
    (each) => each.backsUp.includes(attemptId) && earlierCount(draft, each) > 0,
  )) {
    takeReturned(draft, draft.returned.indexOf(range), range.itemCount);
    returnItems(draft, { ...range, trials: amend(range.trials) });
  }
  for (const { worker, attempt } of ownersOf(draft, attemptId)) {
    replaceAttempt(draft, worker, attempt, { ...attempt, trials: amend(attempt.trials) });
  }
}

/** Take the attempts that wait behind the one that the worker is on away from it. */
export function recallWaiting(draft: Draft, slot: number): void {
  for (let worker = draft.workers[slot]!; worker.inFlight.length > 1;) {
    worker = recallLast(draft, worker);
  }
}

/** Take the last of a worker's attempts, which has not begun, away from it. */
export function recallLast(draft: Draft, worker: WorkerState): WorkerState {
  const attempt = worker.inFlight.at(-1)!;
  const left = removeAttempt(draft, worker, attempt);
  if (attempt.role === "own") returnItems(draft, attempt);
  draft.actions.push({ type: "cancel-attempt", attemptId: attempt.attemptId, workerId: worker.workerId });
  return left;
}
