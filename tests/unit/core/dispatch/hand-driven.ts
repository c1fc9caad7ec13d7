import { expect } from "vitest";
import type { Attempt, DispatchState, WorkerState } from "../../../../src/core/dispatch/state.js";
import { createDispatch, openRanges, step, undispatchedItemCount } from "../../../../src/core/dispatch/dispatch.js";
import { findWorker } from "../../../../src/core/dispatch/queries.js";
import type { DispatchAction, DispatchEvent, DispatchOptions } from "../../../../src/core/dispatch/types.js";
import { UNTRIED } from "../../../../src/core/item-trials.js";
import type { Throughput } from "../../../../src/core/throughput/types.js";
import { createThroughput, observe } from "../../../../src/core/throughput/throughput.js";

export type DispatchedShard = Extract<DispatchAction, { type: "dispatch" }>;

/** A job to which a test sends event by event. */
export class HandDriven {
  state: DispatchState;
  nowMs = 0;

  constructor(options: Partial<DispatchOptions> = {}) {
    this.state = createDispatch(options);
  }

  send(event: DispatchEvent, nowMs = this.nowMs): DispatchAction[] {
    this.nowMs = nowMs;
    const result = step(this.state, event, nowMs);
    this.state = result.state;
    checkInvariants(this.state);
    return result.actions;
  }

  add(workerId: string, throughput?: Throughput): DispatchAction[] {
    return this.send({ type: "worker-added", worker: { workerId, throughput } });
  }

  batch(itemCount: number): DispatchedShard[] {
    const actions = [...this.send({ type: "items-added", itemCount }), ...this.send({ type: "source-ended" })];
    return dispatchesOf(actions);
  }
}

export function dispatchesOf(actions: readonly DispatchAction[]): DispatchedShard[] {
  return actions.filter((action) => action.type === "dispatch");
}

/** The throughput of a worker that has taken exactly this long. */
export function knownThroughput(overheadMs: number, msPerItem: number, maxItemCount = 1000): Throughput {
  const sizes = [1, maxItemCount, 1, Math.ceil(maxItemCount / 2), maxItemCount, 1, maxItemCount];
  return sizes.reduce(
    (throughput, itemCount) => observe(throughput, { itemCount, serviceMs: overheadMs + itemCount * msPerItem }),
    createThroughput({ overheadMs, msPerItem }),
  );
}

/** The ranges that were done before are in order and lie ahead, and `nextItem` is not in one. */
function checkDoneAhead({ doneAhead, doneAheadItemCount, nextItem, endItem }: DispatchState): void {
  let startItem = nextItem + 1;
  for (const { firstItem, itemCount } of doneAhead) {
    expect(firstItem).toBeGreaterThanOrEqual(startItem);
    startItem = firstItem + itemCount;
  }
  expect(startItem).toBeLessThanOrEqual(Math.max(endItem, nextItem + 1));
  expect(doneAhead.reduce((sum, { itemCount }) => sum + itemCount, 0)).toBe(doneAheadItemCount);
}

/** Every item is in exactly one place, and the sums in the state equal a recount. */
export function checkInvariants(state: DispatchState): void {
  let [inFlightCount, inFlightItems, shardItemSum, estimatedCount, idleCount, rateSum] = [0, 0, 0, 0, 0, 0];
  const ranges: { firstItem: number; itemCount: number }[] = [...state.returned];
  const ready: number[] = [];
  for (const [slot, worker] of state.workers.entries()) {
    expect(worker.slot).toBe(slot);
    const owners = worker.inFlight.filter(({ role }) => role === "own");
    inFlightCount += owners.length;
    inFlightItems += owners.reduce((sum: number, attempt: Attempt) => sum + attempt.itemCount, 0);
    ranges.push(...owners);
    checkRoles(state, worker);
    expect(worker.inFlight.length).toBeLessThanOrEqual(Math.max(2, state.options.depth));
    if (worker.status === "away" || worker.status === "lost") expect(worker.inFlight).toEqual([]);
    if (worker.status === "away") expect(findWorker(state, worker.workerId)).toBe(worker);
    if (worker.status !== "ready") continue;
    ready.push(slot);
    shardItemSum += worker.shardItemCount;
    expect(worker.shardItemCount).toBeLessThanOrEqual(Math.min(worker.maxItemCount, state.maxShardItemCount));
    if (worker.inFlight.length === 0) idleCount++;
    if (worker.shardMs === undefined) continue;
    estimatedCount++;
    rateSum += worker.shardItemCount / worker.shardMs;
  }
  const returnedItems = state.returned.reduce((sum, range) => sum + range.itemCount, 0);
  const failedItems = state.returned.reduce((sum, range) => sum + (range.trials === UNTRIED ? 0 : range.itemCount), 0);
  expect(state).toMatchObject({ inFlightCount, shardItemSum, estimatedCount, idleCount });
  expect([...state.readySlots].sort((a, b) => a - b)).toEqual(ready);
  expect(state).toMatchObject({ returnedItemCount: returnedItems, failedItemCount: failedItems });
  expect(Math.abs(state.rateSum - rateSum)).toBeLessThanOrEqual(1e-6 * Math.max(1, rateSum));
  checkDoneAhead(state);
  expect(state.completedItemCount + inFlightItems + undispatchedItemCount(state)).toBe(state.endItem);
  ranges.sort((a, b) => a.firstItem - b.firstItem);
  ranges.forEach((range, index) => {
    const next = ranges[index + 1]?.firstItem ?? state.nextItem;
    expect(range.firstItem + range.itemCount).toBeLessThanOrEqual(next);
  });
}

/** What is open of a backed-up attempt is with others, and a stalled worker is on one attempt that stalls it. */
function checkRoles(state: DispatchState, { status, inFlight }: WorkerState): void {
  for (const [index, attempt] of inFlight.entries()) {
    if (attempt.role === "own") continue;
    const open = openRanges(state, attempt.attemptId).reduce((sum, { itemCount }) => sum + itemCount, 0);
    expect([index, open]).toEqual([0, attempt.openItemCount]);
    expect(open > 0).toBe(attempt.role === "backed-up");
  }
  if (status === "stalled") expect(inFlight).toHaveLength(1);
  const isHeldUp = inFlight.some(({ role, isOverdue }) => role === "backed-up" || isOverdue);
  if (isHeldUp) expect(status).not.toBe("ready");
}
