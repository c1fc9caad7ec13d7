// How long a job still takes, against a stopwatch.
import { expect, it } from "vitest";
import { isAnyLate, plannedShares, remainingMs } from "../../../../src/core/dispatch/dispatch.js";
import type { DispatchAction } from "../../../../src/core/dispatch/types.js";
import { dispatchesOf, HandDriven, knownThroughput } from "./hand-driven.js";

type Shard = DispatchAction & { type: "dispatch" };

/**
 * Run a job on a virtual clock. @param msPerItemAt of a worker for a shard that begins then.
 * @returns what was predicted at each event, and when the job ended.
 */
function simulate(
  itemCount: number,
  learned: Readonly<Record<string, number>>,
  msPerItemAt: (workerId: string, ms: number) => number,
) {
  const job = new HandDriven();
  for (const [id, msPerItem] of Object.entries(learned)) job.add(id, knownThroughput(1, msPerItem));
  const queues = new Map<string, Shard[]>(Object.keys(learned).map((id) => [id, []]));
  const ends = new Map<string, { shard: Shard; endMs: number; serviceMs: number }>();
  const guesses: { nowMs: number; leftMs: number | undefined; isLate: boolean; rate: number }[] = [];
  const give = (shards: readonly Shard[]) => shards.forEach((shard) => queues.get(shard.workerId)!.push(shard));
  give(job.batch(itemCount) as Shard[]);
  let nowMs = 0;
  for (;;) {
    for (const [id, queue] of queues) {
      const next = ends.has(id) ? undefined : queue.shift();
      if (next === undefined) continue;
      const serviceMs = 1 + next.itemCount * msPerItemAt(id, nowMs);
      ends.set(id, { shard: next, endMs: nowMs + serviceMs, serviceMs });
    }
    const soonest = [...ends].sort(([, a], [, b]) => a.endMs - b.endMs)[0];
    if (soonest === undefined) return { guesses, endMs: nowMs };
    const [id, { shard, endMs, serviceMs }] = soonest;
    for (let ms = nowMs + 100; ms < endMs; ms += 100) {
      const rates = plannedShares(job.state, ms).map(({ itemsPerSecond = 0 }) => itemsPerSecond);
      guesses.push({
        nowMs: ms,
        leftMs: remainingMs(job.state, ms),
        isLate: isAnyLate(job.state, ms),
        rate: rates.reduce((sum, rate) => sum + rate, 0),
      });
    }
    nowMs = endMs;
    ends.delete(id);
    give(
      dispatchesOf(job.send({ type: "attempt-completed", attemptId: shard.attemptId, serviceMs }, nowMs)) as Shard[],
    );
  }
}

it("is what a stopwatch says while the workers are as fast as they were", () => {
  const paces: Readonly<Record<string, number>> = { a: 150, b: 400, c: 1_000 };
  const { guesses, endMs } = simulate(60, paces, (id) => paces[id]!);
  expect(guesses.length).toBeGreaterThan(20);
  for (const { nowMs, leftMs, isLate } of guesses) {
    expect(isLate).toBe(false);
    expect(Math.abs(nowMs + leftMs! - endMs)).toBeLessThan(1_100);
  }
});

it("is that of the one shard left on a slow worker, not that of the others that have nothing to do", () => {
  const job = new HandDriven();
  job.add("fast", knownThroughput(1, 50));
  job.add("slow", knownThroughput(1, 6_000));
  const shards = job.batch(1_000);
  const slow = shards.find(({ workerId }) => workerId === "slow");
  expect(slow).toBeDefined();
  expect(remainingMs(job.state, 0)).toBeGreaterThan(slow!.itemCount * 6_000);
});

it("grows with the time for which a slowed worker is silent, and its rate falls", () => {
  const job = new HandDriven();
  job.add("a", knownThroughput(1, 100));
  job.batch(1);
  expect(remainingMs(job.state, 40)).toBeCloseTo(61, 6);
  expect(isAnyLate(job.state, 40)).toBe(false);
  for (const ms of [200, 500, 1_000]) {
    expect(remainingMs(job.state, ms)).toBeGreaterThanOrEqual(ms);
    expect(isAnyLate(job.state, ms)).toBe(true);
    expect(plannedShares(job.state, ms)[0]!.itemsPerSecond).toBeLessThanOrEqual(1.05 * (1_000 / ms));
  }
});

it("is unknown before anything was measured, and while a first shard takes unexpectedly long", () => {
  const job = new HandDriven();
  job.add("new");
  job.batch(4);
  expect(remainingMs(job.state, 500)).toBeUndefined();
  const other = new HandDriven();
  other.add("known", knownThroughput(1, 100));
  other.add("new");
  other.batch(4);
  expect(remainingMs(other.state, 50)).toBeGreaterThan(0);
  expect(remainingMs(other.state, 5_000)).toBeUndefined();
});
