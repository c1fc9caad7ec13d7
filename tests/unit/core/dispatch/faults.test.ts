import { describe, expect, it } from "vitest";
import {
  completedItemCount,
  jobPhase,
  plannedShares,
  undispatchedItemCount,
} from "../../../../src/core/dispatch/dispatch.js";
import type { DispatchAction } from "../../../../src/core/dispatch/types.js";
import { dispatchesOf, HandDriven, knownThroughput } from "./hand-driven.js";

const total = (shards: readonly { itemCount: number }[]) => shards.reduce((sum, shard) => sum + shard.itemCount, 0);

describe("step: faults", () => {
  it("re-dispatches a lost worker's ranges at once, lowest first, and not as failed", () => {
    const job = new HandDriven();
    job.add("a", knownThroughput(0, 1));
    job.add("b", knownThroughput(0, 1));
    const shards = job.batch(150);
    const lost = shards.filter(({ workerId }) => workerId === "a");
    const again = dispatchesOf(job.send({ type: "worker-lost", workerId: "a" }, 1));
    expect(again[0]!.firstItem).toBe(lost[0]!.firstItem);
    expect(again.every(({ workerId }) => workerId === "b")).toBe(true);
    expect(job.send({ type: "attempt-completed", attemptId: lost[0]!.attemptId, serviceMs: 1 }, 2)).toEqual([]);
    expect(completedItemCount(job.state)).toBe(0);
  });

  it("retries failed items only where they have not failed", () => {
    const job = new HandDriven({ depth: 1 });
    job.add("a", knownThroughput(0, 100));
    job.add("b", knownThroughput(0, 100));
    const [first, second] = job.batch(5);
    const afterFailure = dispatchesOf(job.send({ type: "attempt-failed", attemptId: first!.attemptId }, 10));
    expect(afterFailure.map(({ workerId }) => workerId)).toEqual(["a"]);
    expect(afterFailure[0]!.firstItem).not.toBe(first!.firstItem);
    const retry = dispatchesOf(
      job.send({ type: "attempt-completed", attemptId: second!.attemptId, serviceMs: 100 }, 100),
    );
    expect(retry[0]).toMatchObject({ workerId: "b", firstItem: first!.firstItem });
  });

  it("gives up an item that failed on two workers and once more, and no other", () => {
    const job = new HandDriven({ depth: 1 });
    job.add("a", knownThroughput(0, 100));
    job.add("b", knownThroughput(0, 100));
    const open = job.batch(5);
    const tried: string[] = [];
    const actions: DispatchAction[] = [];
    for (let atMs = 10; open.length > 0; atMs += 10) {
      const { attemptId, firstItem, workerId } = open.shift()!;
      if (firstItem === 0) tried.push(workerId);
      const ended = job.send(
        firstItem === 0
          ? { type: "attempt-failed", attemptId }
          : { type: "attempt-completed", attemptId, serviceMs: 100 },
        atMs,
      );
      open.push(...dispatchesOf(ended));
      actions.push(...ended);
    }
    expect(tried).toHaveLength(3);
    expect(new Set(tried)).toEqual(new Set(["a", "b"]));
    expect(actions.filter(({ type }) => type !== "dispatch")).toEqual([
      { type: "items-given-up", firstItem: 0, itemCount: 1, error: undefined },
      { type: "finish" },
    ]);
  });

  it("fails once eight items were given up and nothing has succeeded", () => {
    const job = new HandDriven({ depth: 1 });
    job.add("a");
    const open = job.batch(1000);
    let runCount = 0;
    const actions: DispatchAction[] = [];
    for (; open.length > 0; runCount++) {
      const ended = job.send({ type: "attempt-failed", attemptId: open.shift()!.attemptId }, runCount);
      open.push(...dispatchesOf(ended));
      actions.push(...ended);
    }
    expect(runCount).toBe(24);
    expect(actions.at(-1)).toMatchObject({ type: "fail", reason: "items-failed" });
    expect(jobPhase(job.state)).toBe("failed");
    expect(job.send({ type: "tick" }, 130)).toEqual([]);
  });

  it("dispatches a rejected attempt's items again, and counts no failure", () => {
    const job = new HandDriven({ depth: 1 });
    const known = knownThroughput(0, 50);
    job.add("a", known);
    job.add("b", knownThroughput(0, 50));
    let [open] = job.batch(100);
    for (let rejection = 1; rejection <= 4; rejection++) {
      const { attemptId, firstItem, itemCount } = open!;
      const actions = job.send({ type: "attempt-rejected", attemptId }, 40 * rejection);
      expect(actions).toHaveLength(1);
      [open] = dispatchesOf(actions);
      expect(open).toMatchObject({ workerId: "a", firstItem, itemCount });
      expect(open!.attemptId).toBeGreaterThan(attemptId);
    }
    const [a] = job.state.workers;
    expect(a).toMatchObject({ status: "ready", failuresInRow: 0, freeSinceMs: 160, completedItemCount: 0 });
    expect(a!.throughput).toBe(known);
    expect(completedItemCount(job.state)).toBe(0);
  });

  it("forgets where rejected items failed before, and leaves the worker's failures in a row as they are", () => {
    const job = new HandDriven({ depth: 1 });
    job.add("a", knownThroughput(0, 100));
    const [first] = job.batch(1);
    const [retry] = dispatchesOf(job.send({ type: "attempt-failed", attemptId: first!.attemptId }));
    const [second] = dispatchesOf(job.send({ type: "attempt-rejected", attemptId: retry!.attemptId }));
    expect(job.state.workers[0]!.failuresInRow).toBe(1);
    const [third] = dispatchesOf(job.send({ type: "attempt-failed", attemptId: second!.attemptId }));
    expect(jobPhase(job.state)).toBe("running");
    expect(job.send({ type: "attempt-completed", attemptId: third!.attemptId, serviceMs: 9 })).toEqual([
      { type: "finish" },
    ]);
  });

  it("ignores the rejection of an attempt that it does not know", () => {
    const job = new HandDriven();
    job.add("a", knownThroughput(0, 1));
    const [first] = job.batch(1000);
    job.send({ type: "attempt-completed", attemptId: first!.attemptId, serviceMs: 100 }, 100);
    for (const attemptId of [first!.attemptId, -1, 12_345_678]) {
      expect(job.send({ type: "attempt-rejected", attemptId }, 101)).toEqual([]);
    }
    expect(completedItemCount(job.state)).toBe(first!.itemCount);
  });

  it("deals rejected items out again where quotas are equal", () => {
    const job = new HandDriven({ policy: "equal", depth: 1 });
    job.add("a", knownThroughput(0, 10));
    job.add("b", knownThroughput(0, 10));
    const [first] = job.batch(40);
    job.send({ type: "attempt-rejected", attemptId: first!.attemptId }, 5);
    const quotas = job.state.workers.map(({ quotaItemCount, inFlight }) => quotaItemCount + inFlight[0]!.itemCount);
    expect(quotas.reduce((sum, count) => sum + count, 0)).toBe(40);
  });

  it("excludes a worker after three failures in a row", () => {
    const job = new HandDriven({ depth: 1 });
    job.add("bad", knownThroughput(0, 50));
    job.add("good", knownThroughput(0, 50));
    const shards = job.batch(100);
    // It is known that others can run them.
    const good = shards.find(({ workerId }) => workerId === "good")!;
    job.send({ type: "attempt-completed", attemptId: good.attemptId, serviceMs: 50 });
    let { attemptId } = shards.find(({ workerId }) => workerId === "bad")!;
    for (let failure = 1; failure <= 2; failure++) {
      const next = dispatchesOf(job.send({ type: "attempt-failed", attemptId }, failure));
      attemptId = next.find(({ workerId }) => workerId === "bad")!.attemptId;
    }
    const actions = job.send({ type: "attempt-failed", attemptId }, 3);
    expect(actions).toContainEqual({ type: "exclude-worker", workerId: "bad" });
    expect(plannedShares(job.state, 3).find(({ workerId }) => workerId === "bad")!.share).toBe(0);
  });

  it("fails without workers only after there has been one", () => {
    const job = new HandDriven();
    expect(job.batch(5)).toEqual([]);
    expect(jobPhase(job.state)).toBe("running");
    expect(dispatchesOf(job.add("a"))).toHaveLength(2);
    expect(job.send({ type: "worker-lost", workerId: "a" })).toEqual([{ type: "fail", reason: "no-workers" }]);
  });

  it("takes a draining worker back with what it is on, and counts it once", () => {
    const job = new HandDriven();
    job.add("a", knownThroughput(1, 10));
    job.add("b", knownThroughput(1, 10));
    job.batch(1000);
    job.send({ type: "worker-draining", workerId: "a" }, 1);
    job.send({ type: "worker-lost", workerId: "b" }, 2);
    job.add("a");
    expect(job.state.phase).toBe("running");
    const shares = plannedShares(job.state, 2);
    expect(shares.map(({ workerId }) => workerId)).toEqual(["a"]);
    expect(shares[0]!.share).toBeCloseTo(1, 9);
  });

  it("lets a draining worker finish, and dispatches nothing more to it", () => {
    const job = new HandDriven();
    job.add("a", knownThroughput(0, 1));
    job.add("b", knownThroughput(0, 1));
    const mine = job.batch(10_000).filter(({ workerId }) => workerId === "a");
    expect(dispatchesOf(job.send({ type: "worker-draining", workerId: "a" }, 1))).toEqual([]);
    const after = job.send({ type: "attempt-completed", attemptId: mine[0]!.attemptId, serviceMs: 100 }, 100);
    expect(dispatchesOf(after).filter(({ workerId }) => workerId === "a")).toEqual([]);
    expect(completedItemCount(job.state)).toBe(mine[0]!.itemCount);
  });

  it("accepts a worker that comes back with its old id", () => {
    const job = new HandDriven();
    job.add("a", knownThroughput(0, 1));
    job.add("b", knownThroughput(0, 1));
    job.batch(10_000);
    job.send({ type: "worker-lost", workerId: "a" }, 1);
    expect(dispatchesOf(job.add("a")).length).toBeGreaterThan(0);
    expect(() => job.add("a")).toThrow("active");
  });

  it("gives an away worker's ranges to others at once, and leaves it out of the plan", () => {
    const job = new HandDriven();
    job.add("a", knownThroughput(0, 1));
    job.add("b", knownThroughput(0, 1));
    const mine = job.batch(150).filter(({ workerId }) => workerId === "a");
    const again = dispatchesOf(job.send({ type: "worker-away", workerId: "a" }, 1));
    expect(again[0]).toMatchObject({ workerId: "b", firstItem: mine[0]!.firstItem });
    expect(plannedShares(job.state, 1)).toMatchObject([{ workerId: "b", share: expect.closeTo(1, 9) }]);
    expect(job.send({ type: "attempt-completed", attemptId: mine[0]!.attemptId, serviceMs: 1 }, 2)).toEqual([]);
    expect(job.send({ type: "worker-away", workerId: "a" }, 3)).toEqual([]);
    expect(job.send({ type: "worker-away", workerId: "z" }, 3)).toEqual([]);
  });

  it("waits while any worker is away, and dispatches again when it is back", () => {
    const job = new HandDriven({ depth: 1 });
    job.add("a", knownThroughput(0, 1));
    job.add("b", knownThroughput(0, 1));
    job.batch(200);
    job.send({ type: "worker-away", workerId: "a" }, 1);
    expect(job.send({ type: "worker-lost", workerId: "b" }, 2)).toEqual([]);
    expect([jobPhase(job.state), undispatchedItemCount(job.state)]).toEqual(["running", 200]);
    const back = dispatchesOf(job.add("a", knownThroughput(0, 1)));
    expect(back[0]).toMatchObject({ workerId: "a", firstItem: 0 });
    expect(job.state.workers.map(({ status }) => status)).toEqual(["lost", "lost", "ready"]);
    expect(job.send({ type: "worker-lost", workerId: "a" })).toEqual([{ type: "fail", reason: "no-workers" }]);
  });

  it("fails without workers once the one that is away is lost", () => {
    const job = new HandDriven();
    job.add("a", knownThroughput(0, 1));
    job.batch(200);
    expect(job.send({ type: "worker-away", workerId: "a" })).toEqual([]);
    expect(job.send({ type: "tick" }, 1000)).toEqual([]);
    expect(job.send({ type: "worker-lost", workerId: "a" }, 1001)).toEqual([{ type: "fail", reason: "no-workers" }]);
  });

  it("does not expect a worker back that was lost before it was reported away", () => {
    const job = new HandDriven();
    job.add("a", knownThroughput(0, 1));
    job.add("b", knownThroughput(0, 1));
    job.batch(200);
    job.send({ type: "worker-lost", workerId: "a" });
    job.send({ type: "worker-away", workerId: "a" });
    expect(job.send({ type: "worker-lost", workerId: "b" })).toEqual([{ type: "fail", reason: "no-workers" }]);
  });

  it("waits for an excluded worker that is away", () => {
    const job = new HandDriven({ depth: 1 });
    job.add("a", knownThroughput(0, 50));
    job.add("b", knownThroughput(0, 50));
    const shards = job.batch(100);
    const other = shards.find(({ workerId }) => workerId === "b")!;
    job.send({ type: "attempt-completed", attemptId: other.attemptId, serviceMs: 50 });
    let { attemptId } = shards.find(({ workerId }) => workerId === "a")!;
    for (let failure = 1; failure <= 3; failure++) {
      const next = dispatchesOf(job.send({ type: "attempt-failed", attemptId }));
      attemptId = next.find(({ workerId }) => workerId === "a")?.attemptId ?? -1;
    }
    job.send({ type: "worker-away", workerId: "a" });
    job.send({ type: "worker-lost", workerId: "b" });
    expect(jobPhase(job.state)).toBe("running");
    expect(dispatchesOf(job.add("a"))).toHaveLength(1);
  });

  it("recalls a queued shard from a stalled worker when another idles, and drops its late result", () => {
    const job = new HandDriven();
    job.add("a", knownThroughput(0, 1));
    job.add("b", knownThroughput(0, 1));
    const shards = job.batch(400);
    const of = (id: string) => shards.filter(({ workerId }) => workerId === id);
    const [a1, a2] = of("a");
    expect(total(shards)).toBe(400);
    expect(job.send({ type: "attempt-completed", attemptId: a1!.attemptId, serviceMs: 100 }, 100)).toEqual([]);
    const actions = job.send({ type: "attempt-completed", attemptId: a2!.attemptId, serviceMs: 100 }, 200);
    const queued = of("b")[1]!;
    expect(actions[0]).toEqual({ type: "cancel-attempt", attemptId: queued.attemptId, workerId: "b" });
    expect(dispatchesOf(actions).some(({ workerId }) => workerId === "a")).toBe(true);
    expect(job.send({ type: "attempt-completed", attemptId: queued.attemptId, serviceMs: 400 }, 210)).toEqual([]);
    expect(completedItemCount(job.state)).toBe(200);
  });
});
