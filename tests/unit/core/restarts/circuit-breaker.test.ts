import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CircuitBreaker } from "../../../../src/core/restarts/circuit-breaker.js";

const options = {
  failureLimit: 3,
  windowMs: 10_000,
  coincidenceMs: 100,
  openMs: 1_000,
  mostOpenMs: 4_000,
  trialMs: 500,
};

describe("CircuitBreaker", () => {
  it("opens after several failures in a short time, and not after as many in a long one", () => {
    const short = new CircuitBreaker(options);
    for (const ms of [0, 1_000, 2_000]) short.failed(ms);
    expect([short.isClosed, short.waitMs(2_000), short.waitMs(2_900), short.waitMs(3_000)]).toEqual([
      false,
      1_000,
      100,
      0,
    ]);
    const long = new CircuitBreaker(options);
    for (let ms = 0; ms < 100_000; ms += 6_000) long.failed(ms);
    expect([long.isClosed, long.waitMs(100_000)]).toEqual([true, 0]);
  });

  it("counts failures at the same time as one", () => {
    const breaker = new CircuitBreaker(options);
    for (const ms of [0, 1, 99, 2_000, 2_001, 2_050]) breaker.failed(ms);
    expect(breaker.isClosed).toBe(true);
    breaker.failed(2_100);
    expect(breaker.isClosed).toBe(false);
  });

  it("admits one trial after a while: it closes on success, and opens for twice as long on failure", () => {
    const breaker = new CircuitBreaker(options);
    for (const ms of [0, 200, 400]) breaker.failed(ms);
    breaker.started(1_400);
    expect(breaker.waitMs(1_400)).toBe(500);
    breaker.failed(1_500);
    expect(breaker.waitMs(1_500)).toBe(2_000);
    breaker.started(3_500);
    breaker.failed(3_600);
    expect(breaker.waitMs(3_600)).toBe(4_000);
    breaker.started(7_600);
    breaker.failed(7_700);
    expect(breaker.waitMs(7_700)).toBe(4_000);
    breaker.started(11_700);
    breaker.succeeded();
    expect([breaker.isClosed, breaker.waitMs(11_700)]).toEqual([true, 0]);
    breaker.failed(12_000);
    expect(breaker.isClosed).toBe(true);
  });

  it("admits another trial if one never ends", () => {
    const breaker = new CircuitBreaker(options);
    for (const ms of [0, 200, 400]) breaker.failed(ms);
    breaker.started(1_400);
    expect([breaker.waitMs(1_899), breaker.waitMs(1_900)]).toEqual([1, 0]);
  });

  it("whatever happens, never makes anyone wait longer than its longest time, nor admits two trials at once", () => {
    const step = fc.record({ afterMs: fc.nat(3_000), what: fc.constantFrom("start", "fail", "succeed") });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const breaker = new CircuitBreaker(options);
        let nowMs = 0;
        for (const { afterMs, what } of steps) {
          nowMs += afterMs;
          if (what === "fail") breaker.failed(nowMs);
          else if (what === "succeed") breaker.succeeded();
          else if (breaker.waitMs(nowMs) === 0) {
            breaker.started(nowMs);
            expect(breaker.waitMs(nowMs)).toBe(breaker.isClosed ? 0 : options.trialMs);
          }
          expect(breaker.waitMs(nowMs)).toBeLessThanOrEqual(options.mostOpenMs);
        }
      }),
    );
  });
});
