import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { WeightSpec } from "../../../src/model/artifacts.js";
import { checkWeightLength, readWeightSpecs, weightFileBytes } from "../../../src/model/weights.js";
import { caught } from "../../fixtures/caught.js";

const spec = (dtype: WeightSpec["dtype"], shape: number[], quantization?: object): WeightSpec =>
  ({ name: "w", shape, dtype, ...(quantization ? { quantization } : {}) }) as WeightSpec;

/** Every way to store a weight, and its bytes per element. */
const stored: readonly (readonly [WeightSpec["dtype"], object | undefined, number])[] = [
  ["float32", undefined, 4],
  ["int32", undefined, 4],
  ["bool", undefined, 1],
  ["complex64", undefined, 8],
  ["float32", { dtype: "uint8", scale: 0.1, min: -1 }, 1],
  ["int32", { dtype: "uint8", scale: 1, min: 0, original_dtype: "int32" }, 1],
  ["float32", { dtype: "uint16", scale: 0.1, min: -1 }, 2],
  ["int32", { dtype: "uint16", scale: 2, min: 0 }, 2],
  ["float32", { dtype: "float16" }, 2],
];

describe("weightFileBytes", () => {
  it.each(stored)("%s %j: %i bytes an element", (dtype, quantization, bytes) => {
    const specs = [spec(dtype, [3, 5], quantization), spec(dtype, [], quantization), spec(dtype, [0, 7], quantization)];
    expect(weightFileBytes(readWeightSpecs(specs, "weights"))).toBe(16 * bytes);
  });

  it("adds up; it is unknown if there are strings", () => {
    expect(weightFileBytes([])).toBe(0);
    expect(weightFileBytes([spec("float32", [2]), spec("bool", [3])])).toBe(11);
    expect(weightFileBytes([spec("float32", [2]), spec("string", [3])])).toBeUndefined();
  });

  it("agrees with what TF.js decodes", async () => {
    const { io, setBackend } = await import("@tensorflow/tfjs-core");
    await import("@tensorflow/tfjs-backend-cpu");
    await setBackend("cpu");
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom(...stored), fc.array(fc.nat(3), { maxLength: 3 })), { maxLength: 5 }),
        (list) => {
          const specs = list.map(([[dtype, quantization], shape], i) => ({
            ...spec(dtype, shape, quantization),
            name: `w${i}`,
          }));
          const decoded = io.decodeWeights(new ArrayBuffer(weightFileBytes(specs)!), specs as never);
          for (const { name, shape } of specs) expect(decoded[name]!.shape).toEqual(shape);
        },
      ),
      { numRuns: 50 },
    );
  });
});

describe("checkWeightLength", () => {
  const specs = [spec("float32", [10])];
  it("accepts the exact length, and any length if there are strings", () => {
    checkWeightLength(specs, 40);
    checkWeightLength([], 0);
    checkWeightLength([...specs, spec("string", [1])], 3);
  });
  it("refuses fewer bytes as truncated, and more bytes as another model's", () => {
    caught("weights-truncated", () => checkWeightLength(specs, 39), "40 bytes", "39");
    caught("weights-truncated", () => checkWeightLength(specs, 0), "received 0");
    caught("model-malformed", () => checkWeightLength(specs, 41), "41");
  });
});

describe("readWeightSpecs", () => {
  it("returns the specs unchanged", () => {
    const specs = stored.map(([dtype, quantization]) => spec(dtype, [2], quantization));
    expect(readWeightSpecs(specs, "weights")).toEqual(specs);
  });

  it("leaves out a quantization that is undefined: TF.js checks whether the key exists", () => {
    const [read] = readWeightSpecs([{ ...spec("float32", [1]), quantization: undefined }], "weights");
    expect(Object.keys(read!)).toEqual(["name", "shape", "dtype"]);
  });

  const good = { name: "w", shape: [2], dtype: "float32" };
  it.each<[unknown, string]>([
    [undefined, "weights"],
    [{}, "weights"],
    [[null], "weights[0]"],
    [[good, 5], "weights[1]"],
    [[{ ...good, name: "" }], "a name in weights[0]"],
    [[{ ...good, name: 1 }], "a name in weights[0]"],
    [[{ ...good, shape: "2" }], '"w"'],
    [[{ ...good, shape: [-1] }], "[-1]"],
    [[{ ...good, shape: [1.5] }], "[1.5]"],
    [[{ ...good, shape: [null] }], "[null]"],
    [[{ ...good, shape: [1e300] }], '"w"'],
    [[{ ...good, dtype: undefined }], "dtype"],
    [[{ ...good, dtype: "float64" }], '"float64"'],
    [[{ ...good, dtype: "uint8" }], '"uint8"'],
    [[{ ...good, dtype: "float16" }], '"float16"'],
    [[{ ...good, dtype: "constructor" }], '"constructor"'],
    [[{ ...good, dtype: "toString" }], '"toString"'],
    [[{ ...good, quantization: null }], '"w"'],
    [[{ ...good, quantization: "uint8" }], "uint8"],
    [[{ ...good, quantization: { dtype: "int4" } }], '"int4"'],
    [[{ ...good, quantization: { dtype: "uint8", scale: 1 } }], '"w"'],
    [[{ ...good, quantization: { dtype: "uint16", min: 0, scale: "1" } }], '"w"'],
    [[{ ...good, dtype: "int32", quantization: { dtype: "float16" } }], '"w"'],
    [[{ ...good, dtype: "bool", quantization: { dtype: "uint8", scale: 1, min: 0 } }], '"w"'],
    [[{ ...good, dtype: "string", quantization: { dtype: "uint8", scale: 1, min: 0 } }], '"w"'],
  ])("refuses %j", (entries, words) => {
    caught("model-malformed", () => readWeightSpecs(entries, "weights"), words, "the model.json is damaged");
  });
});
