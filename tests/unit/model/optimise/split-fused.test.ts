// Oracle: the product, the sum and the activation written out; run on TF.js's WASM backend, which refuses the originals.
import { beforeAll, describe, expect, it } from "vitest";
import type { ModelArtifacts } from "../../../../src/model/artifacts.js";
import { inspectModel } from "../../../../src/model/inspect-model.js";
import { runWire } from "../../../fixtures/run-wires.js";
import { useWasm } from "../../../fixtures/wasm-in-node.js";
import { dims, graph, node, placeholder, signed } from "../graph-json.js";

beforeAll(useWasm);

const FLOAT = { T: { type: "DT_FLOAT" } };
const A = [0.5, -1, 2, 0.25, 1, -0.5];
const B = [1, 2, -1, 0.5, 0.1, -2];
const BIAS = [0.3, -0.4];

/** `a` [3, 2] by `b` [2, 2], plus a bias: a weight of one axis, or a tensor of two. */
function model(fused: string[], hasWideBias: boolean, options: Record<string, unknown> = {}): ModelArtifacts {
  const attr = { ...FLOAT, num_args: { i: "1" }, fused_ops: { list: { s: fused.map(btoa) } }, ...options };
  const constant = (name: string) => node(name, "Const", [], { dtype: { type: "DT_FLOAT" } });
  const nodes = [
    placeholder("a", dims(-1, 2)),
    constant("b"),
    hasWideBias ? placeholder("bias", dims(-1, 2)) : constant("bias"),
    node("y", "_FusedMatMul", ["a", "b", "bias"], attr),
  ];
  const inputs = { a: signed("a", dims(-1, 2)), ...(hasWideBias ? { bias: signed("bias", dims(-1, 2)) } : {}) };
  const weights = hasWideBias ? { b: B.slice(0, 4) } : { b: B.slice(0, 4), bias: BIAS };
  return {
    modelTopology: graph(nodes),
    signature: { inputs, outputs: { y: signed("y", dims(-1, 2)) } },
    weightSpecs: Object.entries(weights).map(([name, values]) => ({
      name,
      shape: values.length === 4 ? [2, 2] : [2],
      dtype: "float32",
    })),
    weightData: Float32Array.from(Object.values(weights).flat()).buffer,
  };
}

const tensor = (values: number[]) => ({ dtype: "float32" as const, shape: [3, 2], data: Float32Array.from(values) });

const ACTIVATIONS: Record<string, (value: number) => number> = {
  Tanh: Math.tanh,
  Relu: (value) => Math.max(0, value),
  Sigmoid: (value) => 1 / (1 + Math.exp(-value)),
  _FusedHardSwish: (value) => (value * Math.min(6, Math.max(0, value + 3))) / 6,
};

function expected(activation: string | undefined, hasWideBias: boolean): number[] {
  return Array.from({ length: 6 }, (_, index) => {
    const [row, column] = [Math.floor(index / 2), index % 2];
    const product = A[2 * row]! * B[column]! + A[2 * row + 1]! * B[2 + column]!;
    const sum = product + (hasWideBias ? B[index]! : BIAS[column]!);
    return activation === undefined ? sum : ACTIVATIONS[activation]!(sum);
  });
}

describe("a fused product", () => {
  it.each([
    [["BiasAdd"], true, 1],
    [["BiasAdd", "Relu"], true, 1],
    [["BiasAdd", "Sigmoid"], true, 1],
    [["BiasAdd", "Tanh"], true, 1],
    [["BiasAdd", "Tanh"], false, 1],
    [["BiasAdd", "_FusedHardSwish"], true, 1],
    [["BiasAdd", "_FusedHardSwish"], false, 1],
    [["BiasAdd", "Relu"], false, 0],
    [["BiasAdd"], false, 0],
  ])("with %j, its bias of several axes: %s, is split %d times", async (fused, hasWideBias, count) => {
    const { info, wire } = inspectModel(model(fused, hasWideBias), true, true);
    expect(info.optimization.done["fused-operations-split"]).toBe(count);
    const inputs = { a: tensor(A), ...(hasWideBias ? { bias: tensor(B) } : {}) };
    const { y } = await runWire(wire, inputs);
    const right = expected(fused[1], hasWideBias);
    expect(y!.shape).toEqual([3, 2]);
    for (const [index, value] of right.entries()) expect(Number(y!.data[index])).toBeCloseTo(value, 5);
  });

  it.each([
    [["BiasAdd", "GeluExact"]],
    [["FusedBatchNorm"]],
    [[]],
    [["BiasAdd", "Tanh", "Tanh"]],
    [["BiasAdd", "LeakyRelu"]],
  ])("with %j stays as it is", (fused) => {
    const { info } = inspectModel(model(fused, true), true, true);
    expect(info.optimization.done["fused-operations-split"]).toBe(0);
    expect(info.layers.map(({ op }) => op)).toEqual(["_FusedMatMul"]);
  });
});

