import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createPipeline, stepPipeline } from "../../../../src/core/pipeline/pipeline.js";
import { wantsPipelineItems } from "../../../../src/core/pipeline/queries.js";
import type { ItemRange } from "../../../../src/core/dispatch/types.js";
import { seededRandom } from "../../../../src/core/random.js";
import { rangesOf } from "../item-ranges.js";
import { coverage, PipelineSimulator } from "./pipeline-simulator.js";

const placed = (stages: string[][], microBatchItemCount = 1, epoch = 0) => ({
  type: "placed" as const,
  placement: { epoch, stages, microBatchItemCount },
});

function start(simulator: PipelineSimulator, itemCount: number, stages: string[][], microBatchItemCount = 1) {
  simulator.send(placed(stages, microBatchItemCount));
  simulator.send({ type: "items-added", itemCount });
  simulator.send({ type: "source-ended" });
}

describe("a pipeline", () => {
  it("takes fill time plus the slowest stage's time for each further micro-batch", () => {
    const ms = [3, 7, 5];
    const simulator = new PipelineSimulator(({ stage }) => ms[stage]!);
    start(simulator, 100, [["a"], ["b"], ["c"]]);
    simulator.run();
    expect(simulator.state.phase).toBe("finished");
    expect(coverage(simulator.completed, 100)).toBe("each once");
    expect(simulator.completed.map(({ firstItem }) => firstItem)).toEqual(Array.from({ length: 100 }, (_, i) => i));
    // The oracle: a linear pipeline's makespan.
    expect(simulator.nowMs).toBe(3 + 7 + 5 + 99 * 7);
  });

  it("shares a slow stage among its replicas", () => {
    const ms = [5, 15, 5];
    const simulator = new PipelineSimulator(({ stage }) => ms[stage]!);
    start(simulator, 300, [["a"], ["b1", "b2", "b3"], ["c"]]);
    simulator.run();
    expect(coverage(simulator.completed, 300)).toBe("each once");
    expect(simulator.nowMs).toBeLessThanOrEqual(25 + 15 + 5 * 300);
  });

  it("bounds every queue, however slow a stage is", () => {
    for (const slow of [0, 1, 2, 3]) {
      const simulator = new PipelineSimulator(({ stage }) => (stage === slow ? 100 : 1));
      start(simulator, 200, [["a"], ["b"], ["c"], ["d"]]);
      simulator.run();
      expect(coverage(simulator.completed, 200)).toBe("each once");
      expect(Math.max(...simulator.mostAt.values())).toBeLessThanOrEqual(6);
    }
  });

  it("lets one worker for all stages finish what is furthest along first", () => {
    const simulator = new PipelineSimulator(() => 1);
    start(simulator, 10, [["a"], ["a"], ["a"]], 2);
    simulator.run();
    expect(simulator.nowMs).toBe(15);
    expect(coverage(simulator.completed, 10)).toBe("each once");
  });

  it("cuts the last micro-batch short, and waits for a full one while the source is open", () => {
    const simulator = new PipelineSimulator(() => 1);
    simulator.send(placed([["a"], ["b"]], 4));
    simulator.send({ type: "items-added", itemCount: 4 });
    simulator.send({ type: "items-added", itemCount: 3 });
    const dispatched = () =>
      simulator.log.flatMap((each) => (each.type === "dispatch" ? each.attempt.range.itemCount : []));
    expect(dispatched()).toEqual([4]);
    simulator.send({ type: "source-ended" });
    expect(dispatched()).toEqual([4, 3]);
    simulator.run();
    expect(coverage(simulator.completed, 7)).toBe("each once");
  });

  it("admits only items that are not done already, and finishes with the last of them", () => {
    const simulator = new PipelineSimulator(() => 1);
    simulator.send(placed([["a"], ["b"]], 4));
    const done = [
      { firstItem: 0, itemCount: 2 },
      { firstItem: 8, itemCount: 1 },
    ];
    simulator.send({ type: "items-added", itemCount: 12, done });
    expect(simulator.state.completedItemCount).toBe(3);
    simulator.send({ type: "items-added", itemCount: 3, done: [{ firstItem: 12, itemCount: 3 }] });
    simulator.send({ type: "source-ended" });
    simulator.run();
    expect(simulator.state.phase).toBe("finished");
    expect(simulator.completed).toMatchObject([
      { firstItem: 2, itemCount: 4 },
      { firstItem: 6, itemCount: 2 },
      { firstItem: 9, itemCount: 3 },
    ]);
  });

  it("does not wait for a micro-batch to fill up that ends where items are done", () => {
    const simulator = new PipelineSimulator(() => 1);
    simulator.send(placed([["a"], ["b"]], 4));
    simulator.send({ type: "items-added", itemCount: 10, done: [{ firstItem: 6, itemCount: 2 }] });
    const entered = () =>
      [...simulator.state.microBatches.values()].map(({ range }) => [range.firstItem, range.itemCount]);
    // Items 8 and 9 may still be joined by others.
    expect(entered()).toEqual([
      [0, 4],
      [4, 2],
    ]);
    simulator.run();
    simulator.send({ type: "source-ended" });
    simulator.run();
    expect(simulator.completed.at(-1)).toMatchObject({ firstItem: 8, itemCount: 2 });
  });

  it("finishes without a placement where all items are done already", () => {
    const simulator = new PipelineSimulator(() => 1);
    simulator.send({ type: "items-added", itemCount: 5, done: [{ firstItem: 0, itemCount: 5 }] });
    expect(wantsPipelineItems(simulator.state)).toBe(true);
    expect(simulator.log).toEqual([]);
    simulator.send({ type: "source-ended" });
    expect(simulator.log).toEqual([{ type: "finish" }]);
  });

  it("finishes at once where the source is empty", () => {
    const simulator = new PipelineSimulator(() => 1);
    simulator.send({ type: "source-ended" });
    expect(simulator.log).toEqual([{ type: "finish" }]);
  });

  it("pauses between attempts and resumes", () => {
    const simulator = new PipelineSimulator(() => 1);
    start(simulator, 20, [["a"], ["b"]]);
    simulator.run(5);
    simulator.send({ type: "pause" });
    simulator.run();
    const soFar = simulator.completed.length;
    expect(soFar).toBeLessThan(20);
    simulator.send({ type: "resume" });
    simulator.run();
    expect(coverage(simulator.completed, 20)).toBe("each once");
  });
});

