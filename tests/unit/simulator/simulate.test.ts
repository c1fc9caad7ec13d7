import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { plannedShares, type DispatchState } from "../../../src/core/dispatch/dispatch.js";
import { slotOfAttempt } from "../../../src/core/dispatch/state.js";
import type { ItemRange, Policy } from "../../../src/core/dispatch/types.js";
import { optimalMakespanMs, simulate, type SimulatedWorker, type Simulation } from "../../simulator/simulate.js";
import { finishMs, workBetween } from "../../simulator/simulated-worker.js";
import { checkInvariants, knownThroughput } from "../core/dispatch/hand-driven.js";

const seeds = Array.from({ length: 20 }, (_, index) => index + 1);
const worst = (values: readonly number[]) => Math.max(...values);
const isExactlyOnce = (completions: Uint8Array) => completions.every((count) => count === 1);

/** The makespan relative to the optimum for the known script. */
function excess(simulation: Simulation): number {
  const result = simulate(simulation);
  expect(result.phase).toBe("finished");
  expect(isExactlyOnce(result.completions)).toBe(true);
  return result.makespanMs / result.optimumMs;
}

/** Freeze a value with all its parts, so that any mutation of a state or an action throws. Frozen parts are skipped. */
function deepFreeze(value: unknown): void {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return;
  Object.freeze(value);
  for (const part of Object.values(value)) deepFreeze(part);
}

const ms = (max: number) => fc.double({ min: 0, max, noNaN: true });
/** Up to three absences, ascending and disjoint. Some begin before their worker joins or after it has died. */
const absences = fc.array(fc.record({ afterMs: ms(1500), lastsMs: ms(800) }), { maxLength: 3 }).map((gaps) => {
  let atMs = 0;
  return gaps.map(({ afterMs, lastsMs }) => {
    const absence = { atMs: atMs + afterMs, backAtMs: atMs + afterMs + lastsMs };
    atMs = absence.backAtMs;
    return absence;
  });
});
const scriptedWorker: fc.Arbitrary<Omit<SimulatedWorker, "id">> = fc
  .record(
    {
      msPerItem: fc.double({ min: 0.1, max: 30, noNaN: true }),
      overheadMs: ms(40),
      noise: ms(0.5),
      steps: fc
        .array(fc.record({ atMs: ms(3000), factor: fc.double({ min: 0.2, max: 6, noNaN: true }) }), { maxLength: 3 })
        .map((steps) => steps.sort((a, b) => a.atMs - b.atMs)),
      away: absences,
      diesAtMs: ms(4000),
      joinsAtMs: ms(300),
      warmUpMs: ms(500),
      bucketed: fc.boolean(),
      failureRate: fc.constantFrom(0, 0.02, 0.2),
      rejectionRate: fc.constantFrom(0, 0.02, 0.2),
      availability: fc.double({ min: 0.1, max: 1, noNaN: true }),
    },
    { requiredKeys: ["msPerItem"] },
  )
  .map((worker) =>
    // A worker that dies before it joins would never join at all.
    worker.diesAtMs === undefined ? worker : { ...worker, diesAtMs: worker.diesAtMs + (worker.joinsAtMs ?? 0) },
  );
const script = fc.record({
  itemCount: fc.integer({ min: 0, max: 3000 }),
  scripts: fc.array(scriptedWorker, { minLength: 1, maxLength: 6 }),
  immortal: fc.boolean(),
  policy: fc.constantFrom<Policy>("makespan", "equal", "capacity-proportional"),
  depth: fc.integer({ min: 1, max: 3 }),
  chunk: fc.option(fc.integer({ min: 1, max: 200 }), { nil: undefined }),
  done: fc.array(fc.tuple(fc.nat(40), fc.integer({ min: 1, max: 300 })), { maxLength: 12 }),
  pause: fc.option(fc.tuple(ms(1000), ms(1000)), { nil: undefined }),
  seed: fc.integer(),
});

/** Ranges of these sizes after gaps of these sizes, as far as there are items. */
function doneRanges(sizes: readonly (readonly [gapCount: number, itemCount: number])[], endItem: number): ItemRange[] {
  let nextItem = 0;
  return sizes.flatMap(([gapCount, wantedCount]) => {
    const firstItem = nextItem + gapCount;
    const itemCount = Math.min(wantedCount, endItem - firstItem);
    nextItem = firstItem + itemCount;
    return itemCount > 0 ? [{ firstItem, itemCount }] : [];
  });
}

