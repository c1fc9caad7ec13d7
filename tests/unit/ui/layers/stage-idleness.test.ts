import { expect, it } from "vitest";
import type { AttemptDetail } from "../../../../src/index.js";
import { idleParts } from "../../../../src/ui/layers/stage-idleness.js";
import { AttemptLog } from "../../../../src/ui/record/attempt-log.js";

const attempt = (workerId: string, stage: number, serviceMs: number): AttemptDetail => ({
  jobId: 1,
  attemptId: 0,
  workerId,
  kind: "first",
  stage,
  firstItem: 0,
  itemCount: 1,
  outcome: "completed",
  latencyMs: serviceMs,
  serviceMs,
  predictedMs: undefined,
});

it("is the part of the time in which a stage's workers had nothing to do for it", () => {
  const attempts = new AttemptLog();
  // The first stage is busy all the time; the second, on two workers, a quarter of it.
  for (let endMs = 100; endMs <= 1_000; endMs += 100) {
    attempts.add(attempt("a", 0, 100), endMs);
    // What is cancelled was waiting.
    if (endMs === 900) attempts.add({ ...attempt("c", 1, 300), outcome: "cancelled", serviceMs: undefined }, endMs);
    if (endMs % 200 === 0) attempts.add(attempt(endMs % 400 === 0 ? "b" : "c", 1, 100), endMs);
  }
  const stages = [{ workerIds: ["a"] }, { workerIds: ["b", "c"] }];
  const over = { attempts, latestRun: { startMs: 0, endMs: 1_000 }, busySinceMs: () => undefined };
  expect(idleParts(over, stages, [], 5_000)).toEqual([0, 0.75]);
  expect(idleParts({ ...over, latestRun: undefined }, stages, [], 5_000)).toEqual([undefined, undefined]);
  expect(idleParts(over, [{ workerIds: [] }, { workerIds: ["b", "c"] }], [], 5_000)).toEqual([undefined, 0.75]);
});

it("counts what a worker is on while the run lasts, over the latest seconds", () => {
  const attempts = new AttemptLog();
  attempts.add(attempt("a", 0, 1_000), 1_000);
  const record = {
    attempts,
    latestRun: { startMs: 0, endMs: undefined },
    busySinceMs: (id: string) => (id === "a" ? 7_000 : undefined),
  };
  const worker = {
    id: "a",
    backend: "wasm",
    engine: "tfjs",
    state: "busy",
    device: undefined,
    itemsPerSecond: undefined,
    overheadMs: undefined,
    callItemCount: undefined,
    share: 1,
    underWay: [{ jobId: 1, attemptId: 1, stage: 0, firstItem: 1, itemCount: 1, sentAtMs: 7_000 }],
    restarts: 0,
    lastError: undefined,
  } as const;
  expect(idleParts(record, [{ workerIds: ["a"] }], [worker], 9_000)).toEqual([1 - 2_000 / 5_000]);
});
