// The rule against servers on a virtual clock: one with so many places, a time per request and a latency.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { answered, createInFlight, refused, waitMs, type InFlight } from "../../../../src/core/in-flight/in-flight.js";

interface Server {
  /** Requests that it computes at once. */
  readonly placeCount: number;
  readonly serviceMs: number;
  readonly latencyMs: number;
  /** It refuses a request if so many wait or run. */
  readonly mostHeld?: number;
}

/** Keep the server as busy as the rule allows. @returns the state, requests per ms in the second half, and the refusals there. */
function drive(server: Server, answerCount: number, most = 64) {
  let nowMs = 0;
  let state: InFlight = createInFlight(most, nowMs);
  const freeAtMs = Array.from({ length: server.placeCount }, () => 0);
  const underWay: { doneMs: number; sentAtMs: number; wasFull: boolean; isRefused: boolean }[] = [];
  let [count, halfwayMs, halfwayCount, refusalCount, highest] = [0, 0, 0, 0, 0];
  while (count < answerCount) {
    while (waitMs(state, underWay.length, nowMs) === 0) {
      const held = underWay.filter(({ isRefused, doneMs }) => !isRefused && doneMs > nowMs).length;
      const isRefused = held >= (server.mostHeld ?? Infinity);
      const place = freeAtMs.indexOf(Math.min(...freeAtMs));
      const beginMs = Math.max(freeAtMs[place]!, nowMs + server.latencyMs / 2);
      if (!isRefused) freeAtMs[place] = beginMs + server.serviceMs;
      const doneMs = isRefused ? nowMs + server.latencyMs + 0.01 : freeAtMs[place]! + server.latencyMs / 2;
      underWay.push({ doneMs, sentAtMs: nowMs, wasFull: underWay.length + 1 >= state.limit, isRefused });
    }
    underWay.sort((a, b) => a.doneMs - b.doneMs);
    const first = underWay[0];
    const pauseMs = waitMs(state, underWay.length, nowMs);
    if (first === undefined || nowMs + pauseMs < first.doneMs) {
      nowMs += pauseMs;
      continue;
    }
    underWay.shift();
    nowMs = Math.max(nowMs, first.doneMs);
    highest = Math.max(highest, state.limit);
    const { sentAtMs, wasFull } = first;
    if (first.isRefused) {
      if (count > answerCount / 2) refusalCount++;
      state = refused(state, { sentAtMs, retryAfterMs: undefined }, nowMs);
      continue;
    }
    state = answered(state, { itemCount: 1, latencyMs: nowMs - sentAtMs, wasFull }, nowMs);
    if (++count === Math.floor(answerCount / 2)) [halfwayMs, halfwayCount] = [nowMs, count];
  }
  return { state, rate: (count - halfwayCount) / (nowMs - halfwayMs), refusalCount, highest };
}

const most = ({ placeCount, serviceMs, latencyMs }: Server, limit: number): number =>
  Math.min(placeCount / serviceMs, limit / (serviceMs + latencyMs));

describe("how many requests are under way", () => {
  it("comes to at least 85 % of what the server and the line can do, and holds no more than thrice what that needs", () => {
    const servers = fc.record({
      placeCount: fc.integer({ min: 1, max: 12 }),
      serviceMs: fc.integer({ min: 2, max: 200 }),
      latencyMs: fc.integer({ min: 0, max: 300 }),
    });
    fc.assert(
      fc.property(servers, (server) => {
        const { rate, highest } = drive(server, 3000);
        const best = most(server, 64);
        expect(rate).toBeGreaterThan(0.85 * best);
        const needed = best * (server.serviceMs + server.latencyMs);
        expect(highest).toBeLessThanOrEqual(Math.max(4, 3 * needed + 2));
      }),
      { numRuns: 60 },
    );
  });

  it("settles under what a server refuses, which then refuses few", () => {
    const server = { placeCount: 4, serviceMs: 20, latencyMs: 100, mostHeld: 12 };
    const { rate, refusalCount } = drive(server, 4000);
    expect(rate).toBeGreaterThan(0.3 * most(server, 12));
    expect(refusalCount).toBeLessThan(0.05 * 2000);
  });

  it("is halved once for all that were on their way, never below 1, and waits as long as it is asked to", () => {
    let state = { ...createInFlight(64, 0), limit: 9 };
    state = refused(state, { sentAtMs: 5, retryAfterMs: 700 }, 10);
    expect([state.limit, waitMs(state, 0, 10), waitMs(state, 0, 710)]).toEqual([4, 700, 0]);
    state = refused(state, { sentAtMs: 6, retryAfterMs: undefined }, 11);
    expect([state.limit, waitMs(state, 0, 11)]).toEqual([4, 699]);
    for (const sentAtMs of [800, 2000, 9000, 90_000]) {
      state = refused(state, { sentAtMs, retryAfterMs: undefined }, sentAtMs + 1);
    }
    expect(state.limit).toBe(1);
    expect(waitMs(state, 1, 1e6)).toBe(Infinity);
  });

  it("pauses longer after each refusal in a row, and no longer than 5 s", () => {
    let state = createInFlight(8, 0);
    const pauses: number[] = [];
    for (let nowMs = 0; pauses.length < 8; nowMs += 1e5) {
      state = refused(state, { sentAtMs: nowMs, retryAfterMs: undefined }, nowMs);
      pauses.push(waitMs(state, 0, nowMs));
    }
    expect(pauses).toEqual([100, 200, 400, 800, 1600, 3200, 5000, 5000]);
    state = answered(state, { itemCount: 1, latencyMs: 5, wasFull: true }, 1e7);
    expect(waitMs(refused(state, { sentAtMs: 1e7, retryAfterMs: undefined }, 1e7), 0, 1e7)).toBe(100);
  });

  it("does not grow while too little comes to fill it", () => {
    let state = createInFlight(64, 0);
    for (let nowMs = 1; nowMs < 1000; nowMs++) {
      state = answered(state, { itemCount: 4, latencyMs: 1, wasFull: false }, nowMs);
    }
    expect(state.limit).toBe(2);
  });
});
