import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { InputTensor } from "../../../src/protocol/tensors.js";
import { fitTransfer, type WholeCall } from "../../../workers/runtime/fit-transfer.js";
import { counting } from "../../fixtures/tensors.js";

const floats = (length: number): InputTensor => counting("float32", [length]);

/** A call with float32 tensors of these lengths. The costs are those of one upload together with one read-back. */
function callOf(lengths: readonly number[], computeMs: number, fixedMs: number, msPerByte: number): WholeCall {
  const tensors = lengths.map(floats);
  const bytes = 4 * lengths.reduce((sum, length) => sum + length, 0);
  return { tensors, computeMs, wholeMs: computeMs + lengths.length * (fixedMs / 2) + bytes * (msPerByte / 2) };
}

const lengthLists = fc.array(fc.integer({ min: 1, max: 5_000 }), { minLength: 2, maxLength: 4 });

describe("fitTransfer", () => {
  it("finds the costs of a machine whose calls match them exactly", () => {
    const machine = fc.record({
      fixedMs: fc.double({ min: 0, max: 5, noNaN: true }),
      perMB: fc.double({ min: 0, max: 20, noNaN: true }),
    });
    const layers = fc.array(fc.tuple(lengthLists, fc.double({ min: 0, max: 50, noNaN: true })), { maxLength: 8 });
    fc.assert(
      fc.property(machine, layers, ({ fixedMs, perMB }, others) => {
        // Two sizes, since the two costs can't be separated with only one.
        const all: typeof others = [[[1, 1], 1], [[4_000, 9_000], 1], ...others];
        const fit = fitTransfer(all.map(([lengths, ms]) => callOf(lengths, ms, fixedMs, perMB / 1e6)))!;
        expect(fit.perTransfer).toBeCloseTo(fixedMs, 6);
        expect(fit.perByte * 1e6).toBeCloseTo(perMB, 4);
      }),
    );
  });

  it("hardly changes because of one call that was disturbed", () => {
    const calls = [100, 200, 500, 1_000, 5_000, 20_000, 50_000].map((length) => callOf([length, length], 1, 0.2, 1e-5));
    const spoiled = calls.map((call, index) => (index === 3 ? { ...call, wholeMs: call.wholeMs + 80 } : call));
    const fit = fitTransfer(spoiled)!;
    expect(Math.abs(fit.perTransfer - 0.2)).toBeLessThan(0.1);
    expect(Math.abs(fit.perByte - 1e-5)).toBeLessThan(2e-6);
  });

  it("trusts layers that compute little more than heavy ones", () => {
    const cheap = callOf([1_000, 1_000], 0.1, 0, 1e-5);
    const heavy = callOf([1_000, 1_000], 100, 0, 1e-5);
    const fit = fitTransfer([cheap, { ...heavy, wholeMs: heavy.wholeMs + 5 }])!;
    expect(fit.perTransfer + 4_000 * fit.perByte).toBeCloseTo(0.04, 1);
  });

  it("is never negative or NaN, whatever was measured", () => {
    const anyCall = fc.record({
      tensors: lengthLists.map((lengths) => lengths.map(floats)),
      wholeMs: fc.double({ min: 0, max: 100, noNaN: true }),
      computeMs: fc.double({ min: 0, max: 100, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(anyCall, { minLength: 1, maxLength: 6 }), (calls) => {
        const { perTransfer, perByte } = fitTransfer(calls)!;
        expect(perTransfer).toBeGreaterThanOrEqual(0);
        expect(perByte).toBeGreaterThanOrEqual(0);
        expect(perTransfer + perByte).toBeLessThan(Infinity);
      }),
    );
  });

  it("learns nothing from strings and empty tensors", () => {
    const call = callOf([10, 10], 1, 1, 1e-6);
    const odd = [counting("string", [3]), floats(0)].map((tensor) => ({
      ...call,
      wholeMs: 1_000,
      tensors: [floats(5), tensor],
    }));
    expect(fitTransfer([])).toBeUndefined();
    expect(fitTransfer(odd)).toBeUndefined();
    expect(fitTransfer([...odd, call])).toEqual(fitTransfer([call]));
  });
});
