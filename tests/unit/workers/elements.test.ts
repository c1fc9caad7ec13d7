import { describe, expect, it } from "vitest";
import type { OnnxBinding } from "../../../src/protocol/model-on-wire.js";
import type { InputTensor } from "../../../src/protocol/tensors.js";
import { fromElements, toElements } from "../../../workers/engines/shared/elements.js";
import { widenHalf } from "../../../src/core/half-floats.js";
import { toHalf } from "../../../workers/engines/shared/half-floats.js";
import { caught } from "../../fixtures/caught.js";

const binding = (more: Partial<OnnxBinding>): OnnxBinding => ({
  ...{ name: "t", tensorName: "t", shape: [-1], dtype: "float32", element: "float32" },
  ...more,
});
const whole = (...values: number[]): InputTensor => ({
  ...{ dtype: "int32", shape: [values.length] },
  data: Int32Array.from(values),
});

describe("what an input becomes", () => {
  it("whole numbers of the file's width", () => {
    expect(toElements(whole(-1, 2, 2 ** 31 - 1), binding({ element: "int64" }))).toEqual(
      BigInt64Array.of(-1n, 2n, 2n ** 31n - 1n),
    );
    expect(toElements(whole(0, 255), binding({ element: "uint8" }))).toEqual(Uint8Array.of(0, 255));
    expect(toElements(whole(-128, 127), binding({ element: "int8" }))).toEqual(Int8Array.of(-128, 127));
  });

  it("an error for numbers that the file's type can't hold, instead of others", () => {
    for (const [element, value] of [
      ["uint8", 256],
      ["uint8", -1],
      ["int8", 128],
      ["uint16", -1],
      ["int16", 40_000],
      ["uint32", -1],
      ["uint64", -1],
    ] as const) {
      caught("model-failed", () => toElements(whole(0, value), binding({ element })), '"t"', element, String(value));
    }
    const half: InputTensor = { dtype: "uint8", shape: [1], data: Uint8Array.of(1), scale: 0.5 };
    caught("model-failed", () => toElements(half, binding({ element: "int64" })), "0.5");
  });

  it("bytes by their scale and offset, truths and texts", () => {
    const bytes: InputTensor = { dtype: "uint8", shape: [2], data: Uint8Array.of(0, 255), scale: 2 / 255, offset: -1 };
    expect(toElements(bytes, binding({}))).toEqual(Float32Array.of(-1, 1));
    expect(toElements(whole(7, 0), binding({ element: "bool" }))).toEqual(Uint8Array.of(1, 0));
    const texts: InputTensor = { dtype: "string", shape: [1], data: ["früh"] };
    expect(toElements(texts, binding({ element: "string", dtype: "string" }))).toEqual(["früh"]);
  });
});

describe("what an output becomes", () => {
  it("int32 of whole numbers of every width, or an error for larger ones", () => {
    const wide = binding({ element: "int64", dtype: "int32" });
    expect(fromElements(BigInt64Array.of(-5n, 7n), [2], wide).data).toEqual(Int32Array.of(-5, 7));
    caught("model-failed", () => fromElements(BigInt64Array.of(2n ** 31n), [1], wide), '"t"', "32 bits", "2147483648");
    const unsigned = binding({ element: "uint32", dtype: "int32" });
    caught("model-failed", () => fromElements(Uint32Array.of(2 ** 31), [1], unsigned), '"t"');
    const huge = binding({ element: "uint64", dtype: "int32" });
    caught("model-failed", () => fromElements(BigUint64Array.of(2n ** 64n - 1n), [1], huge), '"t"');
  });

  it("floats of doubles, or an error for larger ones", () => {
    const double = binding({ element: "float64" });
    expect(fromElements(Float64Array.of(0.1, -Infinity, NaN), [3], double).data).toEqual(
      Float32Array.of(0.1, -Infinity, NaN),
    );
    caught("model-failed", () => fromElements(Float64Array.of(1e39), [1], double), "1e+39");
  });

  it("in a buffer of its own", () => {
    const larger = new Float32Array(8).subarray(2, 4);
    expect(fromElements(larger, [2], binding({})).data).toHaveProperty("buffer.byteLength", 8);
  });
});

describe("floats of 16 bits", () => {
  it("are the same again, all 65536", () => {
    for (let half = 0; half < 2 ** 16; half++) {
      const value = widenHalf(half);
      if (Number.isNaN(value)) expect(toHalf(value) & 0x7c00).toBe(0x7c00);
      else expect(toHalf(value)).toBe(half);
    }
  });

  // Oracle: IEEE 754, halves to even.
  it.each([
    [1 + 2 ** -11, 0x3c00],
    [1 + 3 * 2 ** -11, 0x3c02],
    [65504, 0x7bff],
    [65519.996, 0x7bff],
    [65520, 0x7c00],
    [-1e9, 0xfc00],
    [2 ** -25, 0],
    [1.5 * 2 ** -24, 2],
    [2 ** -14 - 2 ** -26, 0x0400],
  ])("%d is %d", (value, half) => expect(toHalf(value)).toBe(half));
});