describe("any job", () => {
  it("completes every item exactly once, whatever dies, fails, is rejected, leaves for a while, joins, pauses or was done before", () => {
    let finishedCount = 0;
    fc.assert(
      fc.property(script, ({ itemCount, scripts, immortal, policy, depth, chunk, pause, done, seed }) => {
        const workers: SimulatedWorker[] = scripts.map((worker, index) => ({ ...worker, id: `w${index}` }));
        if (immortal) workers.push({ id: "immortal", msPerItem: 5 });
        const result = simulate({
          itemCount,
          workers,
          seed,
          options: { policy, depth },
          done: doneRanges(done, itemCount),
          ...(chunk === undefined ? {} : { chunkItemCount: chunk }),
          ...(pause === undefined ? {} : { pauses: [{ atMs: pause[0], resumeAtMs: pause[0] + pause[1] }] }),
          onStep: (_event, state) => checkInvariants(state),
        });
        // No item is ever done twice, and none is lost unless the job fails.
        expect(result.completions.every((count) => count <= 1)).toBe(true);
        expect(["finished", "failed"]).toContain(result.phase);
        const completedCount = result.completions.reduce((sum, count) => sum + count, 0);
        const givenUpCount = result.givenUp.reduce((sum, range) => sum + range.itemCount, 0);
        expect(completedCount + givenUpCount === itemCount).toBe(result.phase === "finished");
        const isLasting = ({ diesAtMs, joinsAtMs = 0 }: (typeof scripts)[0]) =>
          diesAtMs === undefined && joinsAtMs === 0;
        const someoneStays = immortal || scripts.some(isLasting);
        if (someoneStays && scripts.every(({ failureRate = 0 }) => failureRate === 0))
          expect(result.phase).toBe("finished");
        if (result.phase === "finished") finishedCount++;
      }),
      { numRuns: 100 },
    );
    expect(finishedCount).toBeGreaterThan(30);
  }, 60_000);

  it("completes every item once while workers hang for a while, and gives up only those that always fail", () => {
    const hanging = fc.record({
      msPerItem: fc.double({ min: 0.5, max: 20, noNaN: true }),
      bucketed: fc.boolean(),
      warmUpMs: fc.constantFrom(0, 300),
      stalls: fc.array(fc.record({ afterMs: fc.nat(1500), lastsMs: fc.nat(8000) }), { maxLength: 3 }),
      failureRate: fc.constantFrom(0, 0.03),
    });
    let overdueCount = 0;
    fc.assert(
      fc.property(
        fc.array(hanging, { minLength: 2, maxLength: 4 }),
        fc.integer({ min: 50, max: 1500 }),
        fc.uniqueArray(fc.nat(1400), { maxLength: 3 }),
        fc.constantFrom<Policy>("makespan", "equal", "capacity-proportional"),
        fc.integer(),
        (scripts, itemCount, poison, policy, seed) => {
          const workers = scripts.map(({ stalls, ...worker }, index) => {
            let atMs = 0;
            const steps = stalls.flatMap(({ afterMs, lastsMs }) => {
              const fromMs = atMs + afterMs;
              atMs = fromMs + lastsMs;
              return [
                { atMs: fromMs, factor: 1000 },
                { atMs, factor: 1 },
              ];
            });
            return { ...worker, id: `w${index}`, steps };
          });
          const bad = poison.filter((item) => item < itemCount);
          const result = simulate({
            itemCount,
            workers,
            seed,
            options: { policy },
            poisonItems: new Set(bad),
            onStep: (_event, state, actions) => {
              checkInvariants(state);
              overdueCount += actions.filter(({ type }) => type === "attempt-overdue").length;
            },
          });
          const givenUp = result.givenUp.flatMap((range) =>
            Array.from({ length: range.itemCount }, (_, index) => range.firstItem + index),
          );
          expect(result.phase).toBe("finished");
          expect(bad.every((item) => givenUp.includes(item))).toBe(true);
          // By chance, an item may fail three times.
          expect(givenUp.length).toBeLessThanOrEqual(bad.length + 1);
          const isRight = [...result.completions].every((count, item) => count === (givenUp.includes(item) ? 0 : 1));
          expect(isRight).toBe(true);
        },
      ),
      { numRuns: 25 },
    );
    expect(overdueCount).toBeGreaterThan(10);
  }, 60_000);

  it("is the same for the same seed, and differs for another", () => {
    const workers = [1, 2, 5].map((msPerItem) => ({
      id: `${msPerItem}`,
      msPerItem,
      noise: 0.3,
      diesAtMs: 5000 / msPerItem,
    }));
    const run = (seed: number) =>
      simulate({ itemCount: 4000, workers: [...workers, { id: "z", msPerItem: 3 }], seed, sampleEveryMs: 100 });
    expect(run(3)).toEqual(run(3));
    expect(run(4).makespanMs).not.toBe(run(3).makespanMs);
  });

  it("never changes a state that was passed in", () => {
    const workers = [
      { id: "a", msPerItem: 1, noise: 0.2, failureRate: 0.02 },
      { id: "b", msPerItem: 2, steps: [{ atMs: 300, factor: 4 }] },
      { id: "c", msPerItem: 1, diesAtMs: 700, rejectionRate: 0.1 },
      { id: "d", msPerItem: 1, bucketed: true, warmUpMs: 50, away: [{ atMs: 150, backAtMs: 400 }] },
    ];
    for (const policy of ["makespan", "equal", "capacity-proportional"] as const) {
      const onStep: Simulation["onStep"] = (_event, state) => deepFreeze(state);
      const result = simulate({ itemCount: 3000, workers, options: { policy }, onStep });
      expect(["finished", "failed"]).toContain(result.phase);
    }
  });

  it("finds the items that fail everywhere, and completes all others", () => {
    const workers = ["a", "b", "c"].map((id) => ({ id, msPerItem: 1 }));
    const bad = [0, 217, 218, 999];
    const result = simulate({
      itemCount: 1000,
      workers,
      poisonItems: new Set(bad),
      onStep: (_event, state) => checkInvariants(state),
    });
    expect(result.phase).toBe("finished");
    expect(
      result.givenUp.map(({ firstItem, itemCount }) => [firstItem, itemCount]).sort((a, b) => a[0]! - b[0]!),
    ).toEqual(bad.map((item) => [item, 1]));
    expect([...result.completions].flatMap((count, item) => (count === 1 ? [] : item))).toEqual(bad);
  });
});

