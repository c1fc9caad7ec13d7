// A sharder begins with the workers that are ready; others join it when they are.
import { describe, expect, it } from "vitest";
import { ShardError } from "../../../src/core/errors.js";
import type { OpenWorker, WorkerSpec } from "../../../src/pool/worker-entries.js";
import type { Sharder } from "../../../src/sharder/sharder.js";
import { rejected } from "../../fixtures/caught.js";
import { useFakeClock } from "../../fixtures/fake-clock.js";
import { batch, create, negate, negated, turns } from "../../fixtures/negating-sharder.js";
import { ScriptedWorker } from "../../fixtures/scripted-workers.js";

const pass = useFakeClock();

function script(prepare: (worker: ScriptedWorker, spec: WorkerSpec) => void) {
  const workers: ScriptedWorker[] = [];
  const open: OpenWorker = (spec, id) => {
    const worker = new ScriptedWorker(id, negate);
    prepare(worker, spec);
    workers.push(worker);
    return worker.channel.link;
  };
  return { workers, open };
}

const after = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const GPU_AND_WASM = [{ backend: "webgpu" }, { backend: "wasm" }] as const;
const states = (sharder: Sharder): string[] => sharder.workers.map(({ backend, state }) => `${backend} ${state}`);

/** Whether the promise has settled by now. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  const settle = (): void => void (settled = true);
  void promise.then(settle, settle);
  await turns(5);
  return settled;
}

it("does not wait for a worker that never starts, and says that it is starting", async () => {
  const { open } = script((worker, { backend }) => {
    if (backend === "webgpu") worker.beforeStart = () => new Promise(() => {});
  });
  const creating = create(open, GPU_AND_WASM);
  await pass(1_900);
  expect(await isSettled(creating)).toBe(false);
  await pass(200);
  const sharder = await creating;
  expect(states(sharder)).toEqual(["webgpu starting", "wasm ready"]);
  expect(await sharder.predict(batch(20))).toEqual({ y: negated(20) });
  const disposing = sharder.dispose();
  await pass(1_000);
  await disposing;
});

it("takes in a worker that starts later, also into a running job", async () => {
  const { open, workers } = script((worker, { backend }) => {
    if (backend === "webgpu") worker.beforeStart = () => after(5_000);
  });
  const creating = create((spec, id) => open(spec, id), GPU_AND_WASM);
  await pass(2_100);
  const sharder = await creating;
  const seen: string[] = [];
  sharder.addEventListener("worker", ({ detail }) => seen.push(`${detail.workerId.split("-")[0]} ${detail.state}`));
  sharder.pause();
  const running = sharder.predict(batch(100));
  await pass(3_000);
  expect(states(sharder)).toEqual(["webgpu ready", "wasm ready"]);
  expect(seen).toEqual(["webgpu ready"]);
  sharder.resume();
  await turns(5);
  expect(await running).toEqual({ y: negated(100) });
  expect(workers.map(({ runCount }) => runCount > 0)).toEqual([true, true]);
});

it("waits longer for the others if the quickest took long", async () => {
  const { open } = script((worker, { backend }) => {
    worker.beforeStart = () => after(backend === "webgpu" ? 7_000 : 2_000);
  });
  const creating = create(open, GPU_AND_WASM);
  await pass(6_900);
  expect(await isSettled(creating)).toBe(false);
  await pass(200);
  expect(states(await creating)).toEqual(["webgpu ready", "wasm ready"]);
});

it("does not wait for a worker that hangs while it loads the model", async () => {
  const { open } = script((worker, { backend }) => {
    if (backend === "webgpu") worker.beforeLoad = () => new Promise(() => {});
  });
  const creating = create(open, GPU_AND_WASM);
  await pass(2_100);
  expect(states(await creating)).toEqual(["webgpu starting", "wasm ready"]);
});

it("a job whose last worker is lost waits for one that still starts", async () => {
  const { open, workers } = script((worker, { backend }) => {
    if (backend === "webgpu") worker.beforeStart = () => after(5_000);
  });
  const creating = create(open, GPU_AND_WASM);
  await pass(2_100);
  const sharder = await creating;
  workers[1]!.crash("gone");
  const running = sharder.predict(batch(10));
  expect(await isSettled(running)).toBe(false);
  await pass(3_000);
  expect(await running).toEqual({ y: negated(10) });
});

it("a running job whose only worker is removed waits for one that still starts, and ends if that one fails", async () => {
  let isBroken = false;
  const { open } = script((worker, { backend }) => {
    if (backend !== "webgpu") return;
    worker.beforeStart = async () => {
      await after(5_000);
      if (isBroken) throw new ShardError("backend-unavailable", "no device");
    };
  });
  const creating = create(open, GPU_AND_WASM);
  await pass(2_100);
  const sharder = await creating;
  sharder.pause();
  const running = sharder.predict(batch(10));
  await turns(5);
  await sharder.removeWorker(sharder.workers[1]!.id);
  sharder.resume();
  expect(await isSettled(running)).toBe(false);
  await pass(3_000);
  expect(await running).toEqual({ y: negated(10) });
  isBroken = true;
  const adding = rejected("backend-unavailable", sharder.addWorker({ backend: "webgpu" }));
  await sharder.removeWorker(sharder.workers[0]!.id);
  const waiting = rejected("no-workers", sharder.predict(batch(10)));
  expect(await isSettled(waiting)).toBe(false);
  await pass(5_000);
  await Promise.all([waiting, adding]);
});

it("a job whose only worker is replaced by a fresh one waits for it", async () => {
  const { open, workers } = script((worker) => (worker.heapBytes = 50));
  const sharder = await create(open, [{ backend: "wasm" }], { restartDelayMs: () => 0 }, { maxWorkerHeapBytes: 100 });
  const faults: unknown[] = [];
  sharder.addEventListener("fault", ({ detail }) => faults.push(detail));
  sharder.addEventListener("progress", () => (workers[0]!.heapBytes = 101));
  const running = sharder.predict(batch(300));
  while (!(await isSettled(running))) await pass(100);
  expect(await running).toEqual({ y: negated(300) });
  expect([workers.length, faults]).toEqual([2, []]);
  expect(sharder.workers).toMatchObject([{ state: "ready", restarts: 1, lastError: undefined }]);
});

describe("if no worker starts", () => {
  const refuse = (worker: ScriptedWorker, { backend }: WorkerSpec): void => {
    if (backend !== "cpu")
      worker.beforeStart = () =>
        Promise.reject(new ShardError("backend-unavailable", "it received no WASM here: use another one."));
  };

  it("those of the last resort are started, if there are any", async () => {
    const { open } = script(refuse);
    const sharder = await create(open, GPU_AND_WASM, { lastResort: [{ backend: "cpu" }] });
    expect(states(sharder)).toEqual(["webgpu dead", "wasm dead", "cpu ready"]);
    expect(await sharder.predict(batch(3))).toEqual({ y: negated(3) });
  });

  it("the caller gets the reasons", async () => {
    await rejected("no-workers", create(script(refuse).open, GPU_AND_WASM), "no WASM here");
  });
});
