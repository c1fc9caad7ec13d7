// Splitting by layers when workers die at the worst moment, don't answer, fail or run out of memory.
import { afterEach, describe, expect, it, vi } from "vitest";
import { ShardError } from "../../../../src/core/errors.js";
import type { FaultDetail } from "../../../../src/sharder/events.js";
import type { Sharder } from "../../../../src/sharder/sharder.js";
import { added, startLayers } from "../../../fixtures/adding-sharder.js";
import { rejected } from "../../../fixtures/caught.js";
import { batch, turns } from "../../../fixtures/negating-sharder.js";
import { rowsOf, type StageCall } from "../../../fixtures/staged-workers.js";

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const forever = (): Promise<never> => new Promise(() => {});

/** The first number of each item that enters a call. */
const firstNumbers = (call: StageCall): number[] =>
  call.kind === "run"
    ? [...(Object.values(call.inputs)[0]!.data as Float32Array)].filter((_, index) => index % 2 === 0)
    : [];

const staffOf = (sharder: Sharder, stage: number): readonly string[] =>
  sharder.plan.split === "layers" ? sharder.plan.stages[stage]!.workerIds : [];

function faultsOf(sharder: Sharder): FaultDetail[] {
  const faults: FaultDetail[] = [];
  sharder.addEventListener("fault", ({ detail }) => faults.push(detail));
  return faults;
}

describe("a worker that takes over a stage and dies at once", () => {
  it("is replaced by another one", async () => {
    const { sharder, workers } = await startLayers(6, { workerCount: 4 }, { cuts: [2, 4], quantumMs: 1 });
    const byName = (name: string) => workers.find((worker) => worker.name === name)!;
    let killedCount = 0;
    let isArmed = false;
    // In the microtask after the stages have moved, and before the pipeline knows of it.
    sharder.addEventListener("rebalance", () => {
      if (!isArmed || killedCount === 2) return;
      const [replacement] = staffOf(sharder, 1);
      if (replacement === undefined) return;
      killedCount++;
      queueMicrotask(() => byName(replacement).crash("at once"));
    });
    const outputs = await sharder.predict(batch(60), {
      onProgress: ({ completedItemCount }) => {
        if (completedItemCount < 10 || isArmed) return;
        isArmed = true;
        byName(staffOf(sharder, 1)[0]!).crash("the first");
      },
    });
    expect(Object.values(outputs)).toEqual([added(60, 6)]);
    expect(killedCount).toBeGreaterThan(0);
  });
});