describe("a job that is partly done in advance", () => {
  const workers = [1, 2].map((msPerItem) => ({ id: `${msPerItem}`, msPerItem, noise: 0.1 }));

  it("dispatches only the rest, close to its optimum", () => {
    const done = Array.from({ length: 50 }, (_, index) => ({ firstItem: 400 * index, itemCount: 300 }));
    const result = simulate({ itemCount: 20_000, workers, done });
    expect([result.phase, isExactlyOnce(result.completions)]).toEqual(["finished", true]);
    expect(result.perWorker[0]!.itemCount + result.perWorker[1]!.itemCount).toBe(5_000);
    expect(result.makespanMs / result.optimumMs).toBeLessThan(1.05);
  });

  it("finishes at once if nothing is left", () => {
    const done = [{ firstItem: 0, itemCount: 500 }];
    for (const chunk of [{}, { chunkItemCount: 7 }]) {
      const result = simulate({ itemCount: 500, workers, done, ...chunk });
      expect(result).toMatchObject({ phase: "finished", makespanMs: 0, attemptCount: 0 });
      expect(isExactlyOnce(result.completions)).toBe(true);
    }
  });
});

describe("a worker that is away", () => {
  it("is waited for if it is the only one, and returns in its own slot", () => {
    const away = [
      { atMs: 400, backAtMs: 1000 },
      { atMs: 1200, backAtMs: 1201 },
    ];
    const result = simulate({ itemCount: 1000, workers: [{ id: "a", msPerItem: 1, away }] });
    expect([result.phase, isExactlyOnce(result.completions)]).toEqual(["finished", true]);
    expect(result.makespanMs).toBeGreaterThan(1600);
    expect(result.perWorker).toEqual([{ workerId: "a", itemCount: 1000, busyMs: expect.closeTo(1000, 6) }]);
  });

  it("fails the job if it dies while away and no worker is left", () => {
    const worker = { id: "a", msPerItem: 1, away: [{ atMs: 400, backAtMs: 1000 }], diesAtMs: 700 };
    const result = simulate({ itemCount: 1000, workers: [worker] });
    expect([result.phase, result.makespanMs]).toEqual(["failed", 700]);
  });
});

