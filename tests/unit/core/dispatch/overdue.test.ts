import { describe, expect, it } from "vitest";
import { attemptDeadlineMs, jobPhase, openRanges } from "../../../../src/core/dispatch/dispatch.js";
import type { DispatchAction } from "../../../../src/core/dispatch/types.js";
import { dispatchesOf, HandDriven, knownThroughput } from "./hand-driven.js";

/** Ticks every 100 ms, as in a page, until something other than recalls and plain dispatches happens. */
function tickUntilOverdue(job: HandDriven, untilMs: number, elsewhere: readonly string[] = []) {
  const actions: DispatchAction[] = [];
  while (job.nowMs < untilMs && !actions.some(({ type }) => type === "attempt-overdue")) {
    actions.push(...job.send({ type: "tick", elsewhere }, job.nowMs + 100));
  }
  return actions;
}

/** Two workers at 1 ms per item: "a" hangs with its first shard, and "b" answers. */
function hang() {
  const job = new HandDriven();
  job.add("a", knownThroughput(0, 1));
  job.add("b", knownThroughput(0, 1));
  const shards = job.batch(100_000);
  const hung = shards.find(({ workerId }) => workerId === "a")!;
  const open = shards.filter(({ workerId }) => workerId === "b");
  const actions: DispatchAction[] = [];
  while (!actions.some(({ type }) => type === "attempt-overdue") && job.nowMs < 5_000) {
    const { attemptId } = open.shift()!;
    const ended = job.send({ type: "attempt-completed", attemptId, serviceMs: 100 }, job.nowMs + 100);
    actions.push(...ended, ...job.send({ type: "tick" }));
    open.push(...dispatchesOf(actions.slice(-ended.length)).filter(({ workerId }) => workerId === "b"));
  }
  return { job, hung, open, actions };
}

describe("an overdue attempt", () => {
  it("is reported within 3 × its prediction + 1 s, with its items on another worker, and never before 2 × + 500 ms", () => {
    const { job, hung, actions } = hang();
    expect(actions.find(({ type }) => type === "attempt-overdue")).toMatchObject({ workerId: "a", firstItem: 0 });
    expect(job.nowMs).toBeLessThanOrEqual(1_300);
    expect(job.nowMs).toBeGreaterThan(700);
    const backup = dispatchesOf(actions).find(({ firstItem }) => firstItem === hung.firstItem)!;
    expect(backup).toMatchObject({ workerId: "b", itemCount: hung.itemCount });
    // What waited behind it goes to others, and nothing new to its worker.
    expect(job.state.workers[0]).toMatchObject({ status: "stalled", inFlight: [{ role: "backed-up" }] });
    expect(openRanges(job.state, hung.attemptId)).toEqual([{ firstItem: 0, itemCount: hung.itemCount }]);
    expect(attemptDeadlineMs(job.state, hung.attemptId)).toBeCloseTo(11_000, 0);
  });

  it("that completes first takes its items back, and its worker gets work again", () => {
    const { job, hung, actions } = hang();
    const backup = dispatchesOf(actions).find(({ firstItem }) => firstItem === hung.firstItem)!;
    const before = job.state.completedItemCount;
    const after = job.send({ type: "attempt-completed", attemptId: hung.attemptId, serviceMs: job.nowMs });
    expect(job.state.completedItemCount).toBe(before + hung.itemCount);
    expect(after).toContainEqual({ type: "cancel-attempt", attemptId: backup.attemptId, workerId: "b" });
    expect(dispatchesOf(after).map(({ workerId }) => workerId)).toContain("a");
    // It has learned how slow the worker is.
    expect(job.state.workers[0]!.throughput.suspectRatio).toBeGreaterThan(5);
    const late = job.send({ type: "attempt-completed", attemptId: backup.attemptId, serviceMs: 100 });
    expect(job.state.completedItemCount).toBe(before + hung.itemCount);
    expect(late.filter(({ type }) => type !== "dispatch")).toEqual([]);
  });

  it("is dropped once others have completed its items, and keeps its worker until it ends", () => {
    const { job, hung, open, actions } = hang();
    const backup = dispatchesOf(actions).find(({ firstItem }) => firstItem === hung.firstItem)!;
    open.push(backup);
    for (const { attemptId } of open.splice(0)) {
      actions.push(...job.send({ type: "attempt-completed", attemptId, serviceMs: 100 }, job.nowMs + 100));
    }
    expect(actions).toContainEqual({ type: "cancel-attempt", attemptId: hung.attemptId, workerId: "a" });
    expect(openRanges(job.state, hung.attemptId)).toEqual([]);
    expect(job.state.workers[0]).toMatchObject({ status: "stalled", inFlight: [{ role: "dropped" }] });
    const freed = dispatchesOf(job.send({ type: "attempt-ended", attemptId: hung.attemptId }, job.nowMs + 10));
    expect(freed[0]).toMatchObject({ workerId: "a" });
  });

  it("returns nothing when its worker is lost while another runs its items", () => {
    const { job } = hang();
    const { returnedItemCount, completedItemCount } = job.state;
    job.send({ type: "worker-lost", workerId: "a" });
    expect(job.state).toMatchObject({ returnedItemCount, completedItemCount });
  });

  it("is not one that waits while its worker is on another job", () => {
    const job = new HandDriven();
    job.add("a", knownThroughput(0, 1));
    job.batch(1000);
    expect(tickUntilOverdue(job, 20_000, ["a"])).toEqual([]);
    expect(tickUntilOverdue(job, 30_000)).toMatchObject([{ type: "attempt-overdue" }, { type: "cancel-attempt" }]);
    expect(job.nowMs).toBeLessThanOrEqual(21_400);
  });

  it("can't be told in a first run, unless first runs are known of its kind", () => {
    const job = new HandDriven();
    for (const workerId of ["a", "b"]) job.send({ type: "worker-added", worker: { workerId, kind: "wasm" } });
    const [first] = job.batch(1000);
    expect(tickUntilOverdue(job, 20_000)).toEqual([]);
    job.send({ type: "attempt-completed", attemptId: first!.attemptId, serviceMs: 200 }, 20_010);
    const actions = tickUntilOverdue(job, 30_000);
    expect(actions).toContainEqual(expect.objectContaining({ type: "attempt-overdue", workerId: "b" }));
  });

  it("waits for another worker where there is none, and still completes", () => {
    const job = new HandDriven();
    job.add("a", knownThroughput(0, 1));
    const [first] = job.batch(100);
    tickUntilOverdue(job, 5_000);
    expect(jobPhase(job.state)).toBe("running");
    expect(
      job.send({ type: "attempt-completed", attemptId: first!.attemptId, serviceMs: 9_000 }, 9_000),
    ).toContainEqual({
      type: "finish",
    });
  });
});

