// How the pool carries out what the restart policy decides, on a virtual clock.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ShardError } from "../../../src/core/errors.js";
import type { PoolWorker } from "../../../src/pool/pool-worker.js";
import type { WorkerSpec } from "../../../src/pool/worker-entries.js";
import type { PoolListener, PoolOptions } from "../../../src/pool/pool-types.js";
import { WorkerPool } from "../../../src/pool/worker-pool.js";
import type { RunRequest, WorkerApi } from "../../../src/protocol/worker-api.js";
import type { WireModel } from "../../../src/protocol/model-on-wire.js";
import { callOnce } from "../../../src/sharder/job/call-once.js";
import { rejected } from "../../fixtures/caught.js";
import { openChannel } from "../../fixtures/channel.js";
import { negate, turns } from "../../fixtures/negating-sharder.js";
import { ScriptedWorker } from "../../fixtures/scripted-workers.js";

const toFake = ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "performance"] as const;
beforeEach(() => void vi.useFakeTimers({ toFake: [...toFake] }));
const pools: WorkerPool[] = [];
afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.close()));
  vi.useRealTimers();
});

const wire: WireModel = {
  format: "graph-model",
  artifacts: {},
  weights: {},
  weightData: new ArrayBuffer(0),
  inputs: [],
  outputs: [],
  needsAsync: false,
};

/** Let this much time pass, and all messages arrive. */
async function pass(ms: number): Promise<void> {
  await turns(10);
  await vi.advanceTimersByTimeAsync(ms);
  await turns(10);
}

/** @param prepare called with each worker before it receives anything. */
function setUp(
  options: Partial<PoolOptions> = {},
  prepare: (worker: ScriptedWorker, spec: WorkerSpec) => void = () => {},
) {
  const workers: ScriptedWorker[] = [];
  const open: PoolOptions["open"] = (spec, id) => {
    const worker = new ScriptedWorker(id, negate);
    prepare(worker, spec);
    workers.push(worker);
    return worker.channel.link;
  };
  const pool = new WorkerPool({ open, ...options });
  pool.admit = (worker) => worker.load("m", wire);
  pools.push(pool);
  const reported: string[] = [];
  const kind = (id: string): string => id.split("-")[0]!;
  const listener: PoolListener = {
    onState: () => {},
    onReady: async ({ id, spec }) => void reported.push(`ready ${kind(id)} on ${spec.backend}`),
    onLost: ({ id }, absence) =>
      void reported.push(
        `lost ${kind(id)}: ${absence.kind === "lost" ? `${absence.error.code}, then ${absence.returnsAs.backend}` : "replaced"}`,
      ),
    onGone: ({ id }, error) => void reported.push(`gone ${kind(id)}: ${error?.code}`),
    onReplacing: (worker) => worker.whenIdle(),
    onForgotten: () => void reported.push("forgotten"),
  };
  pool.listener = listener;
  const add = async (spec: WorkerSpec = { backend: "wasm" }): Promise<PoolWorker> => pool.enter(await pool.start(spec));
  return { pool, workers, reported, add };
}

const request = (): RunRequest => ({
  attemptId: "1",
  modelKey: "m",
  priority: 0,
  itemCount: 1,
  mode: "batched",
  inputs: {
    x: { kind: "dense", tensor: { dtype: "float32", shape: [1, 2], data: new Float32Array(2) }, itemShape: [1, 2] },
  },
  forwardedNames: [],
});

function crashAtStart(worker: ScriptedWorker): void {
  worker.beforeStart = async () => {
    await turns(2);
    worker.crash("no room");
    return new Promise(() => {});
  };
}