describe("a worker that does not answer", () => {
  const pass = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 250) {
      vi.advanceTimersByTime(250);
      await turns(3);
    }
  };

  /** Three workers with a stage each, of which the second one hangs in the middle of a job. */
  async function hang() {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "setTimeout", "clearTimeout", "performance"] });
    let hung: string | undefined;
    let release = (): void => {};
    const { sharder, workers } = await startLayers(
      6,
      {
        workerCount: 3,
        before: (call, worker) => {
          if (call.kind !== "run" || worker.name !== hung) return undefined;
          hung = undefined;
          return new Promise<void>((resolve) => (release = resolve));
        },
      },
      { cuts: [2, 4], quantumMs: 1 },
    );
    const faults = faultsOf(sharder);
    await sharder.predict(batch(30));
    const [hangingId] = staffOf(sharder, 1);
    hung = hangingId;
    const result = sharder.predict(batch(40, 100));
    await turns(40);
    return { sharder, workers, faults, result, hangingId: hangingId!, release: () => release() };
  }

  it("is noticed within three times the prediction and a second, and others take its stage without ending it", async () => {
    const { sharder, faults, result, hangingId } = await hang();
    expect(faults).toEqual([]);
    await pass(1_250);
    expect(Object.values(await result)).toEqual([added(40, 6, 100)]);
    expect(faults[0]).toMatchObject({ cause: "overdue", workerId: hangingId, action: "retried", recoverMs: undefined });
    expect(faults[0]!.items).toHaveLength(1);
    expect(faults.at(-1)).toMatchObject({ faultId: faults[0]!.faultId, recoverMs: expect.any(Number) });
    expect(sharder.workers.find(({ id }) => id === hangingId)).toMatchObject({ state: "busy" });
    // Later jobs leave it alone.
    expect(Object.values(await sharder.predict(batch(20)))).toEqual([added(20, 6)]);
    expect(faults).toHaveLength(2);
    // It is ended after ten times the prediction and ten seconds.
    await pass(10_000);
    expect(sharder.workers.find(({ id }) => id === hangingId)).toMatchObject({ state: "dead" });
    expect(faults.at(-1)).toMatchObject({ cause: "hung", workerId: hangingId });
    expect(Object.values(await sharder.predict(batch(20)))).toEqual([added(20, 6)]);
  });

  it("is ended in the same time when its stages have been moved meanwhile, and what they took is forgotten", async () => {
    const { sharder, result, hangingId } = await hang();
    await pass(1_250);
    await result;
    await sharder.recut([1, 5]);
    await pass(10_000);
    expect(sharder.workers.find(({ id }) => id === hangingId)).toMatchObject({ state: "dead" });
    expect(Object.values(await sharder.predict(batch(20)))).toEqual([added(20, 6)]);
  });

  it("that was only slow is used again, and its late result has no effect", async () => {
    const { sharder, faults, result, hangingId, release } = await hang();
    await pass(1_250);
    expect(Object.values(await result)).toEqual([added(40, 6, 100)]);
    release();
    await turns(10);
    const before = sharder.workers.find(({ id }) => id === hangingId)!;
    expect(before).toMatchObject({ state: "ready" });
    const workers: string[] = [];
    sharder.addEventListener("attempt", ({ detail }) => workers.push(detail.workerId));
    expect(Object.values(await sharder.predict(batch(40)))).toEqual([added(40, 6)]);
    expect(workers).toContain(hangingId);
    expect(faults).toHaveLength(2);
  });

  it("is no fault while the page sleeps", async () => {
    const { faults, result, release } = await hang();
    // The clock jumps, and no timer fires meanwhile.
    const now = performance.now.bind(performance);
    vi.spyOn(performance, "now").mockImplementation(() => now() + 60_000);
    await turns(20);
    vi.advanceTimersByTime(250);
    await turns(5);
    release();
    expect(Object.values(await result)).toEqual([added(40, 6, 100)]);
    expect(faults).toEqual([]);
  });

  it.each([
    ["trace", undefined],
    ["load", [2, 4]],
  ] as const)(
    "when it is to %s is ended in seconds, since others have shown how long that takes",
    async (kind, cuts) => {
      vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "setTimeout", "clearTimeout", "performance"] });
      let hung: string | undefined;
      let isReady = false;
      const starting = startLayers(
        6,
        {
          workerCount: 3,
          startsTogether: true,
          before: (call, { name }) => {
            if (call.kind !== kind || (hung ?? name) !== name) return undefined;
            hung = name;
            return forever();
          },
        },
        { cuts, quantumMs: 1 },
      );
      void starting.then(() => (isReady = true));
      await turns(100);
      await pass(12_000);
      await turns(100);
      expect(isReady).toBe(true);
      const { sharder } = await starting;
      expect(sharder.workers.find(({ id }) => id === hung)).toMatchObject({ lastError: { code: "worker-timeout" } });
      expect(Object.values(await sharder.predict(batch(20)))).toEqual([added(20, 6)]);
    },
  );

  it("in the first run of a stage on it is noticed in seconds, from what the layers took elsewhere", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "setTimeout", "clearTimeout", "performance"] });
    let hangs = false;
    const { sharder } = await startLayers(
      6,
      {
        workerCount: 3,
        before: (call, worker) =>
          hangs && call.kind === "run" && worker.name === staffOf(sharder, 1)[0] ? forever() : undefined,
      },
      { quantumMs: 1 },
    );
    const faults = faultsOf(sharder);
    await sharder.predict(batch(30));
    // Each stage is new to its worker.
    await sharder.recut([1, 3]);
    hangs = true;
    const result = sharder.predict(batch(20));
    await turns(40);
    await pass(4_000);
    expect(faults[0]).toMatchObject({ cause: "overdue" });
    expect(Object.values(await result)).toEqual([added(20, 6)]);
  });
});

