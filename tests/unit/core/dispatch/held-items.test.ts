import { describe, expect, it } from "vitest";
import { completedItemCount, createDispatch, jobPhase, step } from "../../../../src/core/dispatch/dispatch.js";
import type { DispatchAction, DispatchEvent } from "../../../../src/core/dispatch/types.js";

function start(itemCount: number) {
  let state = createDispatch({ depth: 1 });
  const send = (event: DispatchEvent): DispatchAction[] => {
    const next = step(state, event, 0);
    state = next.state;
    return next.actions;
  };
  send({ type: "worker-added", worker: { workerId: "a" } });
  const actions = [...send({ type: "items-added", itemCount }), ...send({ type: "source-ended" })];
  return { send, actions, phase: () => jobPhase(state), completed: () => completedItemCount(state) };
}

function dispatchOf(actions: readonly DispatchAction[]) {
  const [found] = actions.flatMap((action) => (action.type === "dispatch" ? action : []));
  return found!;
}

describe("held items", () => {
  it("keep the job from finishing until they are final", () => {
    const job = start(1);
    const { attemptId, firstItem, itemCount } = dispatchOf(job.actions);
    expect(job.send({ type: "attempt-completed", attemptId, serviceMs: 1, isHeld: true })).toEqual([]);
    expect([job.phase(), job.completed()]).toEqual(["running", 1]);
    expect(job.send({ type: "items-released", range: { firstItem, itemCount } })).toEqual([{ type: "finish" }]);
  });

  it("are dispatched again if they were computed wrongly", () => {
    const job = start(1);
    const { attemptId, firstItem, itemCount } = dispatchOf(job.actions);
    job.send({ type: "attempt-completed", attemptId, serviceMs: 1, isHeld: true });
    const again = dispatchOf(job.send({ type: "items-revoked", range: { firstItem, itemCount } }));
    expect(again).toMatchObject({ firstItem: 0, itemCount: 1 });
    expect(job.completed()).toBe(0);
    job.send({ type: "attempt-completed", attemptId: again.attemptId, serviceMs: 1 });
    expect(job.phase()).toBe("finished");
  });
});
