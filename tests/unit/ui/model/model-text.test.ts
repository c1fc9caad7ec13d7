import { describe, expect, it } from "vitest";
import { NOT_OPTIMISED } from "../../../../src/model/optimise/optimization-report.js";
import { formatFlops, formatShape, formatValue, optimizationLines } from "../../../../src/ui/model/model-text.js";
import { valueRangesFor } from "../../../../src/ui/model/value-ranges.js";

const plain = (text: string) => text.replaceAll("\u00a0", " ");

it.each([
  [0, "0"],
  [-3, "−3"],
  [1404, "1404"],
  [0.973_125, "0.9731"],
  [-12.0149, "−12.01"],
  [1234.56, "1235"],
  [1.234_56e-7, "1.235e-7"],
  [7e9, "7000000000"],
  [NaN, "NaN"],
  [Infinity, "∞"],
  [-Infinity, "−∞"],
  ["hello", "“hello”"],
  ["x".repeat(100), `“${"x".repeat(60)}…”`],
])("shows the value %s as %s", (value, text) => {
  expect(formatValue(value)).toBe(text);
});

it.each([
  [[-1, 224, 224, 3], "n × 224 × 224 × 3"],
  [[-1, -1, 64], "n × ? × 64"],
  [[5], "5"],
  [[], "scalar"],
  [undefined, "any shape"],
])("shows the shape %j as %s", (shape, text) => {
  expect(plain(formatShape(shape))).toBe(text);
});

it.each([
  [1_140_000_000, "1.14 GFLOP"],
  [999_000, "999 kFLOP"],
  [25, "25.0 FLOP"],
])("shows %i operations as %s", (flops, text) => {
  expect(plain(formatFlops(flops))).toBe(text);
});

it("lists what was optimised, in the singular and the plural", () => {
  expect(optimizationLines(NOT_OPTIMISED)).toEqual([]);
  const done = { ...NOT_OPTIMISED.done, "biases-fused": 1, "batch-normalizations-folded": 52 };
  expect(optimizationLines({ ...NOT_OPTIMISED, isOptimized: true, done }).map(plain)).toEqual([
    "52 batch normalisations folded",
    "1 bias fused",
  ]);
});

describe("the values that pixels may have", () => {
  const input = { name: "image", width: 8, height: 8, channels: 3, dtype: "float32", hasChannelAxis: true } as const;
  const names = (change: object, hasMetadata = false) =>
    valueRangesFor({ ...input, ...change }, hasMetadata).map(({ name }) => name);

  it("are those that the model accepts", () => {
    expect(names({})).toEqual(["unit", "signed", "bytes", "imagenet"]);
    // Three means can't be applied to one channel.
    expect(names({ channels: 1 })).toEqual(["unit", "signed", "bytes"]);
    // An int32 input takes the bytes unchanged.
    expect(names({ dtype: "int32" })).toEqual([]);
  });

  it("start with those that metadata.json names", () => {
    expect(names({}, true)[0]).toBe("metadata");
  });
});
