// Listeners that act in the middle of what is reported: nothing comes twice, and nothing is lost.
import { describe, expect, it } from "vitest";
import { kill } from "../../../src/sharder/faults.js";
import { batch, negate, negated, start, turns } from "../../fixtures/negating-sharder.js";

describe.each(["attempt", "worker", "progress"] as const)("a listener of %s", (type) => {
  it("that ends the worker in question loses nothing, and no item comes twice", async () => {
    const { sharder } = await start(async (request, worker) => {
      await turns(1);
      return negate(request, worker);
    }, 3);
    let count = 0;
    const listener = ({ detail }: CustomEvent<object>): void => {
      const workerId = "workerId" in detail ? String(detail.workerId) : sharder.workers[0]!.id;
      const isLast = sharder.workers.filter(({ state }) => state !== "dead").length === 1;
      if (++count === 3 && !isLast) kill(workerId);
    };
    sharder.addEventListener(type, listener as (event: Event) => void);
    const times = new Map<number, number>();
    const source = Array.from({ length: 120 }, (_, item) => batch(1, item));
    for await (const { firstItem, itemCount, outputs } of sharder.stream(source, { order: "completion" })) {
      expect(outputs).toEqual({ y: negated(itemCount, firstItem) });
      for (let item = firstItem; item < firstItem + itemCount; item++) times.set(item, (times.get(item) ?? 0) + 1);
    }
    expect(count).toBeGreaterThan(3);
    expect([times.size, ...new Set(times.values())]).toEqual([120, 1]);
    expect(sharder.workers.filter(({ state }) => state === "dead")).toHaveLength(1);
  });

  it("that pauses and resumes changes nothing", async () => {
    const { sharder } = await start(negate, 2);
    const listener = (): void => {
      sharder.pause();
      sharder.resume();
    };
    sharder.addEventListener(type, listener);
    expect(await sharder.predict(batch(80))).toEqual({ y: negated(80) });
    sharder.removeEventListener(type, listener);
  });
});

it("a listener of worker that blocks the page, pauses and resumes makes no item run twice", async () => {
  const { sharder, workers } = await start(negate, 2);
  await sharder.predict(batch(80));
  const before = workers.map(({ ran }) => ran.length);
  let isBlocking = true;
  const listener = (): void => {
    const endMs = performance.now() + (isBlocking ? 400 : 0);
    isBlocking = false;
    while (performance.now() < endMs);
    sharder.pause();
    sharder.resume();
  };
  sharder.addEventListener("worker", listener);
  const seen: number[] = [];
  sharder.addEventListener("attempt", ({ detail: { outcome, firstItem, itemCount } }) => {
    if (outcome === "completed") for (let item = 0; item < itemCount; item++) seen.push(firstItem + item);
  });
  expect(await sharder.predict(batch(80))).toEqual({ y: negated(80) });
  sharder.removeEventListener("worker", listener);
  expect(seen.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 80 }, (_, item) => item));
  const runs = workers.flatMap(({ ran }, index) => ran.slice(before[index]));
  expect(runs.reduce((sum, { itemCount }) => sum + itemCount, 0)).toBe(80);
});
