import { describe, expect, it } from "vitest";
import {
  attemptDeadlineMs,
  completedItemCount,
  createDispatch,
  jobPhase,
  plannedShares,
  remainingItemCount,
  step,
  undispatchedItemCount,
  wantsItems,
  workerThroughput,
} from "../../../../src/core/dispatch/dispatch.js";
import { caught } from "../../../fixtures/caught.js";
import { dispatchesOf, HandDriven, knownThroughput } from "./hand-driven.js";

const total = (shards: readonly { itemCount: number }[]) => shards.reduce((sum, shard) => sum + shard.itemCount, 0);

describe("step: sizing", () => {
  it("starts fresh workers with one item each, first for all, then a second", () => {
    const job = new HandDriven();
    job.add("a");
    job.add("b");
    const shards = job.batch(100);
    expect(shards.map(({ workerId, firstItem, itemCount }) => [workerId, firstItem, itemCount])).toEqual([
      ["a", 0, 1],
      ["b", 1, 1],
      ["a", 2, 1],
      ["b", 3, 1],
    ]);
    expect(shards[0]).toMatchObject({ predictedMs: undefined, deadlineMs: 120_000 });
  });

  it("grows by at most four times what the worker has completed", () => {
    const job = new HandDriven();
    job.add("a");
    const queue = job.batch(10_000);
    let [atMs, largest] = [0, 0];
    for (let shard = queue.shift(), k = 0; shard !== undefined && k < 12; shard = queue.shift(), k++) {
      largest = Math.max(largest, shard.itemCount);
      const serviceMs = shard.itemCount * 0.01;
      atMs += serviceMs;
      const next = dispatchesOf(job.send({ type: "attempt-completed", attemptId: shard.attemptId, serviceMs }, atMs));
      for (const { itemCount } of next) expect(itemCount).toBeLessThanOrEqual(4 * largest);
      queue.push(...next);
    }
    expect(largest).toBeGreaterThan(100);
  });

  it("dispatches quantum-sized shards with a deadline from the prediction", () => {
    const job = new HandDriven();
    job.add("a", knownThroughput(10, 1));
    const [first, second] = job.batch(10_000);
    expect(first!.itemCount).toBeGreaterThan(85);
    expect(first!.itemCount).toBeLessThan(95);
    expect(first!.deadlineMs).toBeCloseTo(10_000 + 10 * first!.predictedMs!, 6);
    expect(second!.firstItem).toBe(first!.itemCount);
  });

  it("tightens the deadline of an attempt that is under way once its worker is known", () => {
    const job = new HandDriven();
    job.add("a");
    const [first, second] = job.batch(10_000);
    expect(attemptDeadlineMs(job.state, second!.attemptId)).toBe(120_000);
    const [third] = dispatchesOf(
      job.send({ type: "attempt-completed", attemptId: first!.attemptId, serviceMs: 900 }, 900),
    );
    expect(third!.deadlineMs).toBe(120_000);
    job.send({ type: "attempt-completed", attemptId: second!.attemptId, serviceMs: 20 }, 920);
    expect(attemptDeadlineMs(job.state, third!.attemptId)).toBeLessThan(12_000);
    expect(attemptDeadlineMs(job.state, first!.attemptId)).toBeUndefined();
  });

  it("splits a small batch so that all finish together, and leaves out who would be late", () => {
    const job = new HandDriven();
    job.add("fast", knownThroughput(0, 1));
    job.add("slow", knownThroughput(0, 3));
    job.add("snail", knownThroughput(0, 500));
    const shards = job.batch(80);
    expect(total(shards.filter(({ workerId }) => workerId === "fast"))).toBe(60);
    expect(total(shards.filter(({ workerId }) => workerId === "slow"))).toBe(20);
    expect(undispatchedItemCount(job.state)).toBe(0);
  });

  it("composes a bucketed worker's shards from powers of two", () => {
    const job = new HandDriven();
    job.send({ type: "worker-added", worker: { workerId: "gpu", bucketed: true, throughput: knownThroughput(0, 1) } });
    const shards = job.batch(1000);
    expect(shards.map(({ itemCount }) => itemCount)).toEqual([64, 64]);
    job.send({ type: "attempt-completed", attemptId: shards[0]!.attemptId, serviceMs: 64 }, 64);
    expect(jobPhase(job.state)).toBe("running");
  });

  it("gives a fresh GPU shape the warm-up deadline", () => {
    const job = new HandDriven();
    const throughput = { ...knownThroughput(0, 1), sizeBits: 1 };
    job.send({ type: "worker-added", worker: { workerId: "gpu", bucketed: true, throughput } });
    expect(job.batch(1000)[0]).toMatchObject({ itemCount: 64, deadlineMs: 120_000 });
  });
});