describe("a re-cut", () => {
  it("lets what is under way finish under the old stages and never stops", () => {
    const simulator = new PipelineSimulator(({ epoch, stage }) => (epoch === 0 && stage === 1 ? 40 : 10));
    start(simulator, 60, [["a"], ["b"]]);
    simulator.run(200);
    simulator.send(placed([["a"], ["b"]], 1, 1));
    simulator.run();
    expect(coverage(simulator.completed, 60)).toBe("each once");
    expect(simulator.log.filter(({ type }) => type === "epoch-done")).toEqual([{ type: "epoch-done", epoch: 0 }]);
    const firstNew = simulator.log.findIndex((each) => each.type === "dispatch" && each.attempt.epoch === 1);
    const lastOld = simulator.log.findLastIndex((each) => each.type === "dispatch" && each.attempt.epoch === 0);
    expect(firstNew).toBeGreaterThan(0);
    expect(firstNew).toBeLessThan(lastOld);
    const gaps = simulator.completed.slice(1).map(({ atMs }, index) => atMs - simulator.completed[index]!.atMs);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(50);
  });

  it("lets the items of an abandoned epoch enter again from their inputs", () => {
    const simulator = new PipelineSimulator(() => 10);
    start(simulator, 30, [["a"], ["b"], ["c"]], 3);
    simulator.run(25);
    simulator.send(placed([["a"], ["c"]], 2, 1));
    simulator.send({ type: "abandoned", epoch: 0 });
    simulator.run();
    expect(simulator.state.phase).toBe("finished");
    expect(coverage(simulator.completed, 30)).toBe("each once");
    expect(simulator.log.some(({ type }) => type === "restarted")).toBe(true);
  });
});

