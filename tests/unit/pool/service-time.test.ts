// Service time against a script of what page and worker do, each with its own clock.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { serviceMsOf } from "../../../src/pool/service-time.js";

describe("service time", () => {
  it("of a worker that was idle is its own time plus the time of the messages", () => {
    expect(serviceMsOf({ idleMs: 3_600_000, ranMs: 10 }, 17)).toBe(17);
  });

  it("of a worker that had other work until then is its own time", () => {
    // Sent long before: it waited behind another shard, in the queue or in the message queue.
    expect(serviceMsOf({ idleMs: 0, ranMs: 10 }, 500)).toBe(10);
  });

  it("counts the part of the messages' time for which the worker was idle", () => {
    expect(serviceMsOf({ idleMs: 4, ranMs: 10 }, 60)).toBe(14);
  });

  it("is never less than the worker's own time, however coarse the page's clock is", () => {
    expect(serviceMsOf({ idleMs: 100, ranMs: 10 }, 0)).toBe(10);
  });

  it("of a worker that is never idle adds up to the time from the first sending to the last completion", () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ gapMs: fc.nat(50), workMs: fc.integer({ min: 1, max: 50 }) }), { minLength: 1 }),
        fc.nat(20),
        (attempts, wayMs) => {
          // Two in flight: each is sent when the one before the last has come back, or later.
          let [freeMs, sum, firstSentMs, sentMs] = [-1e6, 0, 0, 0];
          const backMs: number[] = [];
          for (const [index, { gapMs, workMs }] of attempts.entries()) {
            sentMs = Math.max(sentMs, backMs[index - 2] ?? 0) + (index === 0 ? 0 : gapMs);
            const arrivedMs = sentMs + wayMs;
            const idleMs = Math.max(0, arrivedMs - freeMs);
            const doneMs = Math.max(arrivedMs, freeMs) + workMs;
            const expectedMs = doneMs - Math.max(freeMs, sentMs);
            backMs.push(doneMs + wayMs);
            const serviceMs = serviceMsOf({ idleMs, ranMs: workMs }, doneMs + wayMs - sentMs);
            // The reply's time counts too, if the worker is idle; it can't be distinguished from the request's.
            expect(serviceMs).toBeGreaterThanOrEqual(Math.min(expectedMs, workMs));
            expect(serviceMs).toBeLessThanOrEqual(expectedMs + wayMs);
            if (idleMs === 0) expect(serviceMs).toBe(expectedMs);
            freeMs = doneMs;
            sum += serviceMs;
          }
          expect(sum).toBeLessThanOrEqual(freeMs - firstSentMs + wayMs * attempts.length);
        },
      ),
    );
  });
});
