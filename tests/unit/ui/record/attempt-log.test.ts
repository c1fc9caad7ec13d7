import fc from "fast-check";
import { expect, it } from "vitest";
import type { AttemptDetail } from "../../../../src/index.js";
import { AttemptLog } from "../../../../src/ui/record/attempt-log.js";

const detail = (change: Partial<AttemptDetail> = {}): AttemptDetail => ({
  jobId: 1,
  attemptId: 1_000_001,
  workerId: "wasm-1",
  kind: "first",
  firstItem: 0,
  itemCount: 4,
  outcome: "completed",
  latencyMs: 20,
  serviceMs: 10,
  predictedMs: undefined,
  ...change,
});

const details = fc.record({
  jobId: fc.nat(1e9),
  attemptId: fc.nat(Number.MAX_SAFE_INTEGER),
  workerId: fc.constantFrom("wasm-1", "wasm-2", "webgpu-1"),
  kind: fc.constantFrom("first", "retry", "backup"),
  firstItem: fc.nat(2 ** 40),
  itemCount: fc.nat(2 ** 40),
  outcome: fc.constantFrom("completed", "failed", "lost", "cancelled"),
  latencyMs: fc.constant(8),
  serviceMs: fc.constantFrom(undefined, 2, 4),
  predictedMs: fc.constantFrom(undefined, 3),
} as const);

it("gives back what was recorded, as long as it is held, by the index at which it was counted", () => {
  fc.assert(
    fc.property(
      fc.array(details, { maxLength: 1300, size: "max" }),
      fc.integer({ min: 1, max: 1400 }),
      (all, limit) => {
        const log = new AttemptLog(limit);
        all.forEach((each, index) => log.add(each, 100 + index));
        expect(log.total).toBe(all.length);
        expect(log.first).toBe(Math.max(0, all.length - limit));
        expect(log.at(log.first - 1)).toBeUndefined();
        expect(log.at(log.total)).toBeUndefined();
        expect([...log]).toMatchObject(all.slice(log.first));
      },
    ),
    { numRuns: 6 },
  );
});

it("finds the first attempt that ended at a time or later, as a search through all does", () => {
  const log = new AttemptLog(50);
  const endsMs = Array.from({ length: 120 }, (_, index) => Math.floor(index / 3) * 10);
  for (const endMs of endsMs) log.add(detail(), endMs);
  for (let ms = -5; ms < 420; ms += 2.5) {
    const found = endsMs.findIndex((endMs, index) => index >= log.first && endMs >= ms);
    expect(log.firstEndingFrom(ms), String(ms)).toBe(found === -1 ? log.total : found);
  }
});

it("tells the time that a worker was busy from the time that a shard waited", () => {
  const log = new AttemptLog();
  // Two are sent at 0; the second waits for the first.
  log.add(detail({ latencyMs: 100, serviceMs: 100 }), 100);
  log.add(detail({ latencyMs: 150, serviceMs: 50 }), 150);
  // What has no service time was begun when its worker was free.
  log.add(detail({ latencyMs: 80, serviceMs: undefined, outcome: "failed" }), 180);
  log.add(detail({ latencyMs: 10, serviceMs: undefined, outcome: "lost" }), 300);
  // It was lost together with the one before it: it never ran.
  log.add(detail({ latencyMs: 10, serviceMs: undefined, outcome: "lost" }), 300);
  log.add(detail({ workerId: "wasm-2", latencyMs: 10, serviceMs: undefined, outcome: "cancelled" }), 310);
  expect([...log].map(({ sentMs, beginMs, endMs }) => [sentMs, beginMs, endMs])).toEqual([
    [0, 0, 100],
    [0, 100, 150],
    [100, 150, 180],
    [290, 290, 300],
    [290, 300, 300],
    [300, 300, 310],
  ]);
  expect(log.workerIds).toEqual(["wasm-1", "wasm-2"]);
  expect(log.longestMs).toBe(100);
});

it("never has a worker on two shards at once, apart from cancelled ones", () => {
  const times = fc.record({
    gap: fc.nat(20),
    latencyMs: fc.nat(50),
    serviceMs: fc.option(fc.nat(40), { nil: undefined }),
  });
  fc.assert(
    fc.property(fc.array(times, { maxLength: 40 }), (all) => {
      const log = new AttemptLog();
      let endMs = 1000;
      for (const { gap, ...timing } of all) log.add(detail({ ...timing, outcome: "failed" }), (endMs += gap));
      let freeMs = -Infinity;
      for (const attempt of log) {
        expect(attempt.beginMs).toBeGreaterThanOrEqual(freeMs);
        expect(attempt.endMs).toBeGreaterThanOrEqual(attempt.beginMs);
        freeMs = attempt.endMs;
      }
    }),
  );
});
