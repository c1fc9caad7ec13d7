import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ActiveTime } from "../../../../src/ui/workers/active-time.js";
import { ChangeMeter } from "../../../../src/ui/workers/change-effect.js";
import { effectText } from "../../../../src/ui/workers/change-note.js";

describe("active time", () => {
  it("is the length of the union, whatever overlaps", () => {
    const interval = fc.tuple(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 1, max: 60 }));
    fc.assert(
      fc.property(fc.array(interval, { maxLength: 200 }), fc.integer({ min: 0, max: 200 }), (starts, from) => {
        const intervals = starts.map(([start, length]) => [start, start + length] as const).sort((a, b) => a[1] - b[1]);
        const time = new ActiveTime(from);
        const covered = new Set<number>();
        for (const [start, end] of intervals) {
          time.add(start, end);
          for (let ms = Math.max(start, from); ms < end; ms++) covered.add(ms);
        }
        expect(time.ms).toBe(covered.size);
      }),
    );
  });
});

/** One worker that makes an item every `ms`, from `fromMs` on. */
function work(meter: ChangeMeter, workerId: string, ms: number, fromMs: number, untilMs: number): number {
  let at = fromMs;
  for (; at + ms <= untilMs; at += ms) meter.add({ workerId, startMs: at, endMs: at + ms, itemCount: 1 });
  return at;
}

describe("the effect of a change", () => {
  it("compares the rates before and after, without pauses and without the first shard of a new worker", () => {
    const meter = new ChangeMeter();
    work(meter, "wasm-1", 100, 0, 2_000);
    // Nothing runs for a while.
    work(meter, "wasm-1", 100, 60_000, 62_000);
    expect(meter.effect).toBeUndefined();
    meter.change({ kind: "added", workerId: "cpu-1" }, 62_000);
    expect(meter.effect).toEqual({ changes: [{ kind: "added", workerId: "cpu-1" }], before: 10, after: undefined });
    // Its first item takes 1.5 s; from then on, there is one item every 500 ms.
    meter.add({ workerId: "cpu-1", startMs: 62_000, endMs: 63_500, itemCount: 1 });
    work(meter, "wasm-1", 500, 63_500, 66_500);
    expect(meter.effect?.after).toBe(2);
  });

  it("says nothing after too little work, and nothing that mixes slowed workers with others", () => {
    const meter = new ChangeMeter();
    work(meter, "wasm-1", 100, 0, 900);
    meter.change({ kind: "removed", workerId: "wasm-2" }, 900);
    expect(meter.effect?.before).toBeUndefined();
    work(meter, "wasm-1", 100, 900, 3_000);
    meter.reset(3_000);
    expect(meter.effect).toBeUndefined();
  });

  it("keeps the last rate if several changes follow each other", () => {
    const meter = new ChangeMeter();
    work(meter, "wasm-1", 100, 0, 2_000);
    meter.change({ kind: "added", workerId: "cpu-1" }, 2_000);
    meter.change({ kind: "added", workerId: "cpu-2" }, 2_000);
    expect(meter.effect).toMatchObject({ before: 10, changes: [{ workerId: "cpu-1" }, { workerId: "cpu-2" }] });
  });
});

describe("its words", () => {
  const added = [{ kind: "added", workerId: "cpu-1" }] as const;
  it.each([
    [
      { changes: added, before: 9.5, after: 2.9 },
      "With cpu-1: 2.90 tiles/s. Without it: 9.50 tiles/s. It makes the whole slower.",
    ],
    [
      { changes: added, before: 9.5, after: 9.6 },
      "With cpu-1: 9.60 tiles/s. Without it: 9.50 tiles/s. It makes no difference.",
    ],
    [{ changes: added, before: 9.5, after: undefined }, "With cpu-1: not measured yet. Without it: 9.50 tiles/s."],
    [
      { changes: [{ kind: "removed", workerId: "cpu-1" }] as const, before: 2.9, after: 9.5 },
      "Without cpu-1: 9.50 tiles/s. With it: 2.90 tiles/s. It makes the whole slower.",
    ],
    [
      { changes: [...added, ...added], before: 1, after: 2 },
      "Workers as they are now: 2.00 tiles/s. Before: 1.00 tiles/s.",
    ],
    [{ changes: added, before: undefined, after: undefined }, ""],
  ])("%j", (effect, text) => {
    expect(effectText(effect, "tile").replaceAll("\u00a0", " ")).toBe(text);
  });
});
