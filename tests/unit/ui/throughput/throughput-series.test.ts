import { describe, expect, it } from "vitest";
import { chartMoment, summarise } from "../../../../src/ui/throughput/chart-text.js";
import { ThroughputSeries, type FinishedWork } from "../../../../src/ui/throughput/throughput-series.js";

const plain = (text: string) => text.replaceAll("\u00a0", " ");
const done = (workerId: string, endMs: number, serviceMs: number, itemCount: number): FinishedWork => ({
  workerId,
  endMs,
  serviceMs,
  workerItemCount: itemCount,
  doneItemCount: itemCount,
});
const sumOf = (rates: readonly number[]) => rates.reduce((sum, rate) => sum + rate, 0);

describe("ThroughputSeries", () => {
  it("spreads a shard's items over the time that it took", () => {
    const series = new ThroughputSeries();
    series.add(done("a", 2_000, 1_000, 8));
    series.add(done("b", 1_750, 500, 2));
    const { middlesMs, total, byWorker } = series.table(0, 2_000, ["b", "a", "c"]);
    expect(middlesMs).toEqual([250, 750, 1_250, 1_750]);
    expect([...byWorker]).toEqual([
      ["b", [0, 0, 2, 2]],
      ["a", [0, 0, 8, 8]],
    ]);
    expect(total).toEqual([0, 0, 10, 10]);
    // What was done in the 2.3 s that have passed, the bin that has only begun included.
    series.add(done("b", 2_250, 100, 1.5));
    const { meanTotal, meanByWorker } = series.table(0, 2_300, ["a", "b"]);
    expect(meanTotal).toBeCloseTo(11.5 / 2.3, 9);
    expect(meanByWorker.get("b")).toBeCloseTo(3.5 / 2.3, 9);
  });

  it("loses no item, and keeps its memory bounded, over hours", () => {
    const series = new ThroughputSeries();
    const hours = 5 * 3_600;
    for (let second = 1; second < hours; second++) series.add(done("a", second * 1_000, 900, 3));
    const { middlesMs, total } = series.table(0, hours * 1_000, ["a"]);
    expect(middlesMs.length).toBeLessThanOrEqual(1_200);
    const binSeconds = (middlesMs[1]! - middlesMs[0]!) / 1_000;
    expect(sumOf(total) * binSeconds).toBeCloseTo(3 * (hours - 1), 0);
  });

  it("lets the present rate stand for the time of which nothing is known yet", () => {
    const series = new ThroughputSeries();
    series.add(done("a", 1_250, 1_250, 5));
    const present = new Map([["a", { itemsPerSecond: 2, sinceMs: 1_250, isLast: true }]]);
    expect(series.table(1_000, 2_500, ["a"], present).total).toEqual([2 + 1, 2, 2]);
    expect(series.table(1_000, 2_500, ["a"]).total).toEqual([2, 0, 0]);
  });

  it("counts nothing of the job before that ended in the same bin, also once bins are wide", () => {
    const series = new ThroughputSeries();
    // Another job's, until shortly before this one begins at 1.3 s.
    series.add(done("a", 1_200, 1_200, 240));
    series.countFrom(1_300);
    series.add(done("a", 1_700, 400, 4));
    series.add(done("b", 2_300, 1_000, 10));
    const { total, meanTotal, meanByWorker } = series.table(1_300, 2_300, ["a", "b"]);
    expect(meanTotal).toBeCloseTo(14, 6);
    expect(meanByWorker.get("a")).toBeCloseTo(4, 6);
    expect(meanByWorker.get("b")).toBeCloseTo(10, 6);
    // Both at 10 items/s each.
    expect(total[0]).toBeCloseTo(20, 6);
    // Bins of 1 s.
    series.add(done("c", 700_000, 100, 1));
    expect(series.table(1_300, 2_300, ["b"]).meanByWorker.get("b")).toBeCloseTo(10, 6);
  });

  it("takes the part of a bin from any other moment on as if it were spread evenly", () => {
    const series = new ThroughputSeries();
    series.add(done("a", 2_000, 2_000, 20));
    const { total, meanTotal } = series.table(750, 2_000, ["a"]);
    expect(meanTotal).toBeCloseTo(10, 6);
    expect(total).toEqual([10, 10, 10]);
  });

  it("counts what passes a stage for its worker, and what is done for the total", () => {
    const series = new ThroughputSeries();
    series.add({ ...done("a", 500, 500, 4), doneItemCount: 0 });
    const { total, byWorker } = series.table(0, 500, ["a"]);
    expect([total, byWorker.get("a")]).toEqual([[0], [8]]);
  });
});

it("puts the chart into words", () => {
  const series = new ThroughputSeries();
  series.add(done("a", 1_000, 1_000, 8));
  series.add(done("b", 1_000, 500, 2));
  const table = series.table(0, 1_000, ["a", "b"]);
  expect(plain(summarise(table, 9, "tiles"))).toBe("Now 9.00 tiles/s; 10.0 tiles/s on average, 12.0 tiles/s at most.");
  expect(plain(summarise(table, undefined, "tiles"))).toBe("10.0 tiles/s on average, 12.0 tiles/s at most.");
  expect(plain(chartMoment(table, 900, "tiles"))).toBe("12.0 tiles/s (a 8.00, b 4.00)");
  expect(summarise(new ThroughputSeries().table(0, 0, []), 1, "items")).toBe("Nothing has been measured yet.");
  const short = series.table(0, 400, ["a", "b"]);
  expect(plain(summarise(short, undefined, "tiles"))).toMatch(/^[\d.]+ tiles\/s on average\. A longer run/);
});
