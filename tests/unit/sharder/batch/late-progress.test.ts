import { expect, it } from "vitest";
import type { JobProgress } from "../../../../src/sharder/events.js";
import { useFakeClock } from "../../../fixtures/fake-clock.js";
import { batch, negate, negated, start } from "../../../fixtures/negating-sharder.js";

const pass = useFakeClock();

it("reports a lower rate and a later end while a worker is silent, twice a second, and nothing more once it answers", async () => {
  let runCount = 0;
  const { sharder } = await start(async (request, worker) => {
    const isSilent = ++runCount === 8;
    await new Promise((answer) => setTimeout(answer, isSilent ? 4_000 : 50 * request.itemCount));
    return negate(request, worker);
  }, 1);
  const seen: JobProgress[] = [];
  let result: unknown;
  const done = sharder
    .predict(batch(100), { onProgress: (progress) => void seen.push(progress) })
    .then((outputs) => (result = outputs));
  for (let waits = 0; waits < 200 && runCount < 8; waits++) await pass(20);
  await pass(100);
  const before = seen.length;
  expect(before).toBeGreaterThan(3);
  for (let waits = 0; waits < 30; waits++) await pass(100);
  const late = seen.slice(before);
  expect(late.length).toBeGreaterThanOrEqual(4);
  expect(late.length).toBeLessThanOrEqual(7);
  expect(new Set(late.map(({ completedItemCount }) => completedItemCount))).toHaveLength(1);
  for (const [index, { itemsPerSecond, remainingMs }] of late.entries()) {
    if (index === 0) continue;
    expect(itemsPerSecond).toBeLessThan(late[index - 1]!.itemsPerSecond!);
    expect(remainingMs).toBeGreaterThan(late[index - 1]!.remainingMs!);
  }
  while (result === undefined) await pass(100);
  await done;
  expect(result).toEqual({ y: negated(100) });
  const { length } = seen;
  expect(seen.at(-1)).toMatchObject({ completedItemCount: 100, remainingMs: 0 });
  await pass(5_000);
  expect(seen).toHaveLength(length);
});
