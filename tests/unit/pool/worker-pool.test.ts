// What survives a worker's death: slots, incarnations, and what is reported about them.
import { afterEach, describe, expect, it } from "vitest";
import { ShardError } from "../../../src/core/errors.js";
import type { PoolListener, PoolOptions } from "../../../src/pool/pool-types.js";
import { WorkerPool } from "../../../src/pool/worker-pool.js";
import { rejected } from "../../fixtures/caught.js";
import { negate, turns } from "../../fixtures/negating-sharder.js";
import { scriptWorkers } from "../../fixtures/scripted-workers.js";

const pools: WorkerPool[] = [];
afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.close()));
});

function setUp(options: Partial<PoolOptions> = {}) {
  const { workers, openWorker } = scriptWorkers(negate);
  const pool = new WorkerPool({ open: openWorker, restartDelayMs: () => undefined, ...options });
  pools.push(pool);
  const reported: string[] = [];
  const listener: PoolListener = {
    onState: ({ state }) => void reported.push(state),
    onReady: async ({ id }) => void reported.push(`onReady ${id.replace(/\d+/, "n")}`),
    onLost: (_, { kind, error }) => void reported.push(`onLost ${kind === "lost" ? error.code : kind}`),
    onGone: (_, error) => void reported.push(`onGone ${error?.code}`),
    onReplacing: async (worker) => {
      reported.push("onReplacing");
      await worker.whenIdle();
    },
    onForgotten: () => void reported.push("onForgotten"),
  };
  pool.listener = listener;
  const add = async () => {
    const worker = await pool.start({ backend: "wasm" });
    await pool.enter(worker);
    return worker;
  };
  return { pool, workers, reported, add };
}

describe("a worker that dies", () => {
  it("is gone if nothing restarts it; its slot keeps the error", async () => {
    const { pool, workers, reported, add } = setUp();
    const worker = await add();
    workers[0]!.crash("out of memory");
    expect(reported).toEqual(["ready", "onReady wasm-n", "dead", "onGone worker-lost"]);
    const [slot] = pool.slots;
    expect([slot!.state, slot!.restarts, slot!.isAway, slot!.lastError?.code]).toEqual([
      "dead",
      0,
      false,
      "worker-lost",
    ]);
    expect([pool.readyWorkers, worker.isUsable, workers[0]!.isTerminated]).toEqual([[], false, true]);
  });

  it("comes back as another incarnation with the same id, which is admitted again", async () => {
    const { pool, workers, reported, add } = setUp({ restartDelayMs: () => 1 });
    const admitted: unknown[] = [];
    pool.admit = async (worker) => void admitted.push(worker);
    const first = await add();
    reported.length = 0;
    workers[0]!.crash("gone");
    const [slot] = pool.slots;
    expect([slot!.state, slot!.isAway, reported]).toEqual(["restarting", true, ["restarting", "onLost worker-lost"]]);
    while (pool.readyWorkers.length === 0) await turns(1);
    expect([slot!.state, slot!.isAway, slot!.restarts, slot!.id]).toEqual(["ready", false, 1, first.id]);
    expect(reported.slice(2)).toEqual(["ready", "onReady wasm-n"]);
    expect(admitted).toEqual([first, pool.readyWorkers[0]]);
    expect(pool.readyWorkers[0]).not.toBe(first);
    expect([first.state, slot!.lastError?.code]).toEqual(["dead", "worker-lost"]);
  });

  it("is gone once its restarts have failed, too", async () => {
    let delays = [1, 1, undefined];
    const { pool, workers, reported, add } = setUp({ restartDelayMs: () => delays.shift() });
    pool.admit = async () => {
      if (workers.length > 1) throw new ShardError("model-malformed", "not again");
    };
    await add();
    reported.length = 0;
    workers[0]!.crash("gone");
    while (!reported.some((line) => line.startsWith("onGone"))) await turns(1);
    expect(reported.filter((line) => line.startsWith("on"))).toEqual([
      "onLost worker-lost",
      "onLost model-malformed",
      "onGone model-malformed",
    ]);
    expect([workers.length, pool.slots[0]!.state, pool.slots[0]!.restarts]).toEqual([3, "dead", 2]);
    delays = [];
  });

  it("is gone if the browser no longer starts its script", async () => {
    const scripted = scriptWorkers(negate);
    let isRefused = false;
    const { pool, reported, add } = setUp({
      open: (spec, id) => {
        if (isRefused) throw new ShardError("backend-unavailable", "refused");
        return scripted.openWorker(spec, id);
      },
      restartDelayMs: () => 1,
    });
    await add();
    isRefused = true;
    scripted.workers[0]!.crash("gone");
    while (!reported.some((line) => line.startsWith("onGone"))) await turns(1);
    expect(reported.at(-1)).toBe("onGone backend-unavailable");
    expect(pool.slots[0]!.state).toBe("dead");
  });

  it("may be removed while it is away, and is then not restarted", async () => {
    const { pool, workers, reported, add } = setUp({ restartDelayMs: () => 1 });
    const { id } = await add();
    workers[0]!.crash("gone");
    await pool.remove(id);
    await turns(20);
    expect([workers.length, pool.slots]).toEqual([1, []]);
    expect(reported.at(-1)).toBe("onGone worker-lost");
  });
});

