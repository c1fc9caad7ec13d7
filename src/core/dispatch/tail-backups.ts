import { backUp, earlierCount } from "./backups.js";
import { dispatchTo } from "./draft.js";
import { stall } from "./overdue.js";
import { workerAt } from "./plan.js";
import { refillAll } from "./refill.js";
import type { Attempt, Draft, WorkerState } from "./state.js";
import { elapsedOn, expectedMs, isFirstRun } from "./worker.js";
import { UNTRIED } from "../item-trials.js";

/** A backup has to save at least this part of a quantum, and of its own time: it costs a second run of the items. */
const WORTHWHILE_FRACTION = 0.5;
/** An attempt whose time can't be predicted is backed up after this long at the earliest, ms. */
const LEAST_ELAPSED_MS = 250;

interface Straggler {
  readonly worker: WorkerState;
  readonly attempt: Attempt;
  /** How long it is expected to run on, ms. */
  readonly leftMs: number;
}

/**
 * At the very end, when nothing is left to dispatch, let idle workers run the items of attempts that would hold up the job, once for each
 * attempt and only where that pays by the prediction. O(W log W), and only while a worker idles.
 */
export function backUpStragglers(draft: Draft, nowMs: number): void {
  const { policy, quantumMs } = draft.options;
  const atEnd = draft.phase === "running" && draft.sourceEnded && draft.nextItem === draft.endItem;
  if (!atEnd || draft.returned.length > 0 || draft.idleCount === 0 || draft.inFlightCount === 0) return;
  if (policy !== "makespan") return;
  const takers = draft.readySlots.map((slot) => workerAt(draft, slot)).filter(isIdle);
  const stragglers = draft.workers
    .flatMap((worker) => stragglerOf(draft, worker, nowMs) ?? [])
    .sort((a, b) => b.leftMs - a.leftMs || a.worker.slot - b.worker.slot);
  let hasBegun = false;
  for (const { worker, attempt, leftMs } of stragglers) {
    const taker = bestTaker(takers, attempt.itemCount);
    if (taker === undefined) break;
    const takerMs = expectedMs(taker.throughput, attempt.itemCount)!;
    if (leftMs - takerMs < WORTHWHILE_FRACTION * Math.max(quantumMs, takerMs)) continue;
    backUp(draft, worker, attempt);
    stall(draft, worker);
    dispatchTo(draft, workerAt(draft, taker.slot), taker.shardItemCount, nowMs, 0);
    takers.splice(takers.indexOf(taker), 1);
    hasBegun = true;
  }
  if (hasBegun) refillAll(draft, nowMs);
}

/** Whether it has nothing to do, and it is known how fast it is. */
function isIdle({ inFlight, isElsewhere, shardMs, shardItemCount, throughput, bucketed }: WorkerState): boolean {
  if (inFlight.length > 0 || isElsewhere || shardMs === undefined) return false;
  return !isFirstRun({ throughput, bucketed }, shardItemCount);
}

/** The attempt that the worker is on, unless others wait behind it or it has been backed up: those are recalled first. */
function stragglerOf(draft: Draft, worker: WorkerState, nowMs: number): Straggler | undefined {
  const [attempt, second] = worker.inFlight;
  if (attempt === undefined || second !== undefined || attempt.role !== "own" || attempt.trials !== UNTRIED) {
    return undefined;
  }
  if (earlierCount(draft, attempt) > 0) return undefined;
  const elapsedMs = elapsedOn(worker, attempt, nowMs);
  const predictedMs = expectedMs(worker.throughput, attempt.itemCount);
  const isKnown = predictedMs !== undefined && !isFirstRun(worker, attempt.itemCount);
  if (isKnown && !worker.isElsewhere) return { worker, attempt, leftMs: Math.abs(predictedMs - elapsedMs) };
  // What has run, or has waited for another job's work, for so long is expected to do so for as long again.
  if (elapsedMs < LEAST_ELAPSED_MS) return undefined;
  return { worker, attempt, leftMs: isKnown ? predictedMs + elapsedMs : elapsedMs };
}

/** The worker that would run these items in the least time. */
function bestTaker(takers: readonly WorkerState[], itemCount: number): WorkerState | undefined {
  let best: WorkerState | undefined;
  for (const taker of takers) {
    const isFaster =
      best === undefined || expectedMs(taker.throughput, itemCount)! < expectedMs(best.throughput, itemCount)!;
    if (isFaster) best = taker;
  }
  return best;
}
