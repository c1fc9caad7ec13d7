// Which workers a sharder uses that has chosen them itself: on a machine of two cores, with a GPU that is emulated on them.
import { expect, it } from "vitest";
import type { WorkerSpec } from "../../../../src/pool/worker-entries.js";
import type { ModelMemory } from "../../../../src/sharder/memory/model-memory.js";
import type { Sharder } from "../../../../src/sharder/sharder.js";
import { useFakeClock } from "../../../fixtures/fake-clock.js";
import { batch, create, negated } from "../../../fixtures/negating-sharder.js";
import { sharedMachine } from "../../../fixtures/shared-machine.js";

const pass = useFakeClock();

const WASM_AND_SOFTWARE_GPU: readonly WorkerSpec[] = [{ backend: "webgl" }, { backend: "wasm" }, { backend: "wasm" }];

/** Run a job, however long it takes. */
async function finish(sharder: Sharder, itemCount: number): Promise<unknown> {
  let outputs: unknown;
  const running = sharder.predict(batch(itemCount)).then((found) => (outputs = found));
  for (let step = 0; outputs === undefined && step < 2_000; step++) await pass(50);
  await running;
  return outputs;
}

const chosen = (sharder: Sharder) => sharder.workers.map(({ backend, choice }) => [backend, choice?.state]);

it("leaves out a worker with which all together do less, and says what that was measured to cost", async () => {
  const { workers, open } = sharedMachine();
  const sharder = await create(open, WASM_AND_SOFTWARE_GPU, { isChosen: true });
  expect(sharder.workers[0]!.choice).toEqual({
    state: "taken",
    reason: "webgl × 1: taken; no other set has been measured yet",
  });
  for (let job = 0; job < 3; job++) expect(await finish(sharder, 6_000)).toEqual({ y: negated(6_000) });
  expect(chosen(sharder)).toEqual([
    ["webgl", "left"],
    ["wasm", "taken"],
    ["wasm", "taken"],
  ]);
  const { reason } = sharder.workers[0]!.choice!;
  expect(reason).toMatch(/^webgl × 1: total \d+ → \d+ items\/s: left$/);
  const [without, beside] = reason.match(/\d+/g)!.slice(1).map(Number);
  expect(without! / beside!).toBeGreaterThan(1.5);
  // Its memory is free.
  expect(sharder.workers[0]!.state).toBe("unloaded");
  expect(workers[0]!.isTerminated).toBe(true);
  expect(Object.keys(await sharder.memory())).toEqual(sharder.workers.slice(1).map(({ id }) => id));
  const runCount = workers[0]!.runCount;
  expect(await finish(sharder, 2_000)).toEqual({ y: negated(2_000) });
  // It may be tried again for a window, but gets no share.
  expect(workers[0]!.runCount - runCount).toBeLessThan(4);
  expect(sharder.workers[0]!.share).toBe(0);
});

it("brings a worker that was left out back when the others are lost", async () => {
  const { workers, open } = sharedMachine();
  const sharder = await create(open, WASM_AND_SOFTWARE_GPU, { isChosen: true });
  for (let job = 0; job < 3; job++) await finish(sharder, 6_000);
  expect(chosen(sharder)[0]).toEqual(["webgl", "left"]);
  let outputs: unknown;
  const running = sharder.predict(batch(300)).then((found) => (outputs = found));
  await pass(50);
  for (const worker of workers.slice(1)) worker.crash("gone");
  for (let step = 0; outputs === undefined && step < 2_000; step++) await pass(50);
  await running;
  expect(outputs).toEqual({ y: negated(300) });
  const { state, restarts, choice } = sharder.workers[0]!;
  expect([state, restarts, choice?.state]).toEqual(["ready", 0, "taken"]);
});

