// Stages that hang, fail, run out of memory or end their workers, on a virtual clock.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { PipelineAction, StageAttempt } from "../../../../src/core/pipeline/types.js";
import { seededRandom } from "../../../../src/core/random.js";
import { coverage, PipelineSimulator } from "./pipeline-simulator.js";

const placed = (stages: string[][], microBatchItemCount = 1, epoch = 0) => ({
  type: "placed" as const,
  placement: { epoch, stages, microBatchItemCount },
});

function start(simulator: PipelineSimulator, itemCount: number, stages: string[][], microBatchItemCount = 1): void {
  simulator.send(placed(stages, microBatchItemCount));
  simulator.send({ type: "items-added", itemCount });
  simulator.send({ type: "source-ended" });
}

const failedItems = (log: readonly PipelineAction[]) =>
  log.flatMap((each) => (each.type === "item-failed" ? each.range : []));
const holds = ({ range }: StageAttempt, item: number): boolean =>
  range.firstItem <= item && item < range.firstItem + range.itemCount;
const dispatchesTo = (log: readonly PipelineAction[], workerId: string): number =>
  log.filter((each) => each.type === "dispatch" && each.attempt.workerId === workerId).length;

describe("a worker that does not answer", () => {
  function hang() {
    let isHung = false;
    const simulator = new PipelineSimulator(({ workerId }) => (isHung && workerId === "b" ? Infinity : 10));
    start(simulator, 40, [["a"], ["b"], ["c"]]);
    simulator.run(95);
    isHung = true;
    simulator.run();
    return simulator;
  }

  it("keeps what it is on, gets nothing more, and another worker runs it, too", () => {
    const simulator = hang();
    simulator.onAction = (action) =>
      action.type === "understaffed"
        ? [{ type: "staffed", epoch: 0, stage: action.stage, workerIds: [...action.except, "a"] }]
        : [];
    const [hung] = simulator.hanging;
    const before = dispatchesTo(simulator.log, "b");
    simulator.send({ type: "worker-stalled", workerId: "b", attemptId: hung!.attemptId });
    simulator.run();
    expect(simulator.state.phase).toBe("finished");
    expect(coverage(simulator.completed, 40)).toBe("each once");
    expect(dispatchesTo(simulator.log, "b")).toBe(before);
    const asked = simulator.log.filter(({ type }) => type === "understaffed");
    expect(asked).toEqual([{ type: "understaffed", epoch: 0, stage: 1, except: ["b"] }]);
  });

  it("is waited for where nobody else can have the stage, and its late result counts", () => {
    const simulator = hang();
    simulator.onAction = (action) =>
      action.type === "understaffed" ? [{ type: "unstaffed", epoch: 0, stage: action.stage }] : [];
    simulator.send({ type: "worker-stalled", workerId: "b", attemptId: simulator.hanging[0]!.attemptId });
    simulator.run();
    expect(simulator.state.phase).toBe("running");
    // It was only slow.
    const late = new PipelineSimulator(() => 10);
    late.state = simulator.state;
    const [attempt] = late.state.attempts.values();
    late.send({ type: "worker-answered", workerId: "b" });
    late.send({ type: "attempt-completed", attemptId: attempt!.attemptId });
    late.run();
    expect(late.state.phase).toBe("finished");
    expect(coverage([...simulator.completed, ...late.completed], 40)).toBe("each once");
  });

  it("has no effect with a result that comes after the other one's", () => {
    const simulator = hang();
    simulator.onAction = (action) =>
      action.type === "understaffed"
        ? [{ type: "staffed", epoch: 0, stage: action.stage, workerIds: [...action.except, "c"] }]
        : [];
    const [hung] = simulator.hanging;
    simulator.send({ type: "worker-stalled", workerId: "b", attemptId: hung!.attemptId });
    simulator.run(simulator.nowMs + 30);
    const { completedItemCount } = simulator.state;
    simulator.send({ type: "attempt-completed", attemptId: hung!.attemptId });
    expect(simulator.state.completedItemCount).toBe(completedItemCount);
    simulator.run();
    expect(coverage(simulator.completed, 40)).toBe("each once");
  });
});

describe("items that fail everywhere", () => {
  function poison(
    bad: readonly number[],
    itemCount: number,
    microBatchItemCount: number,
    elsewhere: string | undefined,
  ) {
    const simulator = new PipelineSimulator(() => 10);
    const failures: StageAttempt[] = [];
    simulator.onAction = (action) => {
      if (action.type !== "understaffed") return [];
      const { epoch, stage, except } = action;
      return elsewhere === undefined
        ? [{ type: "unstaffed", epoch, stage }]
        : [{ type: "staffed", epoch, stage, workerIds: [...except, elsewhere] }];
    };
    simulator.outcome = (attempt) => {
      const { attemptId, stage } = attempt;
      if (stage !== 1 || !bad.some((item) => holds(attempt, item))) return { type: "attempt-completed", attemptId };
      failures.push(attempt);
      return { type: "attempt-failed", attemptId };
    };
    start(simulator, itemCount, [["a"], ["b"]], microBatchItemCount);
    simulator.run();
    return { simulator, failures };
  }

  it("are found by halving and left out, and all others complete", () => {
    const bad = [3, 17, 18, 60];
    for (const elsewhere of [undefined, "c"]) {
      const { simulator, failures } = poison(bad, 100, 16, elsewhere);
      expect(simulator.state.phase).toBe("finished");
      expect(failedItems(simulator.log)).toEqual(bad.map((firstItem) => ({ firstItem, itemCount: 1 })));
      expect(coverage([...simulator.completed, ...failedItems(simulator.log)], 100)).toBe("each once");
      // Each was tried three times by itself, on both workers where there are two.
      for (const item of bad) {
        const tries = failures.filter((each) => each.range.itemCount === 1 && holds(each, item));
        expect(tries).toHaveLength(3);
        expect(new Set(tries.map(({ workerId }) => workerId)).size).toBe(elsewhere === undefined ? 1 : 2);
      }
      expect(failures.length).toBeLessThan(50);
    }
  });

  it("end the job soon if nothing else succeeds", () => {
    const all = Array.from({ length: 1000 }, (_, item) => item);
    const { simulator, failures } = poison(all, 1000, 32, undefined);
    expect(simulator.state.phase).toBe("failed");
    expect(failures.length).toBeLessThan(60);
  });

  it("are run by themselves after they have ended two workers, and end one more at most", () => {
    let names = 0;
    const lost: string[] = [];
    const simulator = new PipelineSimulator((attempt) => (attempt.stage === 1 && holds(attempt, 21) ? Infinity : 10));
    simulator.onAction = (action) =>
      action.type === "vacant"
        ? [{ type: "staffed", epoch: 0, stage: action.stage, workerIds: [`new${names++}`] }]
        : [];
    start(simulator, 64, [["a"], ["b"]], 8);
    for (;;) {
      simulator.run();
      const [hung] = simulator.hanging;
      if (hung === undefined) break;
      lost.push(hung.workerId);
      simulator.lose(hung.workerId, "trapped");
    }
    expect(lost).toHaveLength(3);
    expect(failedItems(simulator.log)).toEqual([{ firstItem: 21, itemCount: 1 }]);
    expect(coverage([...simulator.completed, { firstItem: 21, itemCount: 1 }], 64)).toBe("each once");
  });
});

