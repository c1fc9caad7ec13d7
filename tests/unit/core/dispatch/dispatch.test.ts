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
import { observe } from "../../../../src/core/throughput/throughput.js";
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

  it("cuts shards of whole calls while items remain, as far as the size of a worker's calls is known", () => {
    const job = new HandDriven();
    job.send({ type: "worker-added", worker: { workerId: "a", throughput: knownThroughput(0, 1), callItemCount: 32 } });
    const shards = job.batch(1000);
    expect(shards.map(({ itemCount }) => itemCount)).toEqual([96, 96]);
    const { attemptId } = shards[0]!;
    const done = { type: "attempt-completed", attemptId, serviceMs: 96, callItemCount: 64 } as const;
    expect(dispatchesOf(job.send(done, 96)).map(({ itemCount }) => itemCount)).toEqual([64]);
  });

  it("makes a shard larger where overhead is more than 5 % of it, but no larger than an eighth of its worker's share", () => {
    const sizes = [1_000, 4_000, 20_000, 200_000].map((itemCount) => {
      const job = new HandDriven();
      const samples = Array.from({ length: 16 }, (_, index) => 50 * index + 1).map((itemCount) => ({
        itemCount,
        serviceMs: 50 + itemCount,
      }));
      job.add("a", samples.reduce(observe, knownThroughput(50, 1)));
      // Only once the source has ended is the share known.
      const [first] = job.batch(itemCount);
      const done = {
        type: "attempt-completed",
        attemptId: first!.attemptId,
        serviceMs: 50 + first!.itemCount,
      } as const;
      const [next] = dispatchesOf(job.send(done, done.serviceMs));
      return [first!.itemCount, next!.itemCount];
    });
    // A quantum is stretched to three times the overhead. With 32 times the overhead beside it, it is 3 % of a shard.
    expect(sizes).toEqual([
      [100, 100],
      [100, Math.floor(3800 / 8)],
      [100, 1600],
      [100, 1600],
    ]);
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

  it("grows by at most four times what a worker has completed since its speed changed", () => {
    // Two shards of the same size can't show which part of their time is overhead: an item may seem to cost nothing.
    const samples = [172, 160].map((serviceMs) => ({ itemCount: 2, serviceMs }));
    const changed = samples.reduce(observe, knownThroughput(437, 2.45));
    expect(changed.changeCount).toBe(1);
    const job = new HandDriven();
    job.add("a", changed);
    expect(job.batch(100_000)[0]!.itemCount).toBeLessThanOrEqual(8);
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

  it("splits a small batch so that all finish together, and leaves out a worker that would be late", () => {
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

  it("pulls a stream beyond items that are done", () => {
    const job = new HandDriven();
    job.send({ type: "items-added", itemCount: 500, done: [{ firstItem: 0, itemCount: 500 }] });
    expect(wantsItems(job.state)).toBe(true);
  });

  it("refuses done ranges beyond the items added", () => {
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

  it("pulls two shards per worker from a stream, and plans it by rate", () => {
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

  it("returns what it has learned about a worker", () => {
    const job = new HandDriven();
    const throughput = knownThroughput(2, 1);
    job.add("a", throughput);
    expect(workerThroughput(job.state, "a")).toBe(throughput);
    expect(workerThroughput(job.state, "z")).toBeUndefined();
  });

  it("deals equal quotas whatever the speed, and deals again when a worker is lost", () => {
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
