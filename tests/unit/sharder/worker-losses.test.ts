// What is reported when a worker is lost, and when it is back.
import { expect, it } from "vitest";
import type { OpenWorker, WorkerSpec } from "../../../src/pool/worker-entries.js";
import type { FaultDetail } from "../../../src/sharder/events.js";
import { useFakeClock } from "../../fixtures/fake-clock.js";
import { batch, create, negate, negated, turns } from "../../fixtures/negating-sharder.js";
import { ScriptedWorker } from "../../fixtures/scripted-workers.js";

const pass = useFakeClock();

async function start(specs: readonly WorkerSpec[]) {
  const workers: ScriptedWorker[] = [];
  const state = { isBroken: false, holds: false };
  const open: OpenWorker = ({ backend }, id) => {
    const worker = new ScriptedWorker(id, async (request, self) => {
      if (state.holds) await new Promise(() => {});
      return negate(request, self);
    });
    if (state.isBroken && backend === "webgpu") worker.beforeStart = () => Promise.reject(new Error("no adapter"));
    workers.push(worker);
    return worker.channel.link;
  };
  const sharder = await create(open, specs, { restartDelayMs: undefined });
  const faults: FaultDetail[] = [];
  sharder.addEventListener("fault", ({ detail }) => faults.push(detail));
  return { sharder, workers, faults, state };
}

it("a worker that was lost is reported with the items it was on, and again when it is back", async () => {
  const { sharder, workers, faults, state } = await start([{ backend: "wasm" }]);
  state.holds = true;
  const running = sharder.predict(batch(5));
  await turns(10);
  state.holds = false;
  workers[0]!.channel.notify({ notice: "trapped", message: "unreachable" });
  expect(faults).toMatchObject([
    {
      cause: "crashed",
      action: "restarted",
      workerId: sharder.workers[0]!.id,
      code: "worker-lost",
      recoverMs: undefined,
    },
  ]);
  expect(faults[0]!.items.reduce((total, { itemCount }) => total + itemCount, 0)).toBeGreaterThan(0);
  expect(faults[0]!.message).toContain("unreachable");
  await pass(300);
  expect(faults).toHaveLength(2);
  expect(faults[1]).toMatchObject({ ...faults[0], recoverMs: expect.any(Number) });
  expect(faults[1]!.recoverMs).toBeLessThanOrEqual(300);
  expect(await running).toEqual({ y: negated(5) });
  expect(sharder.workers).toMatchObject([{ state: "ready", restarts: 1, lastError: { code: "worker-lost" } }]);
});

it("a GPU that does not come back is reported as fallen back, with the backend that it has now", async () => {
  const { sharder, workers, faults, state } = await start([{ backend: "webgpu" }, { backend: "wasm" }]);
  await pass(30_000);
  state.isBroken = true;
  workers[0]!.channel.notify({ notice: "device-lost", message: "the driver was reset" });
  await pass(5_000);
  expect(sharder.workers.map(({ backend, state: now }) => [backend, now])).toEqual([
    ["webgl", "ready"],
    ["wasm", "ready"],
  ]);
  expect(faults[0]).toMatchObject({ cause: "device-lost", action: "restarted", recoverMs: undefined });
  const last = faults.at(-1)!;
  expect(last).toMatchObject({ action: "fell-back", recoverMs: expect.any(Number) });
  expect(faults.filter(({ recoverMs }) => recoverMs !== undefined)).toHaveLength(
    faults.filter(({ recoverMs }) => recoverMs === undefined).length,
  );
  expect(last.recoverMs).toBeLessThan(5_000);
});

it("a worker that is given up is reported once, and one that is removed while it is away is no fault", async () => {
  const { sharder, workers, faults } = await start([{ backend: "wasm" }, { backend: "wasm" }]);
  workers[0]!.crash("gone");
  await sharder.removeWorker(sharder.workers[0]!.id);
  expect(faults.map(({ action }) => action)).toEqual(["restarted"]);
  await pass(60_000);
  expect([workers.length, sharder.workers.length]).toEqual([2, 1]);
  expect(faults).toHaveLength(1);
});

it("a job whose workers all end at once completes when they are back", async () => {
  const { sharder, workers, faults } = await start([{ backend: "wasm" }, { backend: "wasm" }, { backend: "wasm" }]);
  await pass(30_000);
  let isFirst = true;
  sharder.addEventListener("progress", () => {
    if (isFirst) for (const worker of workers) worker.crash("the tab ran out of memory");
    isFirst = false;
  });
  const running = sharder.predict(batch(300));
  await pass(100);
  expect(sharder.workers.map(({ state }) => state)).toEqual(["restarting", "restarting", "restarting"]);
  await pass(300);
  expect(await running).toEqual({ y: negated(300) });
  expect(faults.map(({ action, recoverMs }) => `${action} ${recoverMs !== undefined}`)).toEqual([
    ...Array<string>(3).fill("restarted false"),
    ...Array<string>(3).fill("restarted true"),
  ]);
});

it("a job waits for a restart, and can be aborted meanwhile", async () => {
  const { sharder, workers } = await start([{ backend: "wasm" }]);
  workers[0]!.crash("gone");
  const controller = new AbortController();
  const running = sharder.predict(batch(5), { signal: controller.signal });
  running.catch(() => {});
  await turns(10);
  controller.abort();
  await expect(running).rejects.toMatchObject({ code: "aborted" });
});