it("brings one back to try it again after much more work, and unloads it again", async () => {
  const { workers, open } = sharedMachine();
  const sharder = await create(open, WASM_AND_SOFTWARE_GPU, { isChosen: true });
  for (let job = 0; job < 3; job++) await finish(sharder, 6_000);
  expect(sharder.workers[0]!.state).toBe("unloaded");
  const workersBefore = workers.length;
  const states: string[] = [];
  sharder.addEventListener("worker", ({ detail: { workerId, state } }) => {
    const plain = state === "busy" ? "ready" : state;
    if (workerId === sharder.workers[0]!.id && states.at(-1) !== plain) states.push(plain);
  });
  for (let job = 0; workers.length === workersBefore && job < 30; job++) await finish(sharder, 20_000);
  await finish(sharder, 6_000);
  expect(workers).toHaveLength(workersBefore + 1);
  expect(workers.at(-1)!.runCount).toBeGreaterThan(0);
  expect(states).toEqual(["starting", "ready", "draining", "unloaded"]);
  expect(chosen(sharder)[0]).toEqual(["webgl", "left"]);
});

it("removes one that is unloaded, and ends with one", async () => {
  const { open } = sharedMachine();
  const sharder = await create(open, [WASM_AND_SOFTWARE_GPU[0]!, ...WASM_AND_SOFTWARE_GPU], { isChosen: true });
  for (let job = 0; job < 4; job++) await finish(sharder, 6_000);
  expect(sharder.workers.map(({ state }) => state)).toEqual(["unloaded", "unloaded", "ready", "ready"]);
  await sharder.removeWorker(sharder.workers[0]!.id);
  for (let job = 0; job < 4; job++) await finish(sharder, 6_000);
  expect(sharder.workers.map(({ state }) => state)).toEqual(["unloaded", "ready", "ready"]);
  await sharder.dispose();
  expect(sharder.workers).toEqual([]);
});

it("remembers what it has chosen, and begins there", async () => {
  const written = new Map<string, unknown>();
  const memory: ModelMemory = {
    read: async (section) => written.get(section),
    write: (section, value) => void written.set(section, value),
  };
  const first = await create(sharedMachine().open, WASM_AND_SOFTWARE_GPU, { isChosen: true, memory });
  for (let job = 0; job < 3; job++) await finish(first, 6_000);
  expect(written.get("workers")).toEqual({ "webgl scripted": 0, "wasm scripted": 2 });

  const { workers, open } = sharedMachine();
  const second = await create(open, WASM_AND_SOFTWARE_GPU, { isChosen: true, memory });
  expect(await finish(second, 500)).toEqual({ y: negated(500) });
  expect(workers.map(({ runCount }) => runCount > 0)).toEqual([false, true, true]);
  expect(second.workers[0]!.choice).toEqual({
    state: "left",
    reason: "webgl: 0 of 1 taken, as measured in an earlier visit",
  });
});

it("also remembers that all are of use, so that the next visit need not try", async () => {
  const written = new Map<string, unknown>();
  const memory: ModelMemory = {
    read: async (section) => written.get(section),
    write: (section, value) => void written.set(section, value),
  };
  const twoWasm = WASM_AND_SOFTWARE_GPU.slice(1);
  const first = await create(sharedMachine().open, twoWasm, { isChosen: true, memory });
  for (let job = 0; written.size === 0 && job < 5; job++) await finish(first, 6_000);
  expect(written.get("workers")).toEqual({ "wasm scripted": 2 });
  expect(first.workers[1]!.choice!.reason).toMatch(/^wasm × 1: total \d+ → \d+ items\/s: taken$/);

  const { workers, open } = sharedMachine();
  const second = await create(open, twoWasm, { isChosen: true, memory });
  await finish(second, 6_000);
  const [one, other] = workers.map(({ ran }) => ran.reduce((sum, { itemCount }) => sum + itemCount, 0));
  expect(Math.abs(one! - other!)).toBeLessThan(300);
});

it("uses listed workers as they are listed", async () => {
  const { workers, open } = sharedMachine();
  const sharder = await create(open, WASM_AND_SOFTWARE_GPU);
  for (let job = 0; job < 3; job++) await finish(sharder, 2_000);
  expect(workers.every(({ runCount }) => runCount > 3)).toBe(true);
  expect(sharder.workers.map(({ choice }) => choice)).toEqual([undefined, undefined, undefined]);
});