describe("makespan against the optimum", () => {
  it("is within 10 % when one of two equal workers turns four times slower in the middle of the job", () => {
    for (const quanta of [40, 100, 300]) {
      for (const noise of [0, 0.1, 0.2]) {
        const itemCount = quanta * 100;
        const ratios = seeds.flatMap((seed) =>
          [0.15, 0.25].map((part) => {
            const slowing = { id: "b", msPerItem: 1, noise, steps: [{ atMs: part * itemCount, factor: 4 }] };
            return excess({ itemCount, workers: [{ id: "a", msPerItem: 1, noise }, slowing], seed });
          }),
        );
        expect(worst(ratios)).toBeLessThan(1.1);
      }
    }
  }, 60_000);

  it.each([1, 2, 4])("spends at most 5 % of a long job's time on overhead, with %i workers", (workerCount) => {
    const overheadMs = 40;
    for (const noise of [0, 0.2]) {
      const workers = Array.from({ length: workerCount }, (_, index) => ({
        id: `w${index}`,
        msPerItem: 1 + 0.5 * index,
        overheadMs,
        noise,
      }));
      const simulation = { itemCount: 100_000 * workerCount, workers };
      const { attemptCount, perWorker, makespanMs, optimumMs } = simulate(simulation);
      const busyMs = perWorker.reduce((sum, worker) => sum + worker.busyMs, 0);
      expect((attemptCount * overheadMs) / busyMs).toBeLessThan(0.05);
      expect(makespanMs / optimumMs).toBeLessThan(1.06);
    }
  });

  it("loses at most a quarter where a worker with an overhead turns four times slower while it has a large shard", () => {
    const ratios = seeds.map((seed) => {
      const slowing = { id: "b", msPerItem: 1, overheadMs: 40, noise: 0.1, steps: [{ atMs: 8000, factor: 4 }] };
      const workers = [{ id: "a", msPerItem: 1, overheadMs: 40, noise: 0.1 }, slowing];
      return excess({ itemCount: 30_000, workers, seed });
    });
    expect(worst(ratios)).toBeLessThan(1.25);
  });

  it("follows within two completed shards of the slowed worker", () => {
    for (const seed of seeds) {
      const slowing = { id: "b", msPerItem: 1, noise: 0.1, steps: [{ atMs: 10_000, factor: 4 }] };
      let completedCount = 0;
      let share = Number.NaN;
      simulate({
        itemCount: 60_000,
        workers: [{ id: "a", msPerItem: 1, noise: 0.1 }, slowing],
        seed,
        sampleEveryMs: 10,
        onStep: (event, state, _actions, nowMs) => {
          if (event.type !== "attempt-completed" || slotOfAttempt(event.attemptId) !== 1 || nowMs < 10_200) return;
          if (++completedCount === 2) share = shareOf("b", state, nowMs);
        },
      });
      expect(share).toBeGreaterThan(0.2 * 0.8);
      expect(share).toBeLessThan(0.2 * 1.25);
    }
  });

  it("is within 3 % for workers of very different speeds", () => {
    for (const speeds of [
      [1, 2, 4, 8, 16],
      [0.5, 40],
      [3, 3, 3, 200],
      [1, 1, 1, 1, 1, 1, 1, 1, 25],
    ]) {
      const workers = speeds.map((msPerItem, index) => ({ id: `w${index}`, msPerItem, noise: 0.1 }));
      expect(excess({ itemCount: 20_000, workers })).toBeLessThan(1.03);
    }
  });

  it("survives deaths and joins close to the optimum", () => {
    const workers = [
      { id: "a", msPerItem: 1 },
      { id: "b", msPerItem: 1, diesAtMs: 4000 },
      { id: "c", msPerItem: 1, joinsAtMs: 6000 },
    ];
    expect(excess({ itemCount: 20_000, workers })).toBeLessThan(1.05);
  });

  it("survives workers that leave for a while close to the optimum", () => {
    const workers = [
      { id: "a", msPerItem: 1, away: [{ atMs: 2000, backAtMs: 3500 }] },
      {
        id: "b",
        msPerItem: 2,
        away: [
          { atMs: 3000, backAtMs: 5000 },
          { atMs: 6000, backAtMs: 6100 },
        ],
      },
    ];
    expect(excess({ itemCount: 20_000, workers })).toBeLessThan(1.05);
  });

  it("streams within 5 % of the batch", () => {
    const workers = [1, 2, 5].map((msPerItem) => ({ id: `${msPerItem}`, msPerItem, noise: 0.1 }));
    expect(excess({ itemCount: 20_000, workers, chunkItemCount: 10 })).toBeLessThan(1.05);
  });

  it("beats or equals the other policies, and equal is as slow as its slowest worker", () => {
    const workers = [
      { id: "a", msPerItem: 1, overheadMs: 2 },
      { id: "b", msPerItem: 4, overheadMs: 2 },
      { id: "c", msPerItem: 2, overheadMs: 2, steps: [{ atMs: 1500, factor: 3 }] },
    ];
    const by = (policy: Policy) => simulate({ itemCount: 6000, workers, options: { policy } }).makespanMs;
    expect(by("makespan")).toBeLessThanOrEqual(by("capacity-proportional") * 1.01);
    expect(by("capacity-proportional")).toBeLessThan(by("equal"));
    expect(by("equal")).toBeGreaterThan(2000 * 4);
  });

  it("dispatches small batches of known workers at once, near the whole-item optimum", () => {
    const workers = [1, 1, 3].map((msPerItem, index) => ({
      id: `w${index}`,
      msPerItem: msPerItem * 10,
      throughput: knownThroughput(0, msPerItem * 10, 20),
    }));
    for (const itemCount of [1, 2, 3, 7, 20]) {
      const { makespanMs, optimumMs } = simulate({ itemCount, workers });
      expect(makespanMs).toBeLessThanOrEqual(optimumMs + 20 + 1e-6);
    }
  });
});

