import fc from "fast-check";
import { expect, it } from "vitest";
import type { DispatchEvent, Policy } from "../../../../src/core/dispatch/types.js";
import { rangesOf } from "../item-ranges.js";
import { createDispatch, step, type DispatchState } from "../../../../src/core/dispatch/dispatch.js";

interface Open {
  readonly attemptId: number;
  readonly workerId: string;
  readonly firstItem: number;
  readonly itemCount: number;
}

/** A busy machine: most shards take some ms, some too little for a clock to show, and some are stalled for many quanta. */
const serviceMs = fc.oneof(
  { weight: 14, arbitrary: fc.integer({ min: 0, max: 10_000 }).map((value) => value / 1_000) },
  { weight: 3, arbitrary: fc.constant(0) },
  { weight: 2, arbitrary: fc.integer({ min: 0, max: 1_000 }).map((value) => value / 1e8) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 1_000_000 }) },
);

/** How an attempt ends, and whether the clock moves meanwhile. */
const ending = fc.record({ pick: fc.nat(), ms: serviceMs, isTimed: fc.boolean() });

it("completes every item once, in whole numbers, whatever times are reported, attempts rejected, workers away and items done before", () => {
  fc.assert(
    fc.property(
      fc.constantFrom<Policy>("makespan", "equal", "capacity-proportional"),
      fc.constantFrom(1, 5, 20, 100),
      // The items that are done before.
      fc.array(fc.boolean(), { minLength: 1, maxLength: 61 }),
      fc.array(fc.boolean(), { minLength: 1, maxLength: 3 }),
      // Enough attempts for shards of one item. Between them some are rejected, and workers leave and come back.
      fc.array(ending, { minLength: 61, maxLength: 61 }),
      fc.array(fc.record({ at: fc.nat(60), pick: fc.nat(), isAway: fc.boolean(), lasts: fc.nat(4) }), { maxLength: 6 }),
      (policy, quantumMs, isDone, bucketed, endings, disturbances) => {
        let state: DispatchState = createDispatch({ policy, quantumMs });
        let nowMs = 0;
        const open: Open[] = [];
        const times = isDone.map(Number);
        const send = (event: DispatchEvent): void => {
          const { state: next, actions } = step(state, event, nowMs);
          state = next;
          for (const action of actions) {
            if (action.type === "dispatch") open.push(action);
            if (action.type !== "cancel-attempt") continue;
            const index = open.findIndex(({ attemptId }) => attemptId === action.attemptId);
            expect(index).toBeGreaterThanOrEqual(0);
            open.splice(index, 1);
          }
        };
        const away = new Map<string, number>();
        const add = (index: number): void => {
          send({ type: "worker-added", worker: { workerId: `w${index}`, bucketed: bucketed[index]! } });
        };
        send({ type: "items-added", itemCount: isDone.length, done: rangesOf(isDone) });
        for (const index of bucketed.keys()) add(index);
        send({ type: "source-ended" });
        /** A worker answers its attempts in order. */
        const takeOpen = (pick: number): Open => {
          const { workerId } = open[pick % open.length]!;
          const index = open.findIndex((each) => each.workerId === workerId);
          return open.splice(index, 1)[0]!;
        };
        const leave = (workerId: string, until: number): void => {
          for (let at = open.length - 1; at >= 0; at--) if (open[at]!.workerId === workerId) open.splice(at, 1);
          away.set(workerId, until);
          send({ type: "worker-away", workerId });
        };
        const comeBack = (workerId: string): void => {
          away.delete(workerId);
          add(Number(workerId.slice(1)));
        };
        for (const [index, { pick, ms, isTimed }] of endings.entries()) {
          for (const { at, pick: which, isAway, lasts } of disturbances) {
            if (at !== index || open.length === 0) continue;
            const { attemptId, workerId } = takeOpen(which);
            if (isAway) leave(workerId, index + lasts);
            else send({ type: "attempt-rejected", attemptId });
          }
          for (const [workerId, until] of away) {
            // Where no attempt is open, only the return of a worker lets the job continue.
            if (until <= index || open.length === 0) comeBack(workerId);
          }
          if (open.length === 0) break;
          const done = takeOpen(pick);
          expect(done.itemCount).toBeGreaterThanOrEqual(1);
          for (let item = done.firstItem; item < done.firstItem + done.itemCount; item++) times[item]!++;
          if (isTimed) nowMs += ms;
          send({ type: "attempt-completed", attemptId: done.attemptId, serviceMs: ms });
        }
        expect(times.every((count) => count === 1)).toBe(true);
        expect(state.phase).toBe("finished");
      },
    ),
    { numRuns: 2000 },
  );
});
