import fc from "fast-check";
import { afterEach, expect, it } from "vitest";
import { kill } from "../../../../src/faults.js";
import type { AttemptDetail, Sharder } from "../../../../src/index.js";
import { RunRecord } from "../../../../src/ui/record/run-record.js";
import { traceEvents } from "../../../../src/ui/record/trace-events.js";
import type { TraceEvent } from "../../../../src/ui/record/trace-format.js";
import { traceFile } from "../../../../src/ui/record/trace-file.js";
import { attemptDetail } from "../../../fixtures/attempt-details.js";
import { idleSharder } from "../../../fixtures/idle-sharder.js";
import { batch, negate, negatingModel, start, turns } from "../../../fixtures/negating-sharder.js";

let end = new AbortController();
afterEach(() => {
  end.abort();
  end = new AbortController();
});
const recordOf = (sharder: Sharder) => new RunRecord(sharder, end.signal);

const isAt = (ts: unknown): boolean => typeof ts === "number" && Number.isFinite(ts);

/** What the Trace Event Format demands, and Perfetto complains of. */
function expectValid(events: readonly TraceEvent[]): void {
  const named = new Set(events.flatMap((event) => (event.name === "thread_name" ? event.tid : [])));
  const openAsync = new Map<string, number>();
  const freeAt = new Map<number, number>();
  for (const event of events) {
    expect(Number.isInteger(event.pid) && Number.isInteger(event.tid)).toBe(true);
    expect(event.name).not.toBe("");
    expect(named, "each thread has a name").toContain(event.tid);
    if (event.ph === "M") continue;
    expect(isAt(event.ts)).toBe(true);
    if (event.ph === "X") {
      expect(isAt(event.dur) && event.dur >= 0).toBe(true);
      // Slices of a thread may nest, but not overlap in part. Those of a worker follow each other.
      if (event.cat?.includes("cancelled") !== true) {
        expect(event.ts).toBeGreaterThanOrEqual((freeAt.get(event.tid) ?? -Infinity) - 1e-6);
        freeAt.set(event.tid, event.ts + event.dur);
      }
    }
    if (event.ph === "b") openAsync.set(`${event.cat} ${event.id}`, event.ts);
    if (event.ph === "e") {
      const key = `${event.cat} ${event.id}`;
      expect(openAsync.get(key), key).toBeLessThanOrEqual(event.ts);
      openAsync.delete(key);
    }
    if (event.ph === "C") {
      const values = Object.values(event.args ?? {});
      expect(values.length).toBeGreaterThan(0);
      for (const value of values) expect(isAt(value)).toBe(true);
    }
  }
  expect([...openAsync.keys()]).toEqual([]);
  expectArrows(events);
}

/** Arrows come in pairs, forward in time, each end within a slice of its thread. */
function expectArrows(events: readonly TraceEvent[]): void {
  const isWithin = ({ tid, ts }: { tid: number; ts: number }) =>
    events.some((event) => event.ph === "X" && event.tid === tid && event.ts <= ts && event.ts + event.dur >= ts);
  const begins = new Map(events.flatMap((event) => (event.ph === "s" ? [[event.id, event] as const] : [])));
  const ends = events.flatMap((event) => (event.ph === "f" ? event : []));
  expect(ends).toHaveLength(begins.size);
  for (const arrow of ends) {
    const begin = begins.get(arrow.id)!;
    expect(begin.ts).toBeLessThanOrEqual(arrow.ts);
    expect(isWithin(begin)).toBe(true);
    expect(isWithin(arrow), JSON.stringify([begin, arrow])).toBe(true);
  }
}