describe("items that fail in a stage", () => {
  it("are found and named, and all others complete", async () => {
    // What the second stage gets for these items.
    const bad = [7, 150, 151].map((item) => item + 3);
    const { sharder } = await startLayers(
      6,
      {
        workerCount: 2,
        layerMs: () => 0.2,
        before: (call) => {
          const isSecond = call.kind === "run" && Object.keys(call.inputs)[0]!.startsWith("a2");
          if (isSecond && firstNumbers(call).some((value) => bad.includes(value)))
            throw new Error("it divides by zero");
        },
      },
      { cuts: [3] },
    );
    const faults = faultsOf(sharder);
    let most = 0;
    const failed = await rejected(
      "model-failed",
      sharder.predict(batch(200), { onProgress: ({ completedItemCount }) => (most = completedItemCount) }),
      "7 and 150 to 151",
      "it divides by zero",
    );
    expect(failed.itemErrors?.map(({ item }) => item)).toEqual([7, 150, 151]);
    expect(most).toBeGreaterThanOrEqual(197);
    const poison = faults.filter(({ cause }) => cause === "poison");
    expect(poison.flatMap(({ items }) => items.map(({ firstItem }) => firstItem)).toSorted((a, b) => a - b)).toEqual([
      7, 150, 151,
    ]);
    expect(sharder.workers.map(({ state }) => state)).toEqual(["ready", "ready"]);
  });

  it("are reported with fillers in their rows if that is wanted, in streams too", async () => {
    const { sharder } = await startLayers(
      6,
      {
        workerCount: 2,
        before: (call) => {
          const isSecond = call.kind === "run" && Object.keys(call.inputs)[0]!.startsWith("a2");
          if (isSecond && firstNumbers(call).includes(5 + 3)) throw new Error("it divides by zero");
        },
      },
      { cuts: [3], quantumMs: 1, onItemError: "report" },
    );
    const failed: number[] = [];
    const outputs = await sharder.predict(batch(20), { onItemError: ({ item }) => failed.push(item) });
    const expected = added(20, 6);
    (expected.data as Float32Array).fill(NaN, 10, 12);
    expect(Object.values(outputs)).toEqual([expected]);
    expect(failed).toEqual([5]);
    const rows: number[] = [];
    for await (const shard of sharder.stream(Array.from({ length: 10 }, (_, item) => batch(1, item)))) {
      const [first] = Object.values(shard.outputs) as { data: Float32Array }[];
      rows.push(first!.data[0]!);
      expect(shard.itemErrors?.map(({ item }) => item)).toEqual(shard.firstItem === 5 ? [5] : undefined);
    }
    expect(rows).toEqual([6, 7, 8, 9, 10, NaN, 12, 13, 14, 15]);
  });

  it("all of them end the job soon", async () => {
    let runCount = 0;
    let isBroken = false;
    const { sharder } = await startLayers(
      6,
      {
        workerCount: 2,
        before: (call) => {
          if (call.kind !== "run" || !isBroken) return;
          runCount++;
          throw new Error("it never works");
        },
      },
      { cuts: [3] },
    );
    await sharder.predict(batch(20));
    isBroken = true;
    await rejected("model-failed", sharder.predict(batch(1000)), "it never works");
    expect(runCount).toBeLessThan(150);
  });

  it("on one worker only are run by another", async () => {
    const badWorker = { name: "" };
    const { sharder, workers } = await startLayers(
      6,
      {
        workerCount: 2,
        before: (call, worker) => {
          if (call.kind === "run" && worker.name === badWorker.name) throw new Error("this worker is broken");
        },
      },
      { cuts: [3], quantumMs: 1 },
    );
    await sharder.predict(batch(10));
    badWorker.name = workers[1]!.name;
    expect(Object.values(await sharder.predict(batch(60)))).toEqual([added(60, 6)]);
  });
});

