// Workers that give wrong numbers are found out, and what they computed never leaves.
import { afterEach, describe, expect, it, vi } from "vitest";
import type { ShardOutput } from "../../../../src/protocol/outputs.js";
import type { Tensor } from "../../../../src/protocol/tensors.js";
import type { RunRequest } from "../../../../src/protocol/worker-api.js";
import type { FaultDetail } from "../../../../src/sharder/events.js";
import type { Sharder } from "../../../../src/sharder/sharder.js";
import { verifyCase } from "../../../chaos/verify-cases.js";
import { batch, negated, tensorOf, turns } from "../../../fixtures/negating-sharder.js";
import { startChecked } from "../../../fixtures/checked-sharder.js";
import { MemoryFolder, openJournalsOn } from "../../../fixtures/memory-journals.js";

afterEach(() => void vi.useRealTimers());

const stateOf = ({ workers }: Sharder): string[] => workers.map(({ state }) => state);
const wrongOnes = (faults: readonly FaultDetail[]) =>
  faults.filter(({ action, recoverMs }) => action === "quarantined" && recoverMs === undefined);

describe("with verify", () => {
  // `npm run test:long` runs many more.
  it("a worker that is wrong by 1 % from some shard on is found out, whichever shard that is", async () => {
    // In the last one, a job ends in the middle of a dispute, which must convict nobody.
    for (const seed of [1, 2, 3, 1009]) await verifyCase(seed);
  });

  it("a checker that is wrong does not cost the worker that is right", async () => {
    const { sharder, faults, names } = await startChecked({
      backends: ["webgpu", "wasm", "wasm"],
      options: { verify: 0.3, quantumMs: 20 },
      lie: ({ index }) => (index === 1 ? { factor: 0.99 } : undefined),
    });
    expect(await sharder.predict(batch(150, 1))).toEqual({ y: negated(150, 1) });
    expect(wrongOnes(faults).map(({ workerId }) => workerId)).toEqual([names[1]]);
    expect(stateOf(sharder)).toEqual(["ready", "quarantined", "ready"]);
  });

  it("of two workers that differ, a spare decides", async () => {
    for (const wrong of [0, 1]) {
      const { sharder, faults, names, workers } = await startChecked({
        backends: ["wasm", "wasm"],
        options: { verify: 0.5 },
        lie: ({ index, runCount }) => (index === wrong && runCount > 1 ? { factor: 1.01 } : undefined),
      });
      expect(await sharder.predict(batch(100, 1))).toEqual({ y: negated(100, 1) });
      expect(wrongOnes(faults).map(({ workerId }) => workerId)).toEqual([names[wrong]]);
      expect([workers.length, sharder.workers.length]).toEqual([3, 2]);
    }
  });

  it("a single worker is checked by a spare, which ends with the sharder", async () => {
    const { sharder, workers } = await startChecked({ backends: ["wasm"], options: { verify: 1, quantumMs: 20 } });
    expect(await sharder.predict(batch(40, 1))).toEqual({ y: negated(40, 1) });
    expect(workers).toHaveLength(2);
    expect(workers[1]!.runCount).toBe(workers[0]!.runCount);
    await sharder.dispose();
    expect(workers.every(({ isTerminated }) => isTerminated)).toBe(true);
  });

  it("the items that are computed again are reported, and when that was done", async () => {
    const { sharder, faults } = await startChecked({
      backends: ["wasm", "wasm", "wasm"],
      options: { verify: 0.2, quantumMs: 20 },
      lie: ({ index, runCount }) => (index === 2 && runCount > 4 ? { factor: 1.01 } : undefined),
    });
    await sharder.predict(batch(200, 1));
    const [noticed, recovered, ...more] = faults.filter(({ action }) => action === "quarantined");
    expect(more).toEqual([]);
    expect(noticed).toMatchObject({ action: "quarantined", code: "worker-lost", recoverMs: undefined });
    expect(noticed!.items.length).toBeGreaterThan(0);
    expect(recovered).toMatchObject({ faultId: noticed!.faultId, recoverMs: expect.any(Number) as number });
  });
});