it("a run with a crash becomes a valid trace that holds all of it", async () => {
  const { sharder } = await start(
    async (request, worker) => {
      await turns(1);
      return negate(request, worker);
    },
    2,
    { restartDelayMs: () => 1 },
  );
  const record = recordOf(sharder);
  const recovered = new Promise<void>((resolve) => {
    sharder.addEventListener("fault", ({ detail }) => detail.recoverMs !== undefined && resolve());
  });
  const predicting = sharder.predict(batch(200));
  kill(sharder.workers[0]!.id);
  await Promise.all([predicting, recovered]);
  const blob = await traceFile(record);
  expect(blob.type).toBe("application/json");
  const { traceEvents: events, displayTimeUnit, otherData } = JSON.parse(await blob.text());
  expect(displayTimeUnit).toBe("ms");
  expect(Date.parse(otherData.began)).toBeGreaterThan(0);
  expectValid(events);
  const slices = events.filter(({ ph }: TraceEvent) => ph === "X");
  expect(slices).toHaveLength(record.attempts.total);
  const sliceMs = slices.reduce((sum: number, { dur }: { dur: number }) => sum + dur / 1e3, 0);
  const busyMs = [...record.attempts].reduce((sum, { beginMs, endMs }) => sum + endMs - beginMs, 0);
  expect(sliceMs).toBeCloseTo(busyMs, 0);
  const names = events.filter(({ ph }: TraceEvent) => ph === "i").map(({ name }: TraceEvent) => name);
  expect(names).toContain("fault: crashed");
  expect(names).toContain("recovered: crashed");
  const states = events.filter(({ ph, cat }: TraceEvent) => ph === "b" && cat === "worker");
  expect(states.map(({ name }: TraceEvent) => name)).toEqual(["restarting"]);
  const counters = events.filter(({ name }: TraceEvent) => name === "items per second");
  const counted = counters.reduce((sum: number, { args }: TraceEvent) => sum + Number(args?.itemsPerSecond) / 4, 0);
  expect(counted).toBeCloseTo(200, 6);
});

it("arrows lead from stage to stage, and to a retry", async () => {
  const record = recordOf(await idleSharder(negatingModel));
  const add = (change: Partial<AttemptDetail>, endMs: number) =>
    record.attempts.add(attemptDetail(change), record.startMs + endMs);
  add({ workerId: "a", stage: 0, firstItem: 8 }, 20);
  add({ workerId: "b", stage: 1, firstItem: 8, outcome: "failed" }, 40);
  add({ workerId: "a", stage: 1, firstItem: 8, kind: "retry" }, 60);
  add({ workerId: "a", stage: 0, firstItem: 12 }, 80);
  const arrows = [...traceEvents(record)].flatMap((event) => (event.ph === "f" ? [[event.name, event.tid]] : []));
  expect(arrows).toEqual([
    ["next stage", 3],
    ["retry", 1],
  ]);
});

it("any attempts become slices that never overlap on a worker's thread", async () => {
  const record = recordOf(await idleSharder(negatingModel));
  const times = fc.record({
    gapMs: fc.double({ min: 0, max: 20, noNaN: true }),
    workerId: fc.constantFrom("a", "b"),
    latencyMs: fc.double({ min: 0, max: 60, noNaN: true }),
    serviceMs: fc.option(fc.double({ min: 0, max: 40, noNaN: true }), { nil: undefined }),
    outcome: fc.constantFrom("completed", "failed", "lost", "cancelled"),
    stage: fc.constantFrom(0, 1, undefined),
    kind: fc.constantFrom("first", "retry", "backup"),
  } as const);
  fc.assert(
    fc.property(fc.array(times, { maxLength: 60 }), (all) => {
      let endMs = Math.max(record.startMs, record.attempts.longestMs) + record.attempts.total * 50;
      for (const { gapMs, stage, ...rest } of all) {
        const fixed = {
          jobId: 1,
          attemptId: 1,
          kind: "first",
          firstItem: 0,
          itemCount: 1,
          predictedMs: undefined,
        } as const;
        const detail: AttemptDetail = { ...fixed, ...rest, ...(stage !== undefined && { stage }) };
        record.attempts.add(detail, (endMs += gapMs));
      }
      // The record has no such workers, so that their threads have no names: that is checked above.
      const events = [...traceEvents(record)];
      const names = ["a", "b"].flatMap((_, index) => [2 * index + 1, 2 * index + 2]);
      const threads = names.map((tid) => ({ ph: "M", pid: 1, tid, name: "thread_name" }) as const);
      expectValid([...threads, ...events]);
    }),
    { numRuns: 20 },
  );
});