describe("a lost worker", () => {
  it("is reported vacant once, and its micro-batches are replayed from the boundary of its stage", () => {
    const simulator = new PipelineSimulator(() => 10);
    simulator.onAction = (action) =>
      action.type === "vacant" ? [{ type: "staffed", epoch: action.epoch, stage: action.stage, workerIds: ["a"] }] : [];
    start(simulator, 40, [["a"], ["b"], ["c"]]);
    simulator.run(95);
    const startedInStageOne = simulator.log.filter(
      (each) => each.type === "dispatch" && each.attempt.stage === 0,
    ).length;
    simulator.lose("b");
    simulator.run();
    expect(simulator.state.phase).toBe("finished");
    expect(coverage(simulator.completed, 40)).toBe("each once");
    expect(simulator.log.filter(({ type }) => type === "vacant")).toEqual([{ type: "vacant", epoch: 0, stage: 1 }]);
    // Stage 0 ran once for each item: nothing was computed from the inputs again.
    const stageZero = simulator.log.filter((each) => each.type === "dispatch" && each.attempt.stage === 0);
    expect(stageZero).toHaveLength(40);
    expect(startedInStageOne).toBeLessThan(40);
  });

  it("is reported again where it was the one with which all stages were placed anew meanwhile", () => {
    const simulator = new PipelineSimulator(() => 10);
    start(simulator, 40, [["a"], ["b"]]);
    simulator.run(95);
    simulator.lose("b");
    simulator.send(placed([["a"], ["c"]], 1, 0));
    simulator.run(200);
    simulator.onAction = (action) =>
      action.type === "vacant" ? [{ type: "staffed", epoch: action.epoch, stage: action.stage, workerIds: ["a"] }] : [];
    simulator.lose("c");
    simulator.run();
    expect(simulator.state.phase).toBe("finished");
    expect(coverage(simulator.completed, 40)).toBe("each once");
  });

  it("is not reported where its stage has another replica", () => {
    const simulator = new PipelineSimulator(() => 10);
    start(simulator, 40, [["a"], ["b1", "b2"]]);
    simulator.run(100);
    simulator.lose("b1");
    simulator.run();
    expect(coverage(simulator.completed, 40)).toBe("each once");
    expect(simulator.log.some(({ type }) => type === "vacant")).toBe(false);
  });

  it("whatever is lost, moved, rejected, re-cut and done before, each item comes out once", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e9 }), (seed) => {
        const random = seededRandom(seed);
        const pick = (count: number) => Math.floor(random() * count);
        const simulator = new PipelineSimulator(() => 1 + pick(20));
        let names = 0;
        let epoch = 0;
        const fresh = () => Array.from({ length: 1 + pick(2) }, () => `w${names++}`);
        const stages = () => Array.from({ length: 1 + pick(4) }, fresh);
        simulator.onAction = (action) =>
          action.type === "vacant"
            ? pick(3) === 0
              ? [placed(stages(), 1 + pick(4), ++epoch), { type: "abandoned", epoch: action.epoch }]
              : [{ type: "staffed", epoch: action.epoch, stage: action.stage, workerIds: fresh() }]
            : [];
        const itemCount = pick(80);
        const doneBefore: ItemRange[] = [];
        simulator.send(placed(stages(), 1 + pick(4)));
        for (let left = itemCount; left > 0;) {
          const part = Math.min(left, 1 + pick(30));
          const isDone = Array.from({ length: part }, () => pick(4) === 0);
          const done = pick(2) === 0 ? rangesOf(isDone, simulator.state.endItem) : undefined;
          doneBefore.push(...(done ?? []));
          simulator.send({ type: "items-added", itemCount: part, done });
          simulator.run(simulator.nowMs + pick(50));
          left -= part;
          const what = pick(5);
          if (what === 0) simulator.lose(`w${pick(names)}`);
          if (what === 1) simulator.send(placed(stages(), 1 + pick(4), ++epoch));
          if (what === 2) {
            const [attempt] = simulator.state.attempts.values();
            if (attempt !== undefined) {
              simulator.send({ type: "attempt-rejected", attemptId: attempt.attemptId });
            }
          }
        }
        simulator.send({ type: "source-ended" });
        simulator.run();
        expect(simulator.state.phase).toBe("finished");
        expect(coverage([...simulator.completed, ...doneBefore], itemCount)).toBe("each once");
        expect(simulator.state).toMatchObject({ completedItemCount: itemCount, nextItem: itemCount, doneAhead: [] });
      }),
      { numRuns: 300 },
    );
  });
});