describe("step: faults", () => {
  it("re-dispatches a lost worker's ranges at once, lowest first, without blame", () => {
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

  it("ends when the same items fail on two workers", () => {
    const job = new HandDriven({ depth: 1 });
    job.add("a", knownThroughput(0, 100));
    job.add("b", knownThroughput(0, 100));
    const [first, second] = job.batch(5);
    job.send({ type: "attempt-failed", attemptId: first!.attemptId }, 10);
    const [retry] = dispatchesOf(
      job.send({ type: "attempt-completed", attemptId: second!.attemptId, serviceMs: 100 }, 100),
    );
    const actions = job.send({ type: "attempt-failed", attemptId: retry!.attemptId }, 120);
    expect(actions.at(-1)).toEqual({
      type: "fail",
      reason: "items-failed",
      range: { firstItem: first!.firstItem, itemCount: 1 },
      attemptId: retry!.attemptId,
    });
    expect(actions.filter(({ type }) => type === "cancel-attempt")).toHaveLength(1);
    expect(jobPhase(job.state)).toBe("failed");
    expect(job.send({ type: "tick" }, 130)).toEqual([]);
  });

  it("tries the only worker twice", () => {
    const job = new HandDriven({ depth: 1 });
    job.add("a", knownThroughput(0, 100));
    const [first] = job.batch(1);
    const [retry] = dispatchesOf(job.send({ type: "attempt-failed", attemptId: first!.attemptId }));
    expect(retry).toMatchObject({ workerId: "a", firstItem: 0, itemCount: 1 });
    expect(job.send({ type: "attempt-failed", attemptId: retry!.attemptId })).toMatchObject([
      { type: "fail", reason: "items-failed" },
    ]);
  });

  it("dispatches a rejected attempt's items again, and blames nobody", () => {
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
    let attemptId = job.batch(100).find(({ workerId }) => workerId === "bad")!.attemptId;
    for (let failure = 1; failure <= 2; failure++) {
      const next = dispatchesOf(job.send({ type: "attempt-failed", attemptId }, failure));
      attemptId = next.find(({ workerId }) => workerId === "bad")!.attemptId;
    }
    const actions = job.send({ type: "attempt-failed", attemptId }, 3);
    expect(actions).toContainEqual({ type: "exclude-worker", workerId: "bad" });
    expect(plannedShares(job.state, 3).find(({ workerId }) => workerId === "bad")!.share).toBe(0);
  });

  it("fails for want of workers only once there have been some", () => {
    const job = new HandDriven();
    expect(job.batch(5)).toEqual([]);
    expect(jobPhase(job.state)).toBe("running");
    expect(dispatchesOf(job.add("a"))).toHaveLength(2);
    expect(job.send({ type: "worker-lost", workerId: "a" })).toEqual([{ type: "fail", reason: "no-workers" }]);
  });

  it("lets a draining worker finish, and gives it nothing more", () => {
    const job = new HandDriven();
    job.add("a", knownThroughput(0, 1));
    job.add("b", knownThroughput(0, 1));
    const mine = job.batch(10_000).filter(({ workerId }) => workerId === "a");
    expect(dispatchesOf(job.send({ type: "worker-draining", workerId: "a" }, 1))).toEqual([]);
    const after = job.send({ type: "attempt-completed", attemptId: mine[0]!.attemptId, serviceMs: 100 }, 100);
    expect(dispatchesOf(after).filter(({ workerId }) => workerId === "a")).toEqual([]);
    expect(completedItemCount(job.state)).toBe(mine[0]!.itemCount);
  });

  it("accepts a worker that comes back under its old id", () => {
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

  it("fails for want of workers once the one that is away is lost", () => {
    const job = new HandDriven();
    job.add("a", knownThroughput(0, 1));
    job.batch(200);
    expect(job.send({ type: "worker-away", workerId: "a" })).toEqual([]);
    expect(job.send({ type: "tick" }, 1000)).toEqual([]);
    expect(job.send({ type: "worker-lost", workerId: "a" }, 1001)).toEqual([{ type: "fail", reason: "no-workers" }]);
  });

  it("does not take a worker that was lost for one that will come back", () => {
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
    let attemptId = job.batch(100).find(({ workerId }) => workerId === "a")!.attemptId;
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

describe("step: life of a job", () => {
  it("finishes a batch of nothing", () => {
    const job = new HandDriven();
    expect(job.send({ type: "source-ended" })).toEqual([{ type: "finish" }]);
  });

  it("dispatches around items that are done already, and counts them as completed at once", () => {
    const job = new HandDriven({ depth: 1 });
    job.add("a", knownThroughput(0, 10));
    const done = [
      { firstItem: 0, itemCount: 3 },
      { firstItem: 5, itemCount: 1 },
      { firstItem: 6, itemCount: 2 },
      { firstItem: 10, itemCount: 2 },
    ];
    let [open] = dispatchesOf(job.send({ type: "items-added", itemCount: 12, done }));
    expect([completedItemCount(job.state), undispatchedItemCount(job.state)]).toEqual([8, 2]);
    expect(plannedShares(job.state, 0)).toMatchObject([{ workerId: "a", completedItemCount: 0 }]);
    expect(open).toMatchObject({ firstItem: 3, itemCount: 2 });
    job.send({ type: "source-ended" });
    [open] = dispatchesOf(job.send({ type: "attempt-completed", attemptId: open!.attemptId, serviceMs: 20 }, 20));
    expect(open).toMatchObject({ firstItem: 8, itemCount: 2 });
    expect(remainingItemCount(job.state)).toBe(2);
    expect(job.send({ type: "attempt-completed", attemptId: open!.attemptId, serviceMs: 20 }, 40)).toEqual([
      { type: "finish" },
    ]);
  });

  it("finishes without a worker where all items are done already", () => {
    const job = new HandDriven();
    const all = (firstItem: number) => ({
      type: "items-added" as const,
      itemCount: 4,
      done: [{ firstItem, itemCount: 4 }],
    });
    expect(job.send(all(0))).toEqual([]);
    expect(job.send(all(4))).toEqual([]);
    expect(jobPhase(job.state)).toBe("running");
    expect(job.send({ type: "source-ended" })).toEqual([{ type: "finish" }]);
  });

  it("deals equal quotas of what is not done", () => {
    const job = new HandDriven({ policy: "equal" });
    job.add("a", knownThroughput(0, 1));
    job.add("b", knownThroughput(0, 1));
    job.send({ type: "items-added", itemCount: 3000, done: [{ firstItem: 100, itemCount: 2000 }] });
    const dealt = job.state.workers.map(({ quotaItemCount, inFlight }) =>
      inFlight.reduce((sum, { itemCount }) => sum + itemCount, quotaItemCount),
    );
    expect(dealt).toEqual([500, 500]);
  });

  it("asks a stream for more than what is done", () => {
    const job = new HandDriven();
    job.send({ type: "items-added", itemCount: 500, done: [{ firstItem: 0, itemCount: 500 }] });
    expect(wantsItems(job.state)).toBe(true);
  });

  it("refuses done ranges that are not of the items added", () => {
    const state = createDispatch();
    const done = [{ firstItem: 4, itemCount: 3 }];
    caught("invalid-input", () => step(state, { type: "items-added", itemCount: 6, done }, 0), "0 … 5", "3 items");
  });

  it("pauses, resumes and cancels", () => {
    const job = new HandDriven();
    job.add("a", knownThroughput(0, 1));
    const [first] = job.batch(1000);
    job.send({ type: "pause" });
    expect(job.send({ type: "attempt-completed", attemptId: first!.attemptId, serviceMs: 100 }, 100)).toEqual([]);
    expect(jobPhase(job.state)).toBe("paused");
    expect(dispatchesOf(job.send({ type: "resume" }, 500))).toHaveLength(1);
    expect(job.send({ type: "cancel" }, 501).map(({ type }) => type)).toEqual(["cancel-attempt", "cancel-attempt"]);
    expect(jobPhase(job.state)).toBe("cancelled");
    expect(remainingItemCount(job.state)).toBe(1000 - first!.itemCount);
  });

  it("asks a stream for two shards per worker, and plans it by rate", () => {
    const job = new HandDriven();
    expect(wantsItems(job.state)).toBe(true);
    job.add("a", knownThroughput(0, 1));
    job.add("b", knownThroughput(0, 4));
    expect(wantsItems(job.state)).toBe(true);
    while (wantsItems(job.state)) job.send({ type: "items-added", itemCount: 10 });
    expect(undispatchedItemCount(job.state)).toBeGreaterThanOrEqual(250);
    expect(undispatchedItemCount(job.state)).toBeLessThan(260);
    expect(plannedShares(job.state, 0).map(({ share }) => share)).toEqual([
      expect.closeTo(0.8, 2),
      expect.closeTo(0.2, 2),
    ]);
    job.send({ type: "source-ended" });
    expect(wantsItems(job.state)).toBe(false);
    expect(() => job.send({ type: "items-added", itemCount: 1 })).toThrow("after the source ended");
  });

  it("hands over what it has learned", () => {
    const job = new HandDriven();
    const throughput = knownThroughput(2, 1);
    job.add("a", throughput);
    expect(workerThroughput(job.state, "a")).toBe(throughput);
    expect(workerThroughput(job.state, "z")).toBeUndefined();
  });

  it("deals equal quotas whatever the speed, and deals anew when a worker is lost", () => {
    const job = new HandDriven({ policy: "equal" });
    job.add("a", knownThroughput(0, 1));
    job.add("b", knownThroughput(0, 9));
    job.add("c", knownThroughput(0, 1));
    job.batch(3000);
    for (const { share } of plannedShares(job.state, 0)) expect(share).toBeCloseTo(1 / 3, 9);
    job.send({ type: "worker-lost", workerId: "c" });
    const shares = plannedShares(job.state, 0).map(({ share }) => share);
    expect(shares[0]! + shares[1]!).toBeCloseTo(1, 9);
    expect(shares[0]).toBeGreaterThan(0.49);
  });

  it("names the option that is wrong", () => {
    expect(() => createDispatch({ depth: 0 })).toThrow("Expected depth to be a whole number ≥ 1, received 0.");
    expect(() => createDispatch({ quantumMs: Number.NaN })).toThrow("quantumMs");
    const worker = { workerId: "a", availability: 2 };
    expect(() => step(createDispatch(), { type: "worker-added", worker }, 0)).toThrow("availability");
  });
});
