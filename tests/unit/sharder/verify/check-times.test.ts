import { expect, it } from "vitest";
import type { BackendName } from "../../../../src/pool/worker-entries.js";
import { CheckTimes } from "../../../../src/sharder/verify/check-times.js";
import { scriptWorkers } from "../../../fixtures/scripted-workers.js";
import { PoolWorker } from "../../../../src/pool/pool-worker.js";

function openOne(backend: BackendName = "wasm"): PoolWorker {
  const { openWorker } = scriptWorkers(async () => ({}));
  const spec = { backend };
  return new PoolWorker("wasm-1", spec, openWorker(spec, "wasm-1"), { onState: () => {}, onRan: () => {} });
}

it("a first check may take what is known of workers alike, in seconds, or else two minutes", () => {
  const times = new CheckTimes();
  const worker = openOne();
  expect(times.limits(worker, "m", 4, undefined, undefined)).toEqual({ overdueMs: 30_000, endMs: 120_000 });
  expect(times.limits(worker, "m", 4, undefined, 100)).toEqual({ overdueMs: 3_600, endMs: 32_000 });
});

it("what a worker has shown holds for one of its kind that is started in its place, but not for a GPU, which compiles", () => {
  const times = new CheckTimes();
  for (const backend of ["wasm", "webgl"] as const) times.learn(openOne(backend), "m", 2, 200);
  expect(times.limits(openOne("wasm"), "m", 4, undefined, undefined)).toEqual({ overdueMs: 5_400, endMs: 38_000 });
  expect(times.limits(openOne("wasm"), "n", 4, undefined, undefined).endMs).toBe(120_000);
  expect(times.limits(openOne("webgl"), "m", 4, undefined, undefined).endMs).toBe(120_000);
});

it("a later check may take ten times the slowest so far, or the prediction, and ten seconds", () => {
  const times = new CheckTimes();
  const worker = openOne();
  times.learn(worker, "m", 2, 40);
  times.learn(worker, "m", 1, 10);
  expect(times.limits(worker, "m", 4, undefined, 100)).toEqual({ overdueMs: 1_240, endMs: 10_800 });
  expect(times.limits(worker, "m", 4, 200, undefined)).toEqual({ overdueMs: 1_600, endMs: 12_000 });
});