describe("the plan under noise", () => {
  it("stays within 50 ± 5 points for two equal workers with ±20 %", () => {
    for (const overheadMs of [0, 10]) {
      for (const seed of seeds) {
        const workers = ["a", "b"].map((id) => ({ id, msPerItem: 1, overheadMs, noise: 0.2 }));
        const { samples } = simulate({ itemCount: 30_000, workers, seed, sampleEveryMs: 50 });
        const settled = samples.filter(({ atMs, shares }) => atMs > 1500 && totalCompleted(shares) < 28_000);
        expect(settled.length).toBeGreaterThan(100);
        for (const { shares } of settled) expect(Math.abs(shares[0]!.share - 0.5)).toBeLessThan(0.05);
      }
    }
  });

  it("gives shares that sum to one while items remain", () => {
    const workers = [1, 3, 9].map((msPerItem) => ({
      id: `${msPerItem}`,
      msPerItem,
      noise: 0.2,
      bucketed: msPerItem === 3,
    }));
    for (const policy of ["makespan", "equal", "capacity-proportional"] as const) {
      const { samples } = simulate({ itemCount: 5000, workers, options: { policy }, sampleEveryMs: 20 });
      expect(samples.length).toBeGreaterThan(20);
      for (const { shares } of samples) expect(shares.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 9);
    }
  });
});

describe("the simulator", () => {
  it("integrates speed over steps, and inverts the integral", () => {
    const worker = {
      id: "a",
      msPerItem: 1,
      steps: [
        { atMs: 10, factor: 4 },
        { atMs: 30, factor: 0.5 },
      ],
    };
    expect(finishMs(worker, 0, 10)).toBe(10);
    expect(finishMs(worker, 0, 12)).toBe(18);
    expect(finishMs(worker, 0, 15)).toBe(30);
    expect(finishMs(worker, 5, 12)).toBe(31);
    const work = fc.double({ min: 0.001, max: 100, noNaN: true });
    fc.assert(
      fc.property(fc.double({ min: 0, max: 50, noNaN: true }), work, (startMs, workMs) => {
        expect(workBetween(worker, startMs, finishMs(worker, startMs, workMs))).toBeCloseTo(workMs, 6);
      }),
    );
  });

  it("computes the optimum of simple scripts", () => {
    expect(
      optimalMakespanMs(100, [
        { id: "a", msPerItem: 1 },
        { id: "b", msPerItem: 1, overheadMs: 20 },
      ]),
    ).toBeCloseTo(60, 6);
    expect(optimalMakespanMs(100, [{ id: "a", msPerItem: 1, diesAtMs: 50 }])).toBe(Infinity);
    expect(optimalMakespanMs(0, [])).toBe(0);
    const away = [
      { atMs: 20, backAtMs: 60 },
      { atMs: 70, backAtMs: 90 },
    ];
    expect(optimalMakespanMs(40, [{ id: "a", msPerItem: 1, away }])).toBeCloseTo(100, 6);
    expect(optimalMakespanMs(25, [{ id: "a", msPerItem: 1, away, diesAtMs: 65 }])).toBeCloseTo(65, 6);
    expect(optimalMakespanMs(26, [{ id: "a", msPerItem: 1, away, diesAtMs: 65 }])).toBe(Infinity);
    expect(optimalMakespanMs(1, [{ id: "a", msPerItem: 1, diesAtMs: 5, joinsAtMs: 10 }])).toBe(Infinity);
  });
});

function totalCompleted(shares: readonly { completedItemCount: number }[]): number {
  return shares.reduce((sum, { completedItemCount }) => sum + completedItemCount, 0);
}

function shareOf(workerId: string, state: DispatchState, nowMs: number): number {
  return plannedShares(state, nowMs).find((share) => share.workerId === workerId)!.share;
}
