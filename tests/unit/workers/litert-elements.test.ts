import { describe, expect, it } from "vitest";
import type { TfliteBinding } from "../../../src/protocol/model-on-wire.js";
import type { InputTensor } from "../../../src/protocol/tensors.js";
import { readElements, writeElements } from "../../../workers/engines/litert/elements.js";
import { caught } from "../../fixtures/caught.js";

const binding = (more: Partial<TfliteBinding>): TfliteBinding => ({
  ...{ name: "t", tensorName: "t", shape: [-1], dtype: "float32", element: "float32" },
  ...more,
});
const int8 = binding({ element: "int8", quantization: { scale: 0.5, zeroPoint: -3 } });
const floats = (...values: number[]): InputTensor => ({
  dtype: "float32",
  shape: [values.length],
  data: Float32Array.from(values),
});

function written(input: InputTensor, target: TfliteBinding, bytes: number): ArrayBuffer {
  const buffer = new ArrayBuffer(bytes + 8);
  writeElements(input, target, buffer, 8);
  expect(new Uint8Array(buffer, 0, 8)).toEqual(new Uint8Array(8));
  return buffer.slice(8);
}

describe("what an input becomes", () => {
  it("floats as they are, and bytes by their scale and offset", () => {
    expect(new Float32Array(written(floats(1.5, -2), binding({}), 8))).toEqual(Float32Array.of(1.5, -2));
    const bytes: InputTensor = { dtype: "uint8", shape: [2], data: Uint8Array.of(0, 255), scale: 2 / 255, offset: -1 };
    expect(new Float32Array(written(bytes, binding({}), 8))).toEqual(Float32Array.of(-1, 1));
  });

  it("the nearest step of a quantised one, halves away from zero, within the type", () => {
    const steps = new Int8Array(written(floats(0, 0.5, 0.25, -0.25, 0.2, 1000, -1000, -62.5), int8, 8));
    expect([...steps]).toEqual([-3, -2, -2, -4, -3, 127, -128, -128]);
  });

  it("whole numbers of other widths, and truths", () => {
    const whole: InputTensor = { dtype: "int32", shape: [3], data: Int32Array.of(-1, 2, 300) };
    expect([...new BigInt64Array(written(whole, binding({ element: "int64" }), 24))]).toEqual([-1n, 2n, 300n]);
    expect([...new Int16Array(written(whole, binding({ element: "int16" }), 6))]).toEqual([-1, 2, 300]);
    const truths: InputTensor = { dtype: "bool", shape: [2], data: Uint8Array.of(1, 0) };
    expect([...new Uint8Array(written(truths, binding({ element: "bool", dtype: "bool" }), 2))]).toEqual([1, 0]);
  });
});

describe("what an input can't become", () => {
  it.each([
    ["uint8", -1],
    ["uint8", 256],
    ["int8", 128],
    ["int16", 40_000],
    ["uint16", 70_000],
    ["uint32", -1],
  ] as const)("whole numbers beyond the range of %s: %i", (element, value) => {
    const whole: InputTensor = { dtype: "int32", shape: [2], data: Int32Array.of(0, value) };
    const target = binding({ element, dtype: "int32" });
    caught("model-failed", () => written(whole, target, 8), `"t" to hold ${element} from`, `received ${value}`);
  });
});

describe("what an output becomes", () => {
  it("floats of the steps of a quantised one", () => {
    const read = readElements(Int8Array.of(-3, 127, -128).buffer, [3], int8);
    expect(read).toEqual({ dtype: "float32", shape: [3], data: Float32Array.of(0, 65, -62.5) });
  });

  it("int32 of whole numbers of every width, and truths of 0 and 1", () => {
    const wide = binding({ element: "int64", dtype: "int32" });
    expect(readElements(BigInt64Array.of(-5n, 7n).buffer, [2], wide).data).toEqual(Int32Array.of(-5, 7));
    const narrow = binding({ element: "uint8", dtype: "int32" });
    expect(readElements(Uint8Array.of(0, 255).buffer, [2], narrow).data).toEqual(Int32Array.of(0, 255));
    const truths = binding({ element: "bool", dtype: "bool" });
    expect(readElements(Uint8Array.of(0, 7).buffer, [2], truths).data).toEqual(Uint8Array.of(0, 1));
  });

  it("an error for whole numbers beyond 32 bits, instead of others", () => {
    const wide = binding({ element: "int64", dtype: "int32" });
    caught("model-failed", () => readElements(BigInt64Array.of(2n ** 31n).buffer, [1], wide), '"t"', "32 bits");
    const unsigned = binding({ element: "uint32", dtype: "int32" });
    caught("model-failed", () => readElements(Uint32Array.of(2 ** 31).buffer, [1], unsigned), '"t"');
  });
});
