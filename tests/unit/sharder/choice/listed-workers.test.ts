// What is said of workers that the caller has listed: on a machine of two cores, with a GPU that is emulated on them.
import { expect, it } from "vitest";
import type { WorkerSpec } from "../../../../src/pool/worker-entries.js";
import type { Sharder } from "../../../../src/sharder/sharder.js";
import { useFakeClock } from "../../../fixtures/fake-clock.js";
import { batch, create, negated } from "../../../fixtures/negating-sharder.js";
import { sharedMachine } from "../../../fixtures/shared-machine.js";

const pass = useFakeClock();
const WASM: WorkerSpec = { backend: "wasm" };
const choices = (sharder: Sharder) => sharder.workers.map(({ backend, choice }) => [backend, choice?.state]);

/** Run a job, and do something in the middle of it. */
async function during(sharder: Sharder, itemCount: number, act: () => Promise<unknown>): Promise<void> {
  let outputs: unknown;
  const running = sharder.predict(batch(itemCount)).then((found) => (outputs = found));
  for (let step = 0; step < 90; step++) await pass(100);
  const acting = act();
  for (let step = 0; outputs === undefined && step < 2_000; step++) await pass(100);
  await Promise.all([running, acting]);
  expect(outputs).toEqual({ y: negated(itemCount) });
}

it("says of a worker that joins in the middle of a job that all do less with it, and goes on using it", async () => {
  const { workers, open } = sharedMachine();
  const sharder = await create(open, [WASM, WASM], {});
  await during(sharder, 8_000, () => sharder.addWorker({ backend: "webgl" }));
  expect(choices(sharder)).toEqual([
    ["wasm", undefined],
    ["wasm", undefined],
    ["webgl", "costly"],
  ]);
  const { reason } = sharder.workers[2]!.choice!;
  expect(reason).toMatch(/^webgl costs more than it brings: total \d+ items\/s without it, \d+ with it$/);
  const [without, beside] = reason.match(/\d+/g)!.map(Number);
  // 2 ÷ 5 ms, and 2 ÷ 12 ms + 1 ÷ 50 ms.
  expect(without! / 400).toBeCloseTo(1, 1);
  expect(beside! / 187).toBeCloseTo(1, 1);
  const runCount = workers[2]!.runCount;
  await during(sharder, 8_000, async () => {});
  expect(workers[2]!.runCount).toBeGreaterThan(runCount + 10);
});

it("says it of a listed one that is lost, and of those that are of use that they are", async () => {
  const { workers, open } = sharedMachine();
  const sharder = await create(open, [{ backend: "webgl" }, WASM, WASM], { restartDelayMs: () => 30_000 });
  await during(sharder, 6_000, async () => workers[0]!.crash("lost"));
  // It is said of workers that are there.
  expect(choices(sharder)[0]).toEqual(["webgl", undefined]);
  await pass(30_000);
  expect(choices(sharder)[0]).toEqual(["webgl", "costly"]);
  const two = await create(sharedMachine().open, [WASM], {});
  await during(two, 8_000, () => two.addWorker(WASM));
  expect(choices(two)[1]).toEqual(["wasm", "taken"]);
  expect(two.workers[1]!.choice!.reason).toMatch(/^wasm is of use: total \d+ items\/s without it, \d+ with it$/);
});