describe("without verify", () => {
  it("a GPU that is right once, or a few times, and wrong from then on is found out", async () => {
    for (const from of [1, 2, 6, 11]) {
      const { sharder, faults, names } = await startChecked({
        backends: ["webgpu", "wasm"],
        options: { quantumMs: 20 },
        lie: ({ index, runCount }) => (index === 0 && runCount >= from ? { factor: 1.01 } : undefined),
      });
      expect({ from, y: await sharder.predict(batch(120, 1)) }).toEqual({ from, y: { y: negated(120, 1) } });
      expect({ from, ids: wrongOnes(faults).map(({ workerId }) => workerId) }).toEqual({ from, ids: [names[0]] });
    }
  });

  it("a GPU that is the only worker is checked by a spare, and its results are computed again on another worker", async () => {
    const { sharder, faults } = await startChecked({
      backends: ["webgpu", "webgl"],
      lie: ({ name, runCount }) => (name.startsWith("webgpu") && runCount > 1 ? { factor: 1.01 } : undefined),
    });
    expect(await sharder.predict(batch(100, 1))).toEqual({ y: negated(100, 1) });
    expect(stateOf(sharder)).toEqual(["quarantined", "ready"]);
    expect(wrongOnes(faults)).toHaveLength(1);
    expect(sharder.verification.workers).toMatchObject({ [sharder.workers[1]!.id]: "verified" });
  });

  it("two GPUs that are wrong alike don't outvote the only spare that there can be", async () => {
    const { sharder, faults, names } = await startChecked({
      backends: ["webgpu", "webgpu"],
      noSpares: ["cpu"],
      lie: ({ backend }) => (backend === "webgpu" ? { factor: 1.01 } : undefined),
    });
    expect(await sharder.predict(batch(60, 1))).toEqual({ y: negated(60, 1) });
    expect(new Set(wrongOnes(faults).map(({ workerId }) => workerId))).toEqual(new Set(names));
  });

  it("a GPU that is alone and wrong gives way to another backend", async () => {
    const { sharder, faults } = await startChecked({
      backends: ["webgpu"],
      lie: ({ backend, runCount }) => (backend === "webgpu" && runCount > 1 ? { factor: 1.01 } : undefined),
    });
    expect(await sharder.predict(batch(60, 1))).toEqual({ y: negated(60, 1) });
    expect(wrongOnes(faults)).toHaveLength(1);
  });

  it("a GPU's checks are few, and of a few rows", async () => {
    const { sharder } = await startChecked({ backends: ["webgpu", "wasm"], options: { quantumMs: 1000 } });
    await sharder.predict(batch(5_000, 1));
    const { checkedShardCount, checkedItemCount } = sharder.verification;
    expect(checkedShardCount).toBeGreaterThanOrEqual(3);
    expect(checkedItemCount).toBeLessThanOrEqual(4 * checkedShardCount);
  });

  it("rounding of a GPU is no fault", async () => {
    const { sharder, faults } = await startChecked({
      backends: ["webgpu", "wasm"],
      lie: ({ index }) => (index === 0 ? { factor: 1 + 5e-5 } : undefined),
    });
    await sharder.predict(batch(100, 1));
    expect(faults).toEqual([]);
  });

  it("the zeros that a GPU reads back are found out", async () => {
    const { sharder, faults, names } = await startChecked({
      backends: ["webgl", "wasm"],
      lie: ({ index, runCount }) => (index === 0 && runCount === 6 ? { value: 0 } : undefined),
      options: { quantumMs: 20 },
    });
    expect(await sharder.predict(batch(200, 1))).toEqual({ y: negated(200, 1) });
    expect(wrongOnes(faults).map(({ workerId }) => workerId)).toEqual([names[0]]);
  });

  it("exact workers are not checked, and cost nothing", async () => {
    const { sharder, workers } = await startChecked({ backends: ["wasm", "cpu"] });
    await sharder.predict(batch(100, 1));
    expect(sharder.verification).toMatchObject({ checkedShardCount: 0, checkMs: 0 });
    expect(workers).toHaveLength(2);
  });
});

describe("integers", () => {
  const ints = (data: Int32Array): ShardOutput => ({
    kind: "dense",
    tensor: { dtype: "int32", shape: [data.length], data },
    itemShape: [1],
  });
  /** The number of each item. */
  const numbersOf = ({ inputs }: RunRequest): Int32Array => {
    const { data } = tensorOf(inputs["x"]!);
    return Int32Array.from({ length: data.length / 2 }, (_, row) => Number(data[2 * row]));
  };

  it("that are all wrong are told from a tie, which a single one could be", async () => {
    const { sharder, faults, names } = await startChecked({
      backends: ["webgpu", "wasm"],
      options: { quantumMs: 20 },
      compute: ({ index, runCount }, request) => {
        const isWrong = index === 0 && runCount > 5;
        return { y: ints(numbersOf(request).map((number) => number + Number(isWrong))) };
      },
    });
    const { y } = await sharder.predict(batch(120));
    expect([...(y as Tensor & { data: Int32Array }).data]).toEqual(Array.from({ length: 120 }, (_, item) => item));
    expect(wrongOnes(faults).map(({ workerId }) => workerId)).toEqual([names[0]]);
  });

  it("of a single row are compared in that row where a third worker decides", async () => {
    const { sharder, faults, names } = await startChecked({
      backends: ["wasm", "wasm"],
      options: { verify: 1 },
      compute: ({ index }, request) => ({
        y: ints(numbersOf(request).map((number) => (index === 0 && number % 10 === 7 ? -1 : number))),
      }),
    });
    const { y } = await sharder.predict(batch(120));
    expect([...(y as Tensor & { data: Int32Array }).data]).toEqual(Array.from({ length: 120 }, (_, item) => item));
    expect(wrongOnes(faults).map(({ workerId }) => workerId)).toEqual([names[0]]);
  });
});

