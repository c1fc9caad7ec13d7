import { recallLast } from "./backups.js";
import { isFresh } from "./pending-ranges.js";
import { workerAt } from "./plan.js";
import { refillAll } from "./refill.js";
import type { Draft, WorkerState } from "./state.js";
import { backlog, expectedMs } from "./worker.js";

/** A recall has to save at least this part of a quantum beyond the overheads that it adds. */
const WORTHWHILE_FRACTION = 0.2;

/** A worker with a queued attempt. */
interface Donor {
  readonly worker: WorkerState;
  /** When it would finish all that it has, ms from now. */
  readonly finishMs: number;
  readonly slowdown: number;
}

/**
 * At the very end, let an idle worker help the one that would finish last. That one's queued attempt, which has not started, is
 * cancelled, and its items are planned again. This is done only where it pays by the prediction.
 * O(W log W), and only while a worker idles and nothing is left to dispatch.
 */
export function recallQueued(draft: Draft, nowMs: number): void {
  const { policy, quantumMs, depth } = draft.options;
  const atEnd = draft.phase === "running" && draft.sourceEnded && draft.nextItem === draft.endItem;
  if (!atEnd || draft.returned.length > 0 || draft.idleCount === 0) return;
  if (depth < 2 || policy !== "makespan" || draft.inFlightCount <= draft.readySlots.length - draft.idleCount) return;

  const workers = draft.readySlots.map((slot) => workerAt(draft, slot));
  const meanMs = draft.estimatedCount > 0 ? draft.estimatedCount / draft.rateSum : 1;
  const takers = workers
    .filter((worker) => worker.inFlight.length === 0 && worker.shardMs !== undefined)
    .sort((a, b) => msPerItem(a) - msPerItem(b) || a.slot - b.slot);
  const donors = workers
    .filter((worker) => worker.inFlight.length >= 2)
    .map((worker): Donor => {
      const { aheadMs, slowdown } = backlog(worker, nowMs, meanMs);
      return { worker, finishMs: aheadMs, slowdown };
    })
    .sort((a, b) => b.finishMs - a.finishMs || a.worker.slot - b.worker.slot);

  let recalledCount = 0;
  for (const taker of takers) {
    const donor = donors[recalledCount];
    if (donor === undefined || savedMs(donor, taker, meanMs) < WORTHWHILE_FRACTION * quantumMs) break;
    recallLast(draft, donor.worker);
    recalledCount++;
  }
  if (recalledCount > 0) refillAll(draft, nowMs);
}

/** How much earlier the two finish if the donor's last attempt is divided between them, ms. */
function savedMs({ worker, finishMs, slowdown }: Donor, taker: WorkerState, meanMs: number): number {
  const attempt = worker.inFlight.at(-1)!;
  if (!isFresh(attempt)) return 0;
  const n = attempt.itemCount;
  const donorMs = (expectedMs(worker.throughput, n) ?? n * meanMs) * slowdown;
  const takerMs = expectedMs(taker.throughput, n)!;
  const startMs = finishMs - donorMs;
  const bothMs = (n + (startMs * n) / donorMs) / (n / donorMs + n / takerMs);
  const addedMs = (worker.throughput.overheadMs ?? 0) * slowdown + (taker.throughput.overheadMs ?? 0);
  const dividedMs = bothMs > startMs && n > 1 ? Math.min(takerMs, bothMs + addedMs) : takerMs;
  return finishMs - Math.max(dividedMs, startMs);
}

function msPerItem(worker: WorkerState): number {
  return worker.shardMs! / worker.shardItemCount;
}