describe("the tail", () => {
  it("runs a straggler's items on an idle worker as well, once, and the first result counts", () => {
    const job = new HandDriven({ depth: 1 });
    job.send({ type: "worker-added", worker: { workerId: "gpu", bucketed: true } });
    job.add("wasm", knownThroughput(0, 50));
    const shards = job.batch(5);
    const compiling = shards.find(({ workerId }) => workerId === "gpu")!;
    let [open] = shards.filter(({ workerId }) => workerId === "wasm");
    while (open !== undefined) {
      const { attemptId, itemCount } = open;
      const serviceMs = 50 * itemCount;
      [open] = dispatchesOf(job.send({ type: "attempt-completed", attemptId, serviceMs }, job.nowMs + serviceMs));
    }
    const actions: DispatchAction[] = [];
    for (let tick = 0; tick < 10; tick++) actions.push(...job.send({ type: "tick" }, job.nowMs + 100));
    const backups = dispatchesOf(actions);
    expect(backups).toMatchObject([{ workerId: "wasm", firstItem: compiling.firstItem, itemCount: 1 }]);
    expect(actions.some(({ type }) => type === "attempt-overdue")).toBe(false);
    expect(job.send({ type: "attempt-completed", attemptId: backups[0]!.attemptId, serviceMs: 50 })).toEqual([
      { type: "cancel-attempt", attemptId: compiling.attemptId, workerId: "gpu" },
      { type: "finish" },
    ]);
  });

  it("does not duplicate work that will be done about as soon", () => {
    const job = new HandDriven({ depth: 1 });
    job.add("a", knownThroughput(0, 100));
    job.add("b", knownThroughput(0, 100));
    const [first] = job.batch(2);
    job.send({ type: "attempt-completed", attemptId: first!.attemptId, serviceMs: 90 }, 90);
    expect(job.send({ type: "tick" }, 100)).toEqual([]);
    expect(job.send({ type: "tick" }, 150)).toEqual([]);
  });
});

it("a draining worker that is overdue may still complete its items where no other worker is left", () => {
  const job = new HandDriven({ depth: 1 });
  job.add("a", knownThroughput(0, 1));
  const [first] = job.batch(10);
  tickUntilOverdue(job, 5_000);
  expect(job.send({ type: "worker-draining", workerId: "a" })).toEqual([]);
  expect(job.send({ type: "attempt-completed", attemptId: first!.attemptId, serviceMs: 6_000 })).toEqual([
    { type: "finish" },
  ]);
});
