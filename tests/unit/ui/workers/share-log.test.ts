import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { ShareLog } from "../../../../src/ui/workers/share-log.js";
import type { Shares } from "../../../../src/ui/workers/rebalance-words.js";

const lines: string[] = [];
let log: ShareLog;
beforeEach(() => {
  vi.useFakeTimers();
  lines.length = 0;
  log = new ShareLog((text) => lines.push(text.replaceAll("\u00a0", " ")));
});
afterEach(() => vi.useRealTimers());

const move = (before: Shares, after: Shares, jobId?: number) => log.moved({ jobId, before, after, itemsPerSecond: {} });
const progress = (fraction: number, jobId = 1) =>
  log.progressed({ jobId, fraction, completedItemCount: 0, totalItemCount: 1, itemsPerSecond: 1, remainingMs: 1 });

it("says moves that follow each other quickly as one, from what was said last", () => {
  move({ a: 0.5, b: 0.5 }, { a: 0.4, b: 0.6 }, 1);
  move({ a: 0.4, b: 0.6 }, { a: 0.3, b: 0.7 });
  vi.advanceTimersByTime(250);
  expect(lines).toEqual(["b gets more: 50 % → 70 %; a gets less: 50 % → 30 %"]);
  // The last of these comes within three seconds, and is said then, though nothing follows it.
  for (let a = 0.3; a > 0.1; a -= 0.05) move({ a, b: 1 - a }, { a: a - 0.05, b: 1.05 - a });
  vi.advanceTimersByTime(2_900);
  expect(lines).toHaveLength(1);
  vi.advanceTimersByTime(200);
  expect(lines).toHaveLength(2);
  expect(lines[1]).toMatch(/^b gets more: 70 % → 9\d %/);
});

it("leaves out what nobody would notice, and the jumps at the end of a job", () => {
  move({ a: 0.5, b: 0.5 }, { a: 0.58, b: 0.42 });
  vi.advanceTimersByTime(10_000);
  progress(0.95);
  move({ a: 0.58, b: 0.42 }, { a: 1, b: 0 });
  vi.advanceTimersByTime(10_000);
  expect(lines).toEqual([]);
});

it("follows the newest job, and stages, which serve all jobs", () => {
  progress(0.95);
  move({ a: 1 }, { a: 0.5, b: 0.5 }, 2);
  vi.advanceTimersByTime(4_000);
  move({ a: 1 }, { b: 1 }, 1);
  vi.advanceTimersByTime(4_000);
  expect(lines).toEqual(["b gets more: 0 % → 50 %; a gets less: 100 % → 50 %"]);
  move({ a: 0.5, b: 0.5 }, { a: 0.2, b: 0.8 });
  vi.advanceTimersByTime(4_000);
  expect(lines[1]).toBe("b gets more: 50 % → 80 %; a gets less: 50 % → 20 %");
});
