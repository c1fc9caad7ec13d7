import { expect, it } from "vitest";
import { createPipeline, stepPipeline } from "../../../../src/core/pipeline/pipeline.js";
import type { PipelineAction, PipelineEvent } from "../../../../src/core/pipeline/types.js";

it("does not finish before held items are final, and runs revoked ones again from their inputs", () => {
  let state = createPipeline();
  const send = (event: PipelineEvent): readonly PipelineAction[] => {
    const next = stepPipeline(state, event);
    state = next.state;
    return next.actions;
  };
  const range = { firstItem: 0, itemCount: 2 };
  const attemptIn = (actions: readonly PipelineAction[]): number =>
    actions.flatMap((action) => (action.type === "dispatch" ? action.attempt.attemptId : []))[0]!;
  send({ type: "placed", placement: { epoch: 0, stages: [["a"]], microBatchItemCount: 2 } });
  const first = attemptIn(send({ type: "items-added", itemCount: 2 }));
  send({ type: "source-ended" });
  const held = send({ type: "attempt-completed", attemptId: first, isHeld: true });
  expect(held).toEqual([expect.objectContaining({ type: "completed", range, isHeld: true })]);
  expect(state.phase).toBe("running");
  const second = attemptIn(send({ type: "items-revoked", range }));
  expect(state.completedItemCount).toBe(0);
  send({ type: "attempt-completed", attemptId: second, isHeld: true });
  send({ type: "items-released", range });
  expect(state.phase).toBe("finished");
});