describe("a fused convolution", () => {
  const kernel = [0.5, -1, 0.25, 2];
  const pixels = [1, -2, 0.5, 3, -4, 1.5, 0, 2];
  const wide = [0.1, -0.2, 0.3, 4, -5, 0.6, 0.7, -0.8];

  /** A 1 × 1 convolution over `x` [1, 2, 2, 2]: each pixel of its output holds two sums of products. */
  function convolution(op: string, fused: string[], hasWideBias: boolean, options = {}): ModelArtifacts {
    const spatial = { strides: { list: { i: ["1", "1", "1", "1"] } }, padding: { s: btoa("SAME") } };
    const attr = {
      ...FLOAT,
      ...spatial,
      data_format: { s: btoa("NHWC") },
      num_args: { i: "1" },
      fused_ops: { list: { s: fused.map(btoa) } },
      ...options,
    };
    const constant = (name: string) => node(name, "Const", [], { dtype: { type: "DT_FLOAT" } });
    const picture = dims(-1, 2, 2, 2);
    const isDepthwise = op.includes("Depthwise");
    const nodes = [
      placeholder("x", picture),
      constant("kernel"),
      hasWideBias ? placeholder("bias", picture) : constant("bias"),
      node("y", op, ["x", "kernel", "bias"], attr),
    ];
    const inputs = { x: signed("x", picture), ...(hasWideBias ? { bias: signed("bias", picture) } : {}) };
    const weights: [string, number[], number[]][] = [
      ["kernel", isDepthwise ? [1, 1, 2, 1] : [1, 1, 2, 2], isDepthwise ? kernel.slice(0, 2) : kernel],
      ...(hasWideBias ? [] : [["bias", [2], BIAS] as [string, number[], number[]]]),
    ];
    return {
      modelTopology: graph(nodes),
      signature: { inputs, outputs: { y: signed("y", picture) } },
      weightSpecs: weights.map(([name, shape]) => ({ name, shape, dtype: "float32" })),
      weightData: Float32Array.from(weights.flatMap(([, , values]) => values)).buffer,
    };
  }

  it.each([
    { op: "_FusedConv2D", fused: ["BiasAdd"], hasWideBias: true, count: 1 },
    { op: "_FusedConv2D", fused: ["BiasAdd", "Relu"], hasWideBias: true, count: 1 },
    { op: "_FusedConv2D", fused: ["BiasAdd", "_FusedHardSwish"], hasWideBias: true, count: 1 },
    { op: "_FusedConv2D", fused: ["BiasAdd", "_FusedHardSwish"], hasWideBias: false, count: 1 },
    { op: "_FusedConv2D", fused: ["BiasAdd", "Relu"], hasWideBias: false, count: 0 },
    { op: "FusedDepthwiseConv2dNative", fused: ["BiasAdd"], hasWideBias: true, count: 1 },
    { op: "FusedDepthwiseConv2dNative", fused: ["BiasAdd", "_FusedHardSwish"], hasWideBias: false, count: 1 },
  ])("$op with $fused, its bias of several axes: $hasWideBias, is split $count times", async (example) => {
    const { op, fused, hasWideBias, count } = example;
    const { info, wire } = inspectModel(convolution(op, fused, hasWideBias), true, true);
    expect(info.optimization.done["fused-operations-split"]).toBe(count);
    const picture = (values: number[]) => ({
      dtype: "float32" as const,
      shape: [1, 2, 2, 2],
      data: Float32Array.from(values),
    });
    const { y } = await runWire(wire, { x: picture(pixels), ...(hasWideBias ? { bias: picture(wide) } : {}) });
    expect(y!.shape).toEqual([1, 2, 2, 2]);
    for (const index of pixels.keys()) {
      const [pixel, channel] = [index - (index % 2), index % 2];
      const product = op.includes("Depthwise")
        ? pixels[index]! * kernel[channel]!
        : pixels[pixel]! * kernel[channel]! + pixels[pixel + 1]! * kernel[2 + channel]!;
      const sum = product + (hasWideBias ? wide[index]! : BIAS[channel]!);
      const right = fused[1] === undefined ? sum : ACTIVATIONS[fused[1]]!(sum);
      expect(Number(y!.data[index])).toBeCloseTo(right, 5);
    }
  });

  it("whose channels come first keeps a bias of several axes", () => {
    const options = { data_format: { s: btoa("NCHW") } };
    const { info } = inspectModel(convolution("_FusedConv2D", ["BiasAdd"], true, options), true, true);
    expect(info.optimization.done["fused-operations-split"]).toBe(0);
  });
});