it("nobody waits any longer for a worker that is removed while it comes back", async () => {
  const { pool, workers, add } = setUp({ restartDelayMs: () => 1 });
  const { id } = await add();
  workers[0]!.crash("gone");
  while (workers.length < 2) await turns(1);
  let isOver = false;
  void pool.whenChanged().then(() => (isOver = true));
  // Nothing has come of its start yet.
  pool.drain(id);
  await Promise.resolve();
  expect([isOver, pool.isAnyAway]).toEqual([true, false]);
});

describe("the cause of an end", () => {
  const notices = [
    ["device-lost", "device-lost"],
    ["device-error", "device-lost"],
    ["context-lost", "context-lost"],
    ["out-of-memory", "out-of-memory"],
    ["trapped", "trapped"],
  ] as const;
  it.each(notices)("of a worker that posts %s is %s", async (notice, cause) => {
    const { workers, add } = setUp();
    const worker = await add();
    workers[0]!.channel.notify({ notice, message: "told so" });
    while (worker.state !== "dead") await turns(1);
    expect([worker.deathCause, worker.deathError?.message]).toEqual([cause, expect.stringContaining("told so")]);
  });

  it("of a worker that crashes is kept; of one that is stopped there is none", async () => {
    const { pool, workers, add } = setUp();
    const [crashed, stopped] = [await add(), await add()];
    workers[0]!.crash("gone");
    await pool.remove(stopped.id);
    expect([crashed.deathCause, stopped.deathCause]).toEqual(["crashed", undefined]);
  });
});

describe("a worker that is quarantined", () => {
  it("ends, says so, and is not restarted like others", async () => {
    const { pool, workers, reported, add } = setUp({ restartDelayMs: () => 1 });
    const worker = await add();
    pool.quarantine(worker.id, new ShardError("worker-lost", "it gave other numbers", { workerId: worker.id }));
    await turns(20);
    const [slot] = pool.slots;
    expect([slot!.state, slot!.isAway, slot!.lastError?.message]).toEqual([
      "quarantined",
      false,
      "it gave other numbers",
    ]);
    expect([worker.deathCause, workers.map(({ isTerminated }) => isTerminated)]).toEqual(["wrong-output", [true]]);
    expect(reported.at(-1)).toBe("onGone worker-lost");
  });
});

describe("a worker", () => {
  it("that is stopped on purpose is not reported as lost", async () => {
    const { pool, reported, add } = setUp({ restartDelayMs: () => 1 });
    const { id } = await add();
    await pool.remove(id);
    await turns(20);
    expect(reported.slice(2)).toEqual(["dead", "onGone undefined"]);
  });

  it("that is refused ends, and its slot keeps the reason", async () => {
    const { pool, workers } = setUp();
    pool.admit = async () => {
      throw new ShardError("model-unsupported", "lacks a kernel");
    };
    const worker = await pool.start({ backend: "wasm" });
    await rejected("model-unsupported", pool.enter(worker));
    expect([worker.state, workers[0]!.isTerminated, pool.slots[0]!.lastError?.code]).toEqual([
      "dead",
      true,
      "model-unsupported",
    ]);
  });

  it("is not started by a closed pool", async () => {
    const { pool, workers } = setUp();
    await pool.close();
    await rejected("disposed", pool.start({ backend: "wasm" }));
    expect(workers).toEqual([]);
  });

  it("that sends an unreadable message is lost", async () => {
    const { workers, reported, add } = setUp();
    await add();
    workers[0]!.channel.garble();
    expect(reported.at(-1)).toBe("onGone worker-lost");
  });
});
