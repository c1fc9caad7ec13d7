import { expect, it } from "vitest";
import type { AttemptDetail, Sharder } from "../../../../src/index.js";
import { chooseFault } from "../../../../src/ui/workers/random-fault.js";
import { WorkerTallies } from "../../../../src/ui/workers/worker-tallies.js";

const silent = new EventTarget() as Sharder;
const attempt = (detail: Partial<AttemptDetail>): AttemptDetail =>
  ({ jobId: 1, workerId: "wasm-1", itemCount: 1, outcome: "completed", latencyMs: 500, ...detail }) as AttemptDetail;

it("counts what each worker has made in the latest job, in percents that add up to 100", () => {
  const tallies = new WorkerTallies(silent, () => true, new AbortController().signal);
  tallies.add(attempt({ jobId: 0, itemCount: 9 }), 500);
  tallies.add(attempt({ itemCount: 2 }), 1_500);
  tallies.add(attempt({ workerId: "wasm-2", outcome: "cancelled" }), 1_600);
  tallies.add(attempt({ workerId: "wasm-2" }), 2_000);
  tallies.add(attempt({ jobId: 0, itemCount: 9 }), 2_100);
  expect([...tallies.read()]).toEqual([
    ["wasm-1", { itemCount: 2, percent: 67, itemsPerSecond: 2 }],
    ["wasm-2", { itemCount: 1, percent: 33, itemsPerSecond: 1 }],
  ]);
});

it("breaks only workers that live, in ways that they can suffer", () => {
  const worker = (id: string, backend: string, state: string) =>
    ({ id, backend, state }) as unknown as Sharder["workers"][number];
  const workers = [worker("a", "wasm", "ready"), worker("b", "webgpu", "dead")];
  for (let i = 0; i < 50; i++) {
    const chosen = chooseFault(workers, () => i / 50);
    expect(chosen?.worker.id).toBe("a");
    expect(chosen?.fault.backends).toBeUndefined();
  }
  expect(chooseFault(workers.slice(1), () => 0)).toBeUndefined();
});
