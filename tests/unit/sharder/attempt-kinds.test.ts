// Why an attempt was made, and what becomes of a job, as events report it.
import { expect, it } from "vitest";
import type { AttemptDetail, JobDetail } from "../../../src/sharder/events.js";
import { TriedItems } from "../../../src/sharder/job/tried-items.js";
import type { Tensor } from "../../../src/protocol/tensors.js";
import { added, startLayers } from "../../fixtures/adding-sharder.js";
import { batch, negate, negated, start, turns } from "../../fixtures/negating-sharder.js";

it("an attempt after a failure is a retry of those items, and of no others", async () => {
  let failures = 0;
  const { sharder } = await start(async (request, worker) => {
    await turns(1);
    if (failures++ < 1) throw new Error("once");
    return negate(request, worker);
  }, 2);
  const attempts: AttemptDetail[] = [];
  sharder.addEventListener("attempt", ({ detail }) => attempts.push(detail));
  expect(await sharder.predict(batch(80))).toEqual({ y: negated(80) });
  const failed = attempts.filter(({ outcome }) => outcome === "failed");
  expect(failed).toHaveLength(1);
  const { firstItem, itemCount } = failed[0]!;
  const isOfFailed = (each: AttemptDetail) =>
    each.firstItem < firstItem + itemCount && each.firstItem + each.itemCount > firstItem;
  for (const attempt of attempts.filter(({ outcome }) => outcome === "completed")) {
    expect(attempt.kind).toBe(isOfFailed(attempt) ? "retry" : "first");
  }
  expect(attempts.some(({ kind }) => kind === "retry")).toBe(true);
});

it("in a split by layers, each stage of a micro-batch is a first attempt", async () => {
  const { sharder } = await startLayers(4, { workerCount: 2 });
  const attempts: AttemptDetail[] = [];
  sharder.addEventListener("attempt", ({ detail }) => attempts.push(detail));
  expect(await sharder.predict(batch(20))).toEqual({ [sharder.model.outputs[0]!.name]: added(20, 4) });
  expect(new Set(attempts.map(({ stage }) => stage)).size).toBeGreaterThan(1);
  expect(new Set(attempts.map(({ kind }) => kind))).toEqual(new Set(["first"]));
});

it("reports a job's beginning, pauses and end, each once", async () => {
  const { sharder } = await start(async (request, worker) => {
    await turns(1);
    return negate(request, worker);
  }, 1);
  const jobs: JobDetail[] = [];
  sharder.addEventListener("job", ({ detail }) => jobs.push(detail));
  sharder.pause();
  const predicting = sharder.predict(batch(20));
  sharder.pause();
  sharder.resume();
  sharder.resume();
  await predicting;
  expect(jobs.map(({ state }) => state)).toEqual(["started", "paused", "resumed", "completed"]);
  expect(new Set(jobs.map(({ jobId }) => jobId)).size).toBe(1);
  jobs.length = 0;
  for await (const _ of sharder.stream([batch(4), batch(4, 4)])) break;
  await turns(1);
  expect(jobs.map(({ state }) => state)).toEqual(["started", "cancelled"]);
  jobs.length = 0;
  const damaged = {
    [Symbol.iterator]: (): Iterator<Tensor> => ({
      next: () => {
        throw new Error("no source");
      },
    }),
  };
  await expect(sharder.stream(damaged).next()).rejects.toThrow("no source");
  await turns(1);
  expect(jobs).toMatchObject([{ state: "started" }, { state: "failed", message: "The source of the stream failed." }]);
});

it("items are tried until they have passed the stage that failed", () => {
  const tried = new TriedItems();
  tried.add({ firstItem: 10, itemCount: 10 }, 1);
  const has = (firstItem: number, itemCount: number, stage: number) => tried.has({ firstItem, itemCount }, stage);
  expect([has(0, 10, 1), has(5, 6, 1), has(19, 1, 0), has(19, 1, 2), has(20, 5, 1)]).toEqual([
    false,
    true,
    true,
    false,
    false,
  ]);
  tried.delete({ firstItem: 12, itemCount: 4 }, 0);
  expect(has(12, 4, 0)).toBe(true);
  tried.delete({ firstItem: 12, itemCount: 4 }, 1);
  expect([has(10, 2, 1), has(12, 4, 0), has(16, 4, 1)]).toEqual([true, false, true]);
  tried.delete({ firstItem: 0, itemCount: 30 }, Infinity);
  expect(has(0, 30, 0)).toBe(false);
});
