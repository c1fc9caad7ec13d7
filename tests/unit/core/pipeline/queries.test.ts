import { expect, it } from "vitest";
import { createPipeline, stepPipeline } from "../../../../src/core/pipeline/pipeline.js";
import { outsideItemCount, waitingCount } from "../../../../src/core/pipeline/queries.js";
import type { PipelineEvent, PipelineState } from "../../../../src/core/pipeline/types.js";

function after(...events: readonly PipelineEvent[]): PipelineState {
  return events.reduce((state, event) => stepPipeline(state, event).state, createPipeline({ depth: 2 }));
}

const placed: PipelineEvent = {
  type: "placed",
  placement: { epoch: 1, stages: [["a"], ["b"]], microBatchItemCount: 2 },
};
const added: PipelineEvent = { type: "items-added", itemCount: 10 };
const ended: PipelineEvent = { type: "source-ended" };

it("items are outside until they enter, and again once their stages are gone; while the source is open nobody knows", () => {
  expect(outsideItemCount(after(added, placed))).toBeUndefined();
  expect(outsideItemCount(after(added, ended))).toBe(10);
  const running = after(added, ended, placed);
  const enteredCount = [...running.microBatches.values()].reduce((sum, { range }) => sum + range.itemCount, 0);
  expect(enteredCount).toBeGreaterThan(0);
  expect(outsideItemCount(running)).toBe(10 - enteredCount);
  const abandoned = stepPipeline(running, { type: "abandoned", epoch: 1 }).state;
  expect(outsideItemCount(abandoned)).toBe(10);
});

it("micro-batches wait for a stage until a worker has turned to them", () => {
  const state = after(added, ended, placed);
  const [first] = state.attempts.keys();
  const count = state.microBatches.size;
  expect(waitingCount(state, 1, 0, () => false)).toBe(count);
  expect(waitingCount(state, 1, 0, (id) => id === first)).toBe(count - 1);
  expect([waitingCount(state, 1, 1, () => false), waitingCount(state, 2, 0, () => false)]).toEqual([0, 0]);
});
