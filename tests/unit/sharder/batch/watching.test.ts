import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { PlannedShare } from "../../../../src/core/dispatch/types.js";
import { createThroughput } from "../../../../src/core/throughput/throughput.js";
import type { RebalanceDetail, SharderEventMap } from "../../../../src/sharder/events.js";
import { LearnedThroughput } from "../../../../src/sharder/batch/learned-throughput.js";
import { ShareWatch } from "../../../../src/sharder/batch/share-watch.js";

function watch() {
  const emitted: RebalanceDetail[] = [];
  const shares = new ShareWatch(7, (type: keyof SharderEventMap, detail: SharderEventMap[typeof type]["detail"]) => {
    expect(type).toBe("rebalance");
    emitted.push(detail as RebalanceDetail);
  });
  const look = (...values: number[]) =>
    shares.look(values.map((share, i) => ({ workerId: `w${i}`, share, itemsPerSecond: 10 * i }) as PlannedShare));
  return { emitted, look };
}

describe("ShareWatch", () => {
  it("emits changes of 3 % and more since the last emitted plan, and never the first plan", () => {
    const { emitted, look } = watch();
    look(0.5, 0.5);
    look(0.52, 0.48);
    // Small steps add up.
    look(0.54, 0.46);
    look(0.55, 0.45);
    look(1);
    expect(emitted.map(({ before, after }) => [before, after])).toEqual([
      [
        { w0: 0.5, w1: 0.5 },
        { w0: 0.54, w1: 0.46 },
      ],
      [{ w0: 0.54, w1: 0.46 }, { w0: 1 }],
    ]);
    expect(emitted[0]).toMatchObject({ jobId: 7, itemsPerSecond: { w0: 0, w1: 10 } });
  });

  it("emits a chain: each event starts where the last one ended", () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 4 }), { maxLength: 20 }),
        (plans) => {
          const { emitted, look } = watch();
          for (const plan of plans) look(...plan);
          emitted.forEach(({ before, after }, i) => {
            if (i > 0) expect(before).toEqual(emitted[i - 1]!.after);
            const ids = [...Object.keys(before), ...Object.keys(after)];
            expect(Math.max(...ids.map((id) => Math.abs((before[id] ?? 0) - (after[id] ?? 0))))).toBeGreaterThanOrEqual(
              0.03,
            );
          });
        },
      ),
    );
  });
});

it("LearnedThroughput keeps workers and classes apart until they are forgotten", () => {
  const learned = new LearnedThroughput();
  const [a, b, c] = [createThroughput(), createThroughput(), createThroughput()];
  learned.set("w1", "small", a);
  learned.set("w1", "large", b);
  learned.set("w2", "small", c);
  expect([
    learned.get("w1", "small"),
    learned.get("w1", "large"),
    learned.get("w2", "small"),
    learned.get("w2", "large"),
  ]).toEqual([a, b, c, undefined]);
  expect(learned.get("w1", "small")).toBe(a);
  expect(learned.latest("w1")).toBe(b);
  learned.set("w1", "small", a);
  expect(learned.latest("w1")).toBe(a);
  learned.forget("w1");
  expect([learned.get("w1", "small"), learned.latest("w1"), learned.latest("w2")]).toEqual([undefined, undefined, c]);
  learned.forget("unknown");
});