it("runs what was too large for a worker's memory in halves, and enters nothing as large again", () => {
  const simulator = new PipelineSimulator(() => 10);
  let tooLarge = 0;
  simulator.outcome = ({ attemptId, stage, range }) => {
    if (stage !== 1 || range.itemCount <= 5) return { type: "attempt-completed", attemptId };
    tooLarge++;
    return { type: "attempt-failed", attemptId, isOutOfMemory: true };
  };
  start(simulator, 200, [["a"], ["b"]], 32);
  simulator.run();
  expect(simulator.state.phase).toBe("finished");
  expect(coverage(simulator.completed, 200)).toBe("each once");
  // Those that had entered before, and each size on the way down.
  expect(tooLarge).toBeLessThan(16);
  expect(Math.max(...simulator.completed.map(({ itemCount }) => itemCount))).toBeLessThanOrEqual(5);
});

it("whatever hangs, fails, runs out of memory and is lost at once, each good item comes out once, and no bad one", () => {
  let [finished, hangs, lefts] = [0, 0, 0];
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1e9 }), (seed) => {
      const random = seededRandom(seed);
      const pick = (count: number) => Math.floor(random() * count);
      const itemCount = 20 + pick(60);
      const bad = new Set(Array.from({ length: pick(4) }, () => pick(itemCount)));
      const stageCount = 1 + pick(4);
      const most = 1 + pick(8);
      const simulator = new PipelineSimulator(() => (pick(25) === 0 ? Infinity : 1 + pick(20)));
      let names = 0;
      let epoch = 0;
      const fresh = () => Array.from({ length: 1 + pick(2) }, () => `w${names++}`);
      const stages = () => Array.from({ length: stageCount }, fresh);
      simulator.outcome = (attempt) => {
        const { attemptId, range } = attempt;
        if (range.itemCount > most) return { type: "attempt-failed", attemptId, isOutOfMemory: true };
        const isBad = [...bad].some((item) => item % stageCount === attempt.stage && holds(attempt, item));
        return { type: isBad ? "attempt-failed" : "attempt-completed", attemptId };
      };
      simulator.onAction = (action) => {
        if (action.type === "vacant") {
          return pick(4) === 0
            ? [placed(stages(), 1 + pick(8), ++epoch), { type: "abandoned", epoch: action.epoch }]
            : [{ type: "staffed", epoch: action.epoch, stage: action.stage, workerIds: fresh() }];
        }
        if (action.type !== "understaffed") return [];
        const { except } = action;
        return pick(3) === 0
          ? [{ type: "unstaffed", epoch: action.epoch, stage: action.stage }]
          : [{ type: "staffed", epoch: action.epoch, stage: action.stage, workerIds: [...except, ...fresh()] }];
      };
      start(simulator, itemCount, stages(), 1 + pick(8));
      for (let round = 0; simulator.state.phase === "running" && round < 2_000; round++) {
        simulator.run(pick(3) === 0 ? simulator.nowMs + pick(40) : undefined);
        const hanging = simulator.hanging;
        hangs += hanging.length;
        for (const { workerId, attemptId } of hanging) {
          const what = pick(3);
          if (what === 0) simulator.send({ type: "worker-stalled", workerId, attemptId });
          if (what === 1) simulator.answer(workerId);
          if (what === 2 && pick(2) === 0) simulator.lose(workerId);
        }
        if (pick(10) === 0 && names > 0) simulator.lose(`w${pick(names)}`);
      }
      finished++;
      const left = failedItems(simulator.log);
      lefts += left.length;
      expect({ seed, phase: simulator.state.phase }).toEqual({ seed, phase: "finished" });
      expect({ seed, what: coverage([...simulator.completed, ...left], itemCount) }).toEqual({
        seed,
        what: "each once",
      });
      expect(left.map(({ firstItem }) => firstItem).toSorted((a, b) => a - b)).toEqual(
        [...bad].toSorted((a, b) => a - b),
      );
      expect(simulator.state.attempts.size).toBe(0);
    }),
    { numRuns: 200 },
  );
  expect(finished).toBe(200);
  expect(Math.min(hangs, lefts)).toBeGreaterThan(100);
});