describe("memory", () => {
  const outOfMemory = (): ShardError => new ShardError("out-of-memory", "Expected room, received none: use less.");

  it("that is too small for a micro-batch makes micro-batches smaller", async () => {
    let most = 0;
    let isSmall = false;
    const { sharder } = await startLayers(
      4,
      {
        layerMs: () => 0.1,
        before: (call) => {
          if (call.kind !== "run" || !isSmall) return;
          if (rowsOf(call) > 3) throw outOfMemory();
          most = Math.max(most, rowsOf(call));
        },
      },
      { cuts: [2] },
    );
    await sharder.predict(batch(300));
    isSmall = true;
    const faults = faultsOf(sharder);
    expect(Object.values(await sharder.predict(batch(300)))).toEqual([added(300, 4)]);
    expect(most).toBeGreaterThan(1);
    expect(faults[0]).toMatchObject({ cause: "out-of-memory", action: "retried" });
    const refusedCount = () => faults.filter(({ cause }) => cause === "out-of-memory").length;
    const before = refusedCount();
    expect(Object.values(await sharder.predict(batch(300)))).toEqual([added(300, 4)]);
    // What was learned holds for later jobs.
    expect(refusedCount()).toBe(before);
  });

  it("that is too small to load a stage leaves it to the others", async () => {
    const small = { name: "" };
    let refusedCount = 0;
    const { sharder, workers } = await startLayers(
      6,
      {
        workerCount: 2,
        before: (call, worker) => {
          if (call.kind !== "load" || !["all", worker.name].includes(small.name) || worker.heldBytes === 0) return;
          refusedCount++;
          throw outOfMemory();
        },
      },
      { cuts: [3], quantumMs: 1 },
    );
    await sharder.predict(batch(10));
    small.name = workers[1]!.name;
    await sharder.recut([2, 4]);
    expect(Object.values(await sharder.predict(batch(40)))).toEqual([added(40, 6)]);
    expect(refusedCount).toBeGreaterThan(0);
    expect(sharder.workers.map(({ state }) => state)).toEqual(["ready", "ready"]);
    // Nobody has room: the reason is told, and what runs stays.
    small.name = "all";
    await rejected("out-of-memory", sharder.recut([1]), "use less");
    expect(Object.values(await sharder.predict(batch(40)))).toEqual([added(40, 6)]);
  });
});

it("all workers may end at once: what has passed some stages continues where it was", async () => {
  const { sharder, workers } = await startLayers(
    6,
    { workerCount: 3, restartDelayMs: () => 1 },
    { cuts: [2, 4], quantumMs: 1 },
  );
  await sharder.predict(batch(10));
  const passedCounts = [0, 0, 0];
  sharder.addEventListener("attempt", ({ detail: { stage, itemCount, outcome } }) => {
    if (outcome === "completed") passedCounts[stage!]! += itemCount;
  });
  let isDone = false;
  const outputs = await sharder.predict(batch(60), {
    onProgress: ({ completedItemCount }) => {
      if (completedItemCount < 20 || isDone) return;
      isDone = true;
      for (const worker of [...workers]) worker.crash("all at once");
    },
  });
  expect(Object.values(outputs)).toEqual([added(60, 6)]);
  // No stage has computed an item twice.
  expect(passedCounts).toEqual([60, 60, 60]);
  expect(sharder.workers.map(({ restarts }) => restarts)).toEqual([1, 1, 1]);
});
