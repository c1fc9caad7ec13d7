import fc from "fast-check";
import { expect, it } from "vitest";
import { MIN_SPAN_MS, TimeAxis } from "../../../../src/ui/timeline/time-axis.js";
import { ticksOf } from "../../../../src/ui/timeline/ticks.js";

const extent = (lastMs: number) => ({ firstMs: 1_000, runMs: 5_000, lastMs });

function axisAt(lastMs: number): TimeAxis {
  const axis = new TimeAxis();
  axis.update(extent(lastMs));
  return axis;
}

it("shows the whole of the latest run, and as it grows all of it", () => {
  const axis = axisAt(5_100);
  expect(axis.window).toEqual({ fromMs: 5_000, toMs: 7_000 });
  axis.update(extent(105_000));
  expect(axis.window).toEqual({ fromMs: 5_000, toMs: 107_000 });
});

it("follows the end with a fixed length once it is zoomed, until it is moved", () => {
  const axis = axisAt(15_000);
  axis.zoom(2);
  expect(axis.mode).toBe("following");
  const spanMs = axis.window.toMs - axis.window.fromMs;
  expect(spanMs).toBeCloseTo(10_200 / 2);
  axis.update(extent(20_000));
  expect(axis.window.toMs - axis.window.fromMs).toBeCloseTo(spanMs);
  expect(axis.window.toMs).toBeGreaterThan(20_000);
  axis.pan(-3_000);
  expect(axis.mode).toBe("free");
  const { window } = axis;
  axis.update(extent(30_000));
  expect(axis.window).toEqual(window);
  axis.follow();
  expect(axis.window.toMs).toBeGreaterThan(30_000);
  axis.showWhole();
  expect(axis.window.fromMs).toBe(5_000);
});

it("keeps the anchor where it is, and some of the record on view, whatever is done", () => {
  const act = fc.oneof(
    fc.record({ zoom: fc.double({ min: 0.1, max: 10, noNaN: true }), at: fc.double({ min: 0, max: 1, noNaN: true }) }),
    fc.record({ pan: fc.double({ min: -1e5, max: 1e5, noNaN: true }) }),
  );
  fc.assert(
    fc.property(fc.array(act, { maxLength: 20 }), (acts) => {
      const axis = axisAt(60_000);
      for (const each of acts) {
        const { fromMs, toMs } = axis.window;
        if ("pan" in each) axis.pan(each.pan);
        else {
          const anchorMs = fromMs + each.at * (toMs - fromMs);
          axis.zoom(each.zoom, anchorMs);
          const { fromMs: from, toMs: to } = axis.window;
          const isMoved = from <= 1_000 - (to - from) / 2 + 1e-6 || from >= 60_000 - (to - from) / 2 - 1e-6;
          if (!isMoved) expect((anchorMs - from) / (to - from)).toBeCloseTo(each.at, 6);
        }
        const { fromMs: from, toMs: to } = axis.window;
        expect(to - from).toBeGreaterThanOrEqual(MIN_SPAN_MS - 1e-9);
        expect(from).toBeLessThan(60_000);
        expect(to).toBeGreaterThan(1_000);
      }
    }),
    { numRuns: 50 },
  );
});

it("reveals a stretch by moving as little as is needed", () => {
  const axis = axisAt(60_000);
  axis.zoom(10, 20_000);
  const before = axis.window;
  axis.reveal(before.fromMs + 10, before.fromMs + 20);
  expect(axis.window).toEqual(before);
  axis.reveal(50_000, 50_100);
  expect(axis.window.fromMs).toBeLessThan(50_000);
  expect(axis.window.toMs).toBeGreaterThan(50_100);
  expect(axis.window.toMs - axis.window.fromMs).toBeCloseTo(before.toMs - before.fromMs);
  axis.reveal(10_000, 40_000);
  expect(axis.window.fromMs).toBeLessThanOrEqual(10_000);
  expect(axis.window.toMs).toBeGreaterThanOrEqual(40_000);
});

it.each<[number, number, readonly string[]]>([
  [0, 1_000, ["0.0 s", "0.2 s", "0.4 s", "0.6 s", "0.8 s", "1.0 s"]],
  [0, 10, ["0.000 s", "0.002 s", "0.004 s", "0.006 s", "0.008 s", "0.010 s"]],
  [0, 120_000, ["0 s", "20 s", "40 s", "1:00", "1:20", "1:40", "2:00"]],
  [3_590_000, 3_650_000, ["59:50", "1:00:00", "1:00:10", "1:00:20", "1:00:30", "1:00:40", "1:00:50"]],
  [-500, 500, ["−0.4 s", "−0.2 s", "0.0 s", "0.2 s", "0.4 s"]],
])("%#: ticks at round times from %i to %i ms", (fromMs, toMs, texts) => {
  const ticks = ticksOf({ fromMs: 7_000 + fromMs, toMs: 7_000 + toMs }, 7_000, 500);
  expect(ticks.map(({ text }) => text.replace("\u00a0", " "))).toEqual(texts);
});