describe("values that are not finite", () => {
  it("of a worker of any kind are found out where others are finite", async () => {
    for (const value of [NaN, Infinity]) {
      const { sharder, faults, names } = await startChecked({
        backends: ["wasm", "wasm"],
        options: { quantumMs: 20 },
        lie: ({ index, runCount }) => (index === 1 && runCount === 5 ? { value } : undefined),
      });
      expect(await sharder.predict(batch(200, 1))).toEqual({ y: negated(200, 1) });
      expect(wrongOnes(faults).map(({ workerId }) => workerId)).toEqual([names[1]]);
    }
  });

  it("that the model gives are right, and looked at no more if they come first", async () => {
    const { sharder, faults } = await startChecked({ backends: ["wasm", "wasm"], options: { quantumMs: 20 } });
    const inputs = batch(100, 1) as Tensor & { data: Float32Array };
    inputs.data.fill(NaN, 0, 40);
    const { y } = await sharder.predict(inputs);
    expect((y as Tensor).data.slice(0, 40).every((value) => Number.isNaN(value))).toBe(true);
    expect((y as Tensor).data.slice(40)).toEqual(negated(100, 1).data.slice(40));
    expect(faults).toEqual([]);
    expect(sharder.verification.checkedShardCount).toBeLessThan(12);
  });
});

describe("where nobody can check", () => {
  it("results are used, and the report says so once", async () => {
    const { sharder, faults, names } = await startChecked({ backends: ["webgpu"], noSpares: ["wasm", "cpu"] });
    for (let i = 0; i < 3; i++) expect(await sharder.predict(batch(30, 1))).toEqual({ y: negated(30, 1) });
    expect(faults).toMatchObject([{ cause: "unverified", action: "gave-up", workerId: names[0] }]);
    expect(sharder.verification.workers).toEqual({ [names[0]!]: "unverified" });
  });

  it("a spare that can't run the model gives way to one that can", async () => {
    const { sharder, faults } = await startChecked({
      backends: ["webgpu"],
      lie: ({ name }) => (name.startsWith("wasm") ? { error: "no kernel" } : undefined),
    });
    expect(await sharder.predict(batch(30, 1))).toEqual({ y: negated(30, 1) });
    expect(faults).toEqual([]);
    expect(Object.values(sharder.verification.workers)).toEqual(["verified"]);
  });

  it("and with verify: false, nothing is checked", async () => {
    const { sharder, workers, faults } = await startChecked({
      backends: ["webgpu", "wasm"],
      options: { verify: false },
      lie: ({ index }) => (index === 0 ? { value: NaN } : undefined),
    });
    await sharder.predict(batch(30, 1));
    expect([faults, workers.length, sharder.verification.checkedShardCount]).toEqual([[], 2, 0]);
  });
});

it("items on which checkers trap end two of them at most, and are used unverified", async () => {
  let checkCount = 0;
  const { sharder, faults } = await startChecked({
    backends: ["webgpu", "wasm", "wasm", "wasm", "wasm"],
    lie: (_, { attemptId }) => {
      if (!attemptId.startsWith("check/") || checkCount >= 4) return undefined;
      // Two workers, and a spare of each backend.
      checkCount++;
      return { trap: "unreachable" };
    },
  });
  expect(await sharder.predict(batch(30, 1))).toEqual({ y: negated(30, 1) });
  expect(faults.filter(({ cause, recoverMs }) => cause === "crashed" && recoverMs === undefined)).toHaveLength(2);
  expect(faults.filter(({ cause }) => cause === "unverified")).toHaveLength(1);
});

it("a checker that hangs is reported and left alone, and another one is asked", async () => {
  let isHanging = false;
  const { sharder, faults, names } = await startChecked({
    backends: ["webgpu", "wasm"],
    noSpares: ["wasm"],
    runTurns: ({ name }) => (isHanging && name.startsWith("wasm") ? Infinity : 0),
  });
  await sharder.predict(batch(100, 1));
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "performance"] });
  isHanging = true;
  const running = sharder.predict(batch(1, 1));
  let isDone = false;
  void running.then(() => (isDone = true));
  for (let ms = 0; !isDone && ms < 5_000; ms += 100) {
    await turns(5);
    vi.advanceTimersByTime(100);
  }
  expect(await running).toEqual({ y: negated(1, 1) });
  vi.useRealTimers();
  expect(faults[0]).toMatchObject({ cause: "overdue", workerId: names[1], items: [{ firstItem: 0, itemCount: 1 }] });
});

