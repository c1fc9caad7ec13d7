import { afterEach, describe, expect, it, vi } from "vitest";
import * as faults from "../../../src/faults.js";
import { batch, negate, negated, start, turns } from "../../fixtures/negating-sharder.js";

afterEach(() => void vi.useRealTimers());

describe("dropMessage", () => {
  it("out: the worker never hears of its next shard, and later ones reach it", async () => {
    const { sharder, workers } = await start(negate, 1);
    const { id } = sharder.workers[0]!;
    faults.dropMessage(id, "out");
    const running = [sharder.predict(batch(1)), sharder.predict(batch(1, 5))];
    expect(await running[1]).toEqual({ y: negated(1, 5) });
    await turns();
    expect(workers[0]!.runCount).toBe(1);
    await sharder.addWorker({ backend: "wasm" });
    faults.kill(id);
    expect(await running[0]).toEqual({ y: negated(1) });
  });

  it("in: the worker computes its next shard, and its answer is lost", async () => {
    const { sharder, workers } = await start(negate);
    const { id } = sharder.workers[0]!;
    faults.dropMessage(id, "in");
    let isDone = false;
    const running = sharder.predict(batch(40)).finally(() => (isDone = true));
    await turns();
    expect(workers[0]!.runCount).toBeGreaterThan(0);
    expect(isDone).toBe(false);
    faults.kill(id);
    expect(await running).toEqual({ y: negated(40) });
  });
});

it("delayMessages delivers requests and answers late, until it is ended", async () => {
  const { sharder, workers } = await start(negate, 1);
  vi.useFakeTimers({ toFake: ["setTimeout"] });
  const [worker] = workers;
  const { id } = sharder.workers[0]!;
  faults.delayMessages(id, 30);
  let isDone = false;
  const running = sharder.predict(batch(1)).finally(() => (isDone = true));
  await turns();
  expect(worker!.runCount).toBe(0);
  vi.advanceTimersByTime(30);
  await turns();
  expect([worker!.runCount, isDone]).toEqual([1, false]);
  vi.advanceTimersByTime(30);
  expect(await running).toEqual({ y: negated(1) });
  faults.delayMessages(id, 0);
  expect(await sharder.predict(batch(2))).toEqual({ y: negated(2) });
});

it("refuses ids that no live worker has, and values out of bounds, and says what it expects", async () => {
  const { sharder } = await start(negate, 1);
  const { id } = sharder.workers[0]!;
  const refusals: [call: (id: string) => Promise<void> | void, received: string][] = [
    [(id) => faults.slow(id, 0.5), "0.5"],
    [(id) => faults.hang(id, 0), "0"],
    [(id) => faults.fail(id, 1.5), "1.5"],
    [(id) => faults.corrupt(id, NaN), "NaN"],
    [(id) => faults.corrupt(id, 0.01, -1), "-1"],
    [(id) => faults.loseContext(id), "on wasm"],
    [(id) => faults.delayMessages(id, -1), "-1"],
    [(id) => faults.dropMessage(id, "up" as "in"), "up"],
  ];
  for (const [call, received] of refusals) {
    await expect(async () => call(id)).rejects.toMatchObject({
      code: "invalid-options",
      message: expect.stringMatching(new RegExp(`^Expected .*received .*${received}`)),
    });
  }
  const unknown = { code: "unknown-worker", message: expect.stringContaining(`"wasm-none"`) };
  const none = "wasm-none";
  const calls = [
    () => faults.slow(none, 2),
    () => faults.kill(none),
    () => faults.hang(none),
    () => faults.fail(none),
    () => faults.exhaust(none),
    () => faults.corrupt(none, 0.01),
    () => faults.loseDevice(none),
    () => faults.loseContext(none),
    () => faults.dropMessage(none, "in"),
    () => faults.delayMessages(none, 5),
  ];
  for (const call of calls) await expect(async () => call()).rejects.toMatchObject(unknown);
});
