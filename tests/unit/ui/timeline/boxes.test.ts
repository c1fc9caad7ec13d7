import fc from "fast-check";
import { expect, it } from "vitest";
import { AttemptLog } from "../../../../src/ui/record/attempt-log.js";
import { layOutBoxes } from "../../../../src/ui/timeline/boxes.js";
import type { TimeWindow } from "../../../../src/ui/timeline/time-axis.js";
import { attemptDetail, busyLog } from "../../../fixtures/attempt-details.js";

interface Laid {
  readonly lane: number;
  readonly x: number;
  readonly width: number;
  readonly count: number;
  readonly coverage: number;
  readonly trouble: number;
  readonly index: number | undefined;
}

function laidOut(log: AttemptLog, window: TimeWindow, widthPx: number): Laid[] {
  const laid: Laid[] = [];
  layOutBoxes(log, window, widthPx, {
    box: (index, lane, x, width) => laid.push({ lane, x, width, count: 1, coverage: 1, trouble: 0, index }),
    run: (lane, x, width, count, coverage, trouble) =>
      laid.push({ lane, x, width, count, coverage, trouble, index: undefined }),
  });
  return laid;
}

it("draws 8 workers × 10,000 attempts as few boxes, fast enough for 60 frames per second", () => {
  const log = busyLog(8, 10_000, 25);
  const window = { fromMs: 0, toMs: 250_000 };
  const laid = laidOut(log, window, 1_200);
  expect(laid.reduce((sum, { count }) => sum + count, 0)).toBe(80_000);
  // No more than one per pixel and lane.
  expect(laid.length).toBeLessThan(8 * 1_200);
  const times = Array.from({ length: 9 }, () => {
    const startMs = performance.now();
    laidOut(log, window, 1_200);
    return performance.now() - startMs;
  });
  times.sort((a, b) => a - b);
  console.log(`80,000 attempts laid out in ${times[0]!.toFixed(1)}–${times[8]!.toFixed(1)} ms, ${laid.length} boxes`);
  expect(times[0]).toBeLessThan(12);
});

it("where they are wide enough, each attempt is a box of its own, at its time", () => {
  const laid = laidOut(busyLog(2, 100, 10), { fromMs: 200, toMs: 300 }, 1_000);
  const first = laid.filter(({ lane, index }) => lane === 0 && index !== undefined);
  expect(first.map(({ x, width }) => [Math.round(x), Math.round(width)])).toEqual(
    // Those that end or begin at the border are there, too.
    Array.from({ length: 12 }, (_, index) => [(index - 1) * 100, 100]),
  );
});

it("nothing within the window is left out, and nothing is drawn twice", () => {
  const attempts = fc.record({
    gapMs: fc.nat(30),
    workerId: fc.constantFrom("a", "b", "c"),
    latencyMs: fc.nat(90),
    serviceMs: fc.option(fc.nat(60), { nil: undefined }),
    outcome: fc.constantFrom("completed", "failed", "lost", "cancelled"),
  } as const);
  fc.assert(
    fc.property(
      fc.array(attempts, { maxLength: 80 }),
      fc.nat(1_500),
      fc.integer({ min: 1, max: 900 }),
      (all, at, span) => {
        const log = new AttemptLog();
        let endMs = 0;
        for (const { gapMs, ...rest } of all) log.add(attemptDetail(rest), (endMs += gapMs));
        const laid = laidOut(log, { fromMs: at, toMs: at + span }, 300);
        const within = [...log].filter(({ beginMs, endMs: to }) => to >= at && beginMs <= at + span);
        expect(laid.reduce((sum, { count }) => sum + count, 0)).toBe(within.length);
        const indices = laid.flatMap(({ index }) => index ?? []);
        expect(new Set(indices).size).toBe(indices.length);
        for (const { coverage, width } of laid) {
          expect(coverage).toBeGreaterThanOrEqual(0);
          expect(coverage).toBeLessThanOrEqual(1);
          expect(width).toBeGreaterThanOrEqual(0);
        }
      },
    ),
    { numRuns: 60 },
  );
});

it("what is put together shows how busy the worker was, and that something was wrong", () => {
  const log = new AttemptLog();
  for (let index = 0; index < 400; index++) {
    const outcome = index === 300 ? "failed" : "completed";
    log.add(attemptDetail({ latencyMs: 1, serviceMs: 1, outcome }), 1_000 + index * (index < 200 ? 1 : 2));
  }
  const laid = laidOut(log, { fromMs: 1_000, toMs: 1_600 }, 300);
  const mean = (all: readonly Laid[]) => all.reduce((sum, { coverage }) => sum + coverage, 0) / all.length;
  expect(mean(laid.filter(({ x }) => x > 5 && x < 90))).toBeCloseTo(1, 1);
  expect(mean(laid.filter(({ x }) => x > 110 && x < 290))).toBeLessThan(0.75);
  expect(laid.reduce((sum, { trouble }) => sum + trouble, 0)).toBe(1);
});