describe("a stage that throws", () => {
  it("is retried on another replica, and then once more, before the job fails", () => {
    let { state, actions } = stepPipeline(createPipeline(), placed([["a", "b"]]));
    ({ state } = stepPipeline(state, { type: "items-added", itemCount: 1 }));
    ({ state, actions } = stepPipeline(state, { type: "source-ended" }));
    const dispatchOf = () => {
      const found = [...state.attempts.values()][0];
      if (found === undefined) throw new Error("expected an attempt");
      return found;
    };
    expect(dispatchOf().workerId).toBe("a");
    ({ state, actions } = stepPipeline(state, { type: "attempt-failed", attemptId: dispatchOf().attemptId }));
    expect(dispatchOf().workerId).toBe("b");
    ({ state, actions } = stepPipeline(state, { type: "attempt-failed", attemptId: dispatchOf().attemptId }));
    ({ state, actions } = stepPipeline(state, { type: "attempt-failed", attemptId: dispatchOf().attemptId }));
    expect(actions).toMatchObject([{ type: "item-failed", range: { firstItem: 0, itemCount: 1 } }, { type: "finish" }]);
  });
});

it("cancels what is under way, and ignores events after that", () => {
  const simulator = new PipelineSimulator(() => 10);
  start(simulator, 40, [["a"], ["b"]]);
  simulator.run(50);
  const open = simulator.state.attempts.size;
  simulator.send({ type: "cancel" });
  expect(simulator.log.filter(({ type }) => type === "cancel-attempt")).toHaveLength(open);
  const before = simulator.log.length;
  simulator.send({ type: "resume" });
  simulator.run();
  expect(simulator.log).toHaveLength(before);
});

it("pulls a source only as far as the next micro-batches need", () => {
  let { state } = stepPipeline(createPipeline(), { type: "resume" });
  expect(wantsPipelineItems(state)).toBe(true);
  ({ state } = stepPipeline(state, { type: "items-added", itemCount: 1 }));
  expect(wantsPipelineItems(state)).toBe(false);
  ({ state } = stepPipeline(state, placed([["a"], ["b"]], 4)));
  expect(wantsPipelineItems(state)).toBe(true);
  ({ state } = stepPipeline(state, { type: "items-added", itemCount: 100 }));
  expect(wantsPipelineItems(state)).toBe(false);
});

it("refuses a placement without stages and items after the end, and ignores attempts that it does not know", () => {
  const { state } = stepPipeline(createPipeline(), { type: "source-ended" });
  expect(state.phase).toBe("finished");
  const open = createPipeline();
  expect(() => stepPipeline(open, placed([]))).toThrow("at least one stage");
  expect(() => stepPipeline(open, placed([["a"]], 0))).toThrow("at least one item");
  expect(() => stepPipeline(open, { type: "items-added", itemCount: 1.5 })).toThrow("whole number");
  const done = [{ firstItem: 1, itemCount: 2 }];
  expect(() => stepPipeline(open, { type: "items-added", itemCount: 2, done })).toThrow("0 … 1");
  expect(stepPipeline(open, { type: "attempt-completed", attemptId: 9 }).actions).toEqual([]);
});
