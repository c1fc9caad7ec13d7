import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { StagePlan } from "../../../../src/core/stages/stage-problem.js";
import { RecutWatch } from "../../../../src/sharder/layers/recut-watch.js";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const plan = (bottleneckMs: number): StagePlan => ({ bottleneckMs, stages: [] });

/** Look a while after the previous look, with stages of 10 and 6 ms, a move that takes 100 ms, and `remaining` items. */
function watch(planned = 8) {
  const recuts = new RecutWatch();
  const ask = vi.fn<() => Promise<StagePlan>>(async () => plan(planned));
  const look = (remaining: number | undefined, stageMs = [10, 6]) => {
    vi.advanceTimersByTime(10_000);
    return recuts.look(stageMs, 100, ask, () => remaining);
  };
  return { recuts, ask, look };
}

it("moves once staying has cost as much as the move, over any number of jobs", async () => {
  const { recuts, ask, look } = watch();
  expect(await look(1000)).toBeUndefined();
  for (let job = 0; job < 2; job++) {
    recuts.ran(150);
    expect(await look(1000)).toBeUndefined();
  }
  // Nothing changed: the planner was not asked again.
  expect(ask).toHaveBeenCalledTimes(1);
  recuts.ran(1);
  expect(await look(1000)).toEqual(plan(8));
  recuts.reset();
  recuts.ran(1000);
  expect(await look(1000)).toBeUndefined();
});

it("forgets what was lost once the disturbance has passed", async () => {
  const { recuts, look } = watch();
  await look(1000);
  recuts.ran(299);
  expect(await look(1000, [8, 8])).toBeUndefined();
  recuts.ran(1000);
  expect(await look(1000)).toBeUndefined();
  recuts.ran(301);
  expect(await look(1000)).toEqual(plan(8));
});

it("counts nothing while no plan is better by more than the noise", async () => {
  const { recuts, ask, look } = watch(9.5);
  expect(await look(1e6)).toBeUndefined();
  recuts.ran(1e6);
  expect(await look(1e6)).toBeUndefined();
  expect(ask).toHaveBeenCalledTimes(1);
});

it("asks again when a stage's time has changed, but not before all are measured, and never twice at the same time", async () => {
  const { recuts, ask, look } = watch(9.5);
  await look(10);
  await look(10, [10.5, 6]);
  expect(ask).toHaveBeenCalledTimes(1);
  await look(10, [11, 6]);
  expect(ask).toHaveBeenCalledTimes(2);
  const unknown = recuts.look([10, undefined], 100, ask, () => 10);
  expect(await unknown).toBeUndefined();
  await Promise.all([look(10, [20, 6]), look(10, [40, 6])]);
  expect(ask).toHaveBeenCalledTimes(3);
});
