import { expect, it } from "vitest";
import { ShardError } from "../../../src/core/errors.js";
import { Refusals } from "../../../src/jobs/refusals.js";

const refusal = (index: number) => ({
  index,
  picture: new Blob(),
  error: new ShardError("picture-unreadable", `Picture ${index}`),
});

it("gives runs of neighbours in their place, or all", async () => {
  const refusals = new Refusals();
  const arrival = refusals.arrival();
  for (const index of [2, 3, 7]) await refusals.add(refusal(index));
  await arrival;
  const take = (index: number | undefined) => [...refusals.take(index)].map((each) => each.index);
  expect(take(0)).toEqual([]);
  expect(take(2)).toEqual([2, 3]);
  expect(take(undefined)).toEqual([7]);
});

it("holds the source back until somebody takes them, or nobody will", async () => {
  const refusals = new Refusals();
  let addedCount = 0;
  const adding = (async () => {
    for (; addedCount < 200; addedCount++) await refusals.add(refusal(addedCount));
  })();
  await new Promise((done) => setImmediate(done));
  expect(addedCount).toBe(63);
  expect([...refusals.take(0)].length).toBeGreaterThanOrEqual(64);
  await new Promise((done) => setImmediate(done));
  expect(addedCount).toBeLessThan(200);
  refusals.close();
  await adding;
});