describe("results that wait", () => {
  it("of a worker that crashes are checked all the same, and not computed again", async () => {
    const { sharder, faults, workers } = await startChecked({
      backends: ["webgpu", "wasm"],
      options: { quantumMs: 20 },
      lie: ({ index, runCount }) => {
        if (index === 0 && runCount === 7 && !workers[0]!.isTerminated) workers[0]!.crash("a test");
        return undefined;
      },
    });
    expect(await sharder.predict(batch(100, 1))).toEqual({ y: negated(100, 1) });
    expect(new Set(faults.map(({ cause }) => cause))).toEqual(new Set(["crashed"]));
  });

  it("reach a stream's consumer that yields no further item before it has them", async () => {
    const { sharder } = await startChecked({ backends: ["webgpu"], options: { verify: 0.1 } });
    let receive: () => void = () => {};
    async function* source(): AsyncGenerator<Tensor> {
      for (let item = 1; item <= 12; item++) {
        const received = new Promise<void>((resolve) => (receive = resolve));
        yield batch(1, item);
        await received;
      }
    }
    let item = 0;
    for await (const shard of sharder.stream(source())) {
      expect(shard.outputs).toEqual({ y: negated(1, ++item) });
      receive();
    }
    expect(item).toBe(12);
  });

  it("come in order and once from a stream whose worker was wrong", async () => {
    const { sharder, faults } = await startChecked({
      backends: ["webgpu", "wasm"],
      options: { quantumMs: 20 },
      lie: ({ index, runCount }) => (index === 0 && runCount > 9 ? { factor: 1.01 } : undefined),
    });
    const source = Array.from({ length: 100 }, (_, item) => batch(2, 1 + 2 * item));
    let next = 0;
    for await (const { firstItem, itemCount, outputs } of sharder.stream(source)) {
      expect(firstItem).toBe(next);
      expect(outputs).toEqual({ y: negated(itemCount, 1 + firstItem) });
      next += itemCount;
    }
    expect(next).toBe(200);
    expect(wrongOnes(faults)).toHaveLength(1);
  });

  it("of a job that is aborted are forgotten", async () => {
    const { sharder, faults } = await startChecked({
      backends: ["webgpu"],
      runTurns: ({ name }) => (name.startsWith("webgpu") ? 0 : 30),
    });
    const controller = new AbortController();
    const aborted = sharder.predict(batch(200, 1), { signal: controller.signal, onProgress: () => controller.abort() });
    await expect(aborted).rejects.toMatchObject({ code: "aborted" });
    expect(await sharder.predict(batch(20, 1))).toEqual({ y: negated(20, 1) });
    expect(faults).toEqual([]);
  });

  it("of a job that is aborted as they come are not recorded", async () => {
    const folder = new MemoryFolder();
    const openJournals = openJournalsOn(folder);
    const { sharder } = await startChecked({
      backends: ["webgpu"],
      options: { quantumMs: 20 },
      openJournals,
      lie: ({ backend, runCount }) => (backend === "webgpu" && runCount > 2 ? { factor: 1.01 } : undefined),
    });
    const controller = new AbortController();
    let completedCount = 0;
    sharder.addEventListener("attempt", ({ detail }) => {
      if (detail.outcome === "completed" && ++completedCount === 4) controller.abort();
    });
    const aborted = sharder.predict(batch(60, 1), { journal: "job", signal: controller.signal });
    await expect(aborted).rejects.toMatchObject({ code: "aborted" });
    await sharder.dispose();
    const next = await startChecked({ backends: ["wasm"], openJournals });
    expect(await next.sharder.predict(batch(60, 1), { journal: "job" })).toEqual({ y: negated(60, 1) });
  });

  it("of several jobs are told apart", async () => {
    const { sharder, faults } = await startChecked({
      backends: ["webgpu", "wasm", "wasm"],
      options: { quantumMs: 20 },
      lie: ({ index, runCount }) => (index === 0 && runCount > 12 ? { factor: 1.01 } : undefined),
    });
    const jobs = Array.from({ length: 5 }, (_, job) => ({ count: 60 + 10 * job, first: 1 + 1000 * job }));
    await Promise.all(
      jobs.map(async ({ count, first }) =>
        expect(await sharder.predict(batch(count, first))).toEqual({ y: negated(count, first) }),
      ),
    );
    expect(wrongOnes(faults)).toHaveLength(1);
  });
});
