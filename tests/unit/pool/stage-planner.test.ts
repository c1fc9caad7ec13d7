// What becomes of plans when the worker that makes them ends, with or without a sign.
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { StageProblem } from "../../../src/core/stages/stage-problem.js";
import { StagePlanner } from "../../../src/pool/stage-planner.js";
import type { PlannerApi } from "../../../src/protocol/planner-api.js";
import { exposeApi } from "../../../workers/runtime/expose.js";
import { rejected } from "../../fixtures/caught.js";
import { openChannel, type Channel } from "../../fixtures/channel.js";
import { turns } from "../../fixtures/negating-sharder.js";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "performance"] }));
afterEach(() => void vi.useRealTimers());

const problem: StageProblem = { workers: [], boundaryBytes: [], layerWeights: [], maxReplicas: 1 };
const plan = { stages: [], bottleneckMs: 0 };

/** @param answers what each planner does in turn: it answers, never does, or was ended before its script ran. */
function setUp(...answers: ("plans" | "hangs" | "silent")[]) {
  const opened: Channel<PlannerApi>[] = [];
  const planner = new StagePlanner(() => {
    const answer = answers[opened.length];
    const channel = openChannel<PlannerApi>((far) => {
      if (answer === "silent") return;
      const never = new Promise<never>(() => {});
      exposeApi<PlannerApi>(
        { plan: () => (answer === "hangs" ? never : Promise.resolve({ ok: true, value: plan })) },
        far,
      );
    });
    opened.push(channel);
    return channel.link;
  });
  return { planner, opened };
}

async function pass(ms: number): Promise<void> {
  await turns(10);
  await vi.advanceTimersByTimeAsync(ms);
  await turns(10);
}

it("one that was ended before its script ran is replaced after five seconds", async () => {
  const { planner, opened } = setUp("silent", "plans");
  const planning = planner.plan(problem);
  await pass(5_500);
  expect(await planning).toEqual(plan);
  expect(opened.map(({ isTerminated }) => isTerminated)).toEqual([true, false]);
  planner.close();
});

it("one that crashes is replaced at once, and the second one's end is reported in words about the planner", async () => {
  const { planner, opened } = setUp("hangs", "hangs");
  const planning = rejected("worker-lost", planner.plan(problem), "the worker that plans stages", "out of memory");
  await turns(10);
  opened[0]!.crash("out of memory");
  await turns(10);
  opened[1]!.crash("out of memory");
  expect((await planning).workerId).toBeUndefined();
});

it("one that hangs is ended after a minute and replaced; the second one's deadline names the planner", async () => {
  const { planner, opened } = setUp("hangs", "hangs");
  const planning = rejected("worker-timeout", planner.plan(problem), "the worker that plans stages");
  await pass(61_000);
  expect(opened.map(({ isTerminated }) => isTerminated)).toEqual([true, false]);
  await pass(61_000);
  await planning;
  expect(opened.map(({ isTerminated }) => isTerminated)).toEqual([true, true]);
});
