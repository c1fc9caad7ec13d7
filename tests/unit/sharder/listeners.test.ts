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