describe("a worker", () => {
  it("that was killed is back within a quarter of a second and its start", async () => {
    const { pool, workers, reported, add } = setUp();
    await add();
    await pass(30_000);
    workers[0]!.crash("killed");
    expect([pool.slots[0]!.state, pool.isAnyAway]).toEqual(["restarting", true]);
    await pass(250);
    expect(pool.slots[0]).toMatchObject({ state: "ready", restarts: 1, isAway: false });
    expect(reported).toEqual(["ready wasm on wasm", "lost wasm: worker-lost, then wasm", "ready wasm on wasm"]);
  });

  it("whose GPU no longer starts falls back, and returns to its GPU between two shards after a while", async () => {
    let isBroken = false;
    const { pool, workers, reported, add } = setUp({}, (worker, { backend }) => {
      if (isBroken && backend === "webgpu") worker.beforeStart = () => Promise.reject(new Error("no adapter"));
    });
    await add({ backend: "webgpu" });
    await pass(30_000);
    isBroken = true;
    workers[0]!.channel.notify({ notice: "device-lost", message: "gone" });
    await pass(5_000);
    const [slot] = pool.slots;
    expect([slot!.state, slot!.spec.backend, slot!.wanted.backend]).toEqual(["ready", "webgl", "webgpu"]);
    isBroken = false;
    const before = slot!.worker!;
    const running = before.run(request(), () => 1e6);
    await pass(61_000);
    await running;
    await pass(1_000);
    expect([slot!.state, slot!.spec.backend]).toEqual(["ready", "webgpu"]);
    expect(reported.slice(-3)).toEqual(["ready webgpu on webgl", "lost webgpu: replaced", "ready webgpu on webgpu"]);
    expect(before.deathError).toBeUndefined();
  });

  it("moves on from a backend that can't run the model, and never to one that is known not to", async () => {
    const { pool, workers, add } = setUp({ canRun: ({ backend }) => backend !== "wasm" }, (worker, { backend }) => {
      const isRefused = workers.length > 0 && (backend === "webgpu" || backend === "webgl");
      if (isRefused) worker.beforeLoad = () => Promise.reject(new ShardError("model-unsupported", "no kernel"));
    });
    await add({ backend: "webgpu" });
    workers[0]!.crash("gone");
    await pass(10_000);
    expect(pool.slots[0]).toMatchObject({ state: "ready", spec: { backend: "cpu" } });
    await pass(3_600_000);
    expect(pool.slots[0]).toMatchObject({ state: "ready", spec: { backend: "cpu" }, restarts: 3 });
  });

  it("whose device is lost while it loads the model, or who answers so, is not ready but restarted", async () => {
    const { pool, workers, reported, add } = setUp({}, (worker) => {
      if (workers.length === 0)
        worker.beforeLoad = () => Promise.reject(new ShardError("worker-lost", "its device was lost"));
    });
    const adding = add({ backend: "webgl" });
    await pass(0);
    expect([pool.slots[0]!.worker!.deathCause, pool.slots[0]!.state]).toEqual(["context-lost", "starting"]);
    await pass(250);
    expect((await adding).isReady).toBe(true);
    expect(reported).toEqual(["ready webgl on webgl"]);
  });

  it("that gives up in the end is gone for those that wait", async () => {
    const { pool, workers, reported, add } = setUp({}, (worker) => {
      if (pool.slots[0]?.hasBeenReady === true) worker.beforeStart = () => Promise.reject(new Error("no room"));
    });
    await add();
    workers[0]!.crash("gone");
    for (let i = 0; i < 200 && pool.isAnyAway; i++) await pass(1_000);
    expect([pool.isAnyAway, pool.slots[0]!.state, reported.at(-1)]).toEqual([false, "dead", "gone wasm: internal"]);
    expect(workers.length).toBe(8);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("that is quarantined is gone for jobs, and is tried again after minutes", async () => {
    const { pool, reported, add } = setUp();
    const [wrong] = [await add(), await add()];
    pool.quarantine(wrong.id, new ShardError("worker-lost", "other numbers"));
    expect([pool.slots[0]!.state, pool.isAnyAway, reported.at(-1)]).toEqual([
      "quarantined",
      false,
      "gone wasm: worker-lost",
    ]);
    await pass(299_000);
    expect(pool.slots[0]!.state).toBe("quarantined");
    await pass(2_000);
    expect([pool.slots[0]!.state, reported.at(-1)]).toEqual(["ready", "ready wasm on wasm"]);
  });

  it("that is the last one continues on another backend instead of being quarantined", async () => {
    const { pool, reported, add } = setUp();
    const { id } = await add();
    pool.quarantine(id, new ShardError("worker-lost", "other numbers"));
    await pass(1_000);
    expect([pool.slots[0]!.state, pool.slots[0]!.spec.backend]).toEqual(["ready", "cpu"]);
    expect(reported[1]).toBe("lost wasm: worker-lost, then cpu");
  });
});

it("a worker that hangs while it is idle is found out before it is to load another stage, within ten seconds", async () => {
  const { pool, workers, add } = setUp();
  const worker = await add();
  workers[0]!.isDeaf = true;
  const loading = rejected("worker-timeout", worker.load("n", wire), "listen");
  await pass(10_500);
  await loading;
  expect([worker.deathCause, pool.slots[0]!.restarts]).toEqual(["hung", 1]);
});

it("a worker that hangs while it is idle is found out before a trial of a batch, within ten seconds", async () => {
  const { workers, add } = setUp();
  const worker = await add();
  workers[0]!.isDeaf = true;
  const calling = rejected("worker-timeout", callOnce(worker, "m", {}), "listen");
  await pass(10_500);
  await calling;
  expect(worker.deathCause).toBe("hung");
});

it("a later load may take longer than the slowest so far by a factor and ten seconds, not two minutes", async () => {
  const { workers, add } = setUp();
  const worker = await add();
  workers[0]!.beforeLoad = () => new Promise(() => {});
  const loading = rejected("worker-timeout", worker.load("n", wire), "load a model");
  await pass(12_000);
  await loading;
});

describe("a start", () => {
  it("of which nothing is heard is ended after 20 s and repeated; the owner only waits", async () => {
    const opened: { isTerminated: boolean }[] = [];
    const { pool, add } = setUp({
      open: (_, id) => {
        // A worker that was terminated before its script had run.
        const channel = opened.length === 0 ? openChannel<WorkerApi>(() => {}) : new ScriptedWorker(id, negate).channel;
        opened.push(channel);
        return channel.link;
      },
    });
    const adding = add();
    await pass(20_000);
    expect([pool.slots[0]!.state, pool.isAnyAway]).toEqual(["starting", true]);
    await pass(1_000);
    expect((await adding).isReady).toBe(true);
    expect(opened.map(({ isTerminated }) => isTerminated)).toEqual([true, false]);
  });

  it("that hangs after its script was loaded is ended after 60 s", async () => {
    const { workers, add } = setUp({}, (worker) => {
      if (workers.length === 0) worker.beforeStart = () => new Promise(() => {});
    });
    const adding = add();
    await pass(59_000);
    expect(workers.map(({ isTerminated }) => isTerminated)).toEqual([false]);
    await pass(2_000);
    expect((await adding).isReady).toBe(true);
    expect(workers.map(({ isTerminated }) => isTerminated)).toEqual([true, false]);
  });

  it("that is refused with a reason is not repeated", async () => {
    const { workers, reported, add } = setUp({}, (worker) => {
      worker.beforeStart = () => Promise.reject(new ShardError("backend-unavailable", "no WebGPU here"));
    });
    await rejected("backend-unavailable", add({ backend: "webgpu" }));
    await pass(10_000);
    expect([workers.length, reported]).toEqual([1, ["gone webgpu: backend-unavailable"]]);
  });

  it("whose script can't be loaded is not repeated", async () => {
    const { workers, add } = setUp({}, (worker) => queueMicrotask(() => worker.crash("a syntax error")));
    await rejected("backend-unavailable", add(), "a syntax error");
    await pass(10_000);
    expect(workers.length).toBe(1);
  });

  it("that crashes three times rejects with the reason", async () => {
    const { workers, add } = setUp({}, crashAtStart);
    const adding = rejected("backend-unavailable", add(), "no room");
    await pass(2_000);
    await adding;
    expect(workers.length).toBe(3);
  });

  it("of a worker that is removed meanwhile rejects at once, also between two tries", async () => {
    const { pool, workers, add } = setUp({}, crashAtStart);
    const adding = rejected("backend-unavailable", add());
    await turns(10);
    await pool.remove(pool.slots[0]!.id);
    await adding;
    await pass(10_000);
    expect([workers.length, pool.slots, vi.getTimerCount()]).toEqual([1, [], 0]);
  });
});

describe("a heap beyond the limit", () => {
  it("is replaced by a fresh worker between two shards, one worker at a time, and is no fault", async () => {
    const { pool, workers, reported, add } = setUp({ maxHeapBytes: 100 }, (worker) => (worker.heapBytes = 50));
    const [a, b] = [await add(), await add()];
    for (const worker of workers) worker.heapBytes = 101;
    await Promise.all([a.run(request(), () => 1e6), b.run(request(), () => 1e6)]);
    expect([a.state, b.state, pool.isAnyAway]).toEqual(["draining", "ready", true]);
    await pass(10);
    expect(pool.slots.map(({ state, restarts }) => `${state} ${restarts}`)).toEqual(["ready 1", "ready 0"]);
    expect(reported.slice(2)).toEqual(["lost wasm: replaced", "ready wasm on wasm"]);
    await b.run(request(), () => 1e6);
    await pass(10);
    expect(pool.slots.map(({ restarts, lastError }) => [restarts, lastError])).toEqual([
      [1, undefined],
      [1, undefined],
    ]);
  });

  it("that a fresh worker has, too, is replaced ever more seldom", async () => {
    const { pool, add } = setUp({ maxHeapBytes: 100 }, (worker) => (worker.heapBytes = 200));
    await add();
    const restarts: number[] = [];
    for (let second = 0; second < 100; second++) {
      const { worker } = pool.slots[0]!;
      if (worker?.isReady === true) await worker.run(request(), () => 1e6);
      await pass(1_000);
      if (pool.slots[0]!.restarts > (restarts.length === 0 ? 0 : restarts.length)) restarts.push(second);
    }
    expect(restarts.length).toBe(4);
  });
});

it("lists only the latest of those that were given up", async () => {
  const { pool, reported, add } = setUp({}, (worker) => {
    if (pool.slots.length > 1) worker.beforeStart = () => Promise.reject(new Error("no room"));
  });
  await add();
  for (let i = 0; i < 30; i++) await rejected("internal", add());
  expect(pool.slots.length).toBe(17);
  expect([pool.slots[0]!.state, reported.filter((line) => line === "forgotten").length]).toEqual(["ready", 14]);
});

it("a closed pool leaves no timer behind, whatever its workers were doing", async () => {
  const { pool, workers, add } = setUp({}, (worker, { backend }) => {
    if (backend === "cpu") worker.beforeStart = () => new Promise(() => {});
  });
  await add();
  await add();
  const starting = rejected("disposed", add({ backend: "cpu" }));
  workers[0]!.crash("gone");
  pool.quarantine(pool.slots[1]!.id, new ShardError("worker-lost", "wrong"));
  const closing = pool.close();
  await pass(2_000);
  await Promise.all([closing, starting]);
  expect([vi.getTimerCount(), pool.slots, workers.every(({ isTerminated }) => isTerminated)]).toEqual([0, [], true]);
});
