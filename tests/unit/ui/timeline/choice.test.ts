import { expect, it } from "vitest";
import { AttemptLog } from "../../../../src/ui/record/attempt-log.js";
import { Choice } from "../../../../src/ui/timeline/choice.js";
import { microBatchOf } from "../../../../src/ui/timeline/micro-batch.js";
import { attemptAt, countBetween } from "../../../../src/ui/timeline/hit.js";
import { attemptDetail, busyLog } from "../../../fixtures/attempt-details.js";

const rows = ["wasm-1", "wasm-2"];

it("finds the attempt at a point, or the nearest one, and prefers what ran to what was cancelled", () => {
  const log = new AttemptLog();
  log.add(attemptDetail({ outcome: "cancelled", latencyMs: 90, serviceMs: undefined }), 150);
  log.add(attemptDetail({ latencyMs: 100, serviceMs: 100 }), 200);
  log.add(attemptDetail({ latencyMs: 50, serviceMs: 50 }), 300);
  expect(attemptAt(log, 0, 120, 5)).toBe(1);
  expect(attemptAt(log, 0, 80, 5)).toBe(0);
  expect(attemptAt(log, 0, 203, 5)).toBe(1);
  expect(attemptAt(log, 0, 225, 5)).toBeUndefined();
  expect(attemptAt(log, 0, 248, 5)).toBe(2);
  expect(attemptAt(log, 1, 120, 5)).toBeUndefined();
  expect(countBetween(log, 0, 140, 260)).toBe(3);
});

it("steps through the attempts of a worker, and to what another one did at the time", () => {
  const log = busyLog(2, 10, 10);
  const choice = new Choice();
  expect(choice.in(log)).toBeUndefined();
  choice.step(log, rows, -1);
  expect(log.at(choice.in(log)!)).toMatchObject({ workerId: "wasm-1", endMs: 100 });
  choice.step(log, rows, 1);
  expect(log.at(choice.in(log)!)).toMatchObject({ endMs: 100 });
  choice.step(log, rows, -1);
  choice.step(log, rows, -1);
  expect(log.at(choice.in(log)!)).toMatchObject({ workerId: "wasm-1", endMs: 80 });
  choice.stepLane(log, rows, 1);
  expect(log.at(choice.in(log)!)).toMatchObject({ workerId: "wasm-2", endMs: 80 });
  choice.stepLane(log, rows, 1);
  expect(log.at(choice.in(log)!)!.workerId).toBe("wasm-2");
  choice.toEdge(log, rows, "first");
  expect(log.at(choice.in(log)!)).toMatchObject({ workerId: "wasm-2", endMs: 10 });
  choice.toEdge(log, rows, "last");
  expect(log.at(choice.in(log)!)).toMatchObject({ workerId: "wasm-2", endMs: 100 });
  expect([choice.clear(), choice.clear(), choice.in(log)]).toEqual([true, false, undefined]);
});

it("forgets what is no longer held", () => {
  const log = new AttemptLog(5);
  const choice = new Choice();
  for (let index = 1; index <= 5; index++) log.add(attemptDetail(), index * 10);
  choice.toEdge(log, rows, "first");
  expect(choice.in(log)).toBe(0);
  log.add(attemptDetail(), 60);
  expect(choice.in(log)).toBeUndefined();
  choice.step(log, rows, 1);
  expect(choice.in(log)).toBe(5);
});

it("finds a micro-batch in all the stages that it has passed, and no other one", () => {
  const log = new AttemptLog();
  for (let batch = 0; batch < 3; batch++) {
    for (let stage = 0; stage < 2; stage++) {
      const workerId = `wasm-${stage + 1}`;
      log.add(attemptDetail({ workerId, stage, firstItem: 4 * batch, jobId: 7 }), 20 * batch + 10 * stage + 10);
    }
  }
  log.add(attemptDetail({ stage: 0, firstItem: 4, jobId: 8 }), 100);
  log.add(attemptDetail({ firstItem: 4, jobId: 7 }), 110);
  const all = { fromMs: 0, toMs: 1_000 };
  expect(microBatchOf(log, 3, all)).toEqual([2, 3]);
  expect(microBatchOf(log, 3, { fromMs: 35, toMs: 1_000 })).toEqual([3]);
  expect(microBatchOf(log, 7, all)).toEqual([]);
});
