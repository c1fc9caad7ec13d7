import { expect, it } from "vitest";
import { JobLife } from "../../../../src/sharder/job/job-life.js";

it("a job resolves once everything is computed, and accepted after that", async () => {
  const life = new JobLife();
  // The sink has accepted what there was so far, but more is to come.
  life.accepted();
  expect(life.isOver).toBe(false);
  life.computed();
  expect([life.isOver, life.hasFailed]).toEqual([true, false]);
  life.accepted();
  await life.done;
  expect(life.fail(new Error("late"))).toBeUndefined();
  expect(life.hasFailed).toBe(false);
});

it("a job rejects with the first error, whether or not everything is computed", async () => {
  const [running, finishing] = [new JobLife(), new JobLife()];
  finishing.computed();
  const error = new Error("first");
  expect([running.fail(error), finishing.fail(error)]).toEqual(["running", "finishing"]);
  for (const life of [running, finishing]) {
    expect(life.fail(new Error("second"))).toBeUndefined();
    life.computed();
    life.accepted();
    await expect(life.done).rejects.toBe(error);
    expect([life.isOver, life.hasFailed]).toEqual([true, true]);
  }
});
