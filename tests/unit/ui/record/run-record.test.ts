import { afterEach, expect, it } from "vitest";
import { kill } from "../../../../src/faults.js";
import type { AttemptDetail, Sharder } from "../../../../src/index.js";
import { Recent } from "../../../../src/ui/record/recent.js";
import { RunRecord } from "../../../../src/ui/record/run-record.js";
import { batch, negate, start, turns } from "../../../fixtures/negating-sharder.js";

let end = new AbortController();
afterEach(() => {
  end.abort();
  end = new AbortController();
});

const recordOf = (sharder: Sharder) => new RunRecord(sharder, end.signal);

it("holds every attempt, the job with its beginning and end, and its last progress", async () => {
  const { sharder } = await start(negate, 2);
  const record = recordOf(sharder);
  const reported: AttemptDetail[] = [];
  sharder.addEventListener("attempt", ({ detail }) => reported.push(detail));
  await sharder.predict(batch(80));
  await turns(1);
  const near = reported.map((each) => ({ ...each, latencyMs: expect.closeTo(each.latencyMs, 6) as number }));
  expect([...record.attempts]).toMatchObject(near);
  expect(reported.length).toBeGreaterThan(2);
  const [job] = record.jobs.values();
  expect(job).toMatchObject({ state: "completed", pauses: [], message: undefined });
  expect(job!.endMs).toBeGreaterThanOrEqual([...record.attempts].at(-1)!.endMs);
  expect(job!.startMs).toBeLessThanOrEqual([...record.attempts][0]!.sentMs);
  expect(record.progress.get(job!.jobId)).toMatchObject({ completedItemCount: 80, fraction: 1 });
  expect(record.isRunning).toBe(false);
});

it("has a fault and its recovery as one, and the worker's states without the switches between ready and busy", async () => {
  const { sharder } = await start(negate, 2, { restartDelayMs: () => 1 });
  const record = recordOf(sharder);
  const recovered = new Promise<void>((resolve) => {
    sharder.addEventListener("fault", ({ detail }) => detail.recoverMs !== undefined && resolve());
  });
  const predicting = sharder.predict(batch(80));
  const before = record.revision;
  const [id, other] = sharder.workers.map((worker) => worker.id);
  kill(id!);
  await Promise.all([predicting, recovered]);
  expect(record.revision).toBeGreaterThan(before);
  expect(record.faults).toHaveLength(1);
  const [fault] = record.faults;
  expect(fault).toMatchObject({ cause: "crashed", workerId: id, action: "restarted" });
  expect(fault!.recoverMs).toBeGreaterThan(0);
  expect(fault!.recoveredAtMs).toBeGreaterThanOrEqual(fault!.atMs);
  const states = record.states.filter(({ workerId }) => workerId === id).map(({ state }) => state);
  expect(states).toEqual(["ready", "restarting", "ready"]);
  expect(record.workerIds).toEqual([id, other]);
});

it("knows when a job was paused, and why another one failed", async () => {
  const { sharder } = await start(async (request, worker) => {
    await turns(2);
    return negate(request, worker);
  }, 1);
  const record = recordOf(sharder);
  const predicting = sharder.predict(batch(20));
  expect(record.isRunning).toBe(true);
  sharder.pause();
  expect(record.isRunning).toBe(false);
  sharder.resume();
  await predicting;
  const [first] = record.jobs.values();
  expect(first!.pauses).toHaveLength(2);
  const controller = new AbortController();
  const cancelled = sharder.predict(batch(20), { signal: controller.signal }).catch(() => {});
  await turns(1);
  controller.abort();
  await cancelled;
  const failed = sharder.predict(batch(20)).catch(() => {});
  await turns(1);
  await sharder.dispose();
  await failed;
  expect([...record.jobs.values()].map(({ state }) => state)).toEqual(["completed", "cancelled", "failed"]);
  expect([...record.jobs.values()][2]!.message).toContain("dispose");
});

it("records nothing more once its signal is aborted", async () => {
  const { sharder } = await start(negate, 1);
  const record = recordOf(sharder);
  end.abort();
  await sharder.predict(batch(10));
  expect([record.attempts.total, record.revision, record.jobs.size]).toEqual([0, 0, 0]);
});

it("keeps the newest events in bounded memory, and counts the others", () => {
  const recent = new Recent<number>(20);
  for (let value = 0; value < 1000; value++) {
    recent.add(value);
    expect(recent.all.length).toBeLessThanOrEqual(20);
    expect(recent.all.length + recent.droppedCount).toBe(value + 1);
    expect(recent.all.at(-1)).toBe(value);
  }
  recent.replaceLast(
    (value) => value === 999,
    () => -1,
  );
  recent.replaceLast(
    (value) => value === 1,
    () => -2,
  );
  expect(recent.all.at(-1)).toBe(-1);
  expect(recent.all).not.toContain(-2);
});
