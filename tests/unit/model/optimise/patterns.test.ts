// Patterns that exporters write as several operations. Oracle: TF.js's own results for the original graph.
import "@tensorflow/tfjs-backend-cpu";
import { setBackend } from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { GraphModel, windowAttr } from "../../../fixtures/graph-model.js";
import { useWasm } from "../../../fixtures/wasm-in-node.js";
import { compareOptimised } from "./compare-optimised.js";

beforeAll(useWasm);

const SHAPE = [-1, 9, 8, 3];
const NORM = { T: { type: "DT_FLOAT" }, epsilon: { f: 0.01 }, data_format: { s: btoa("NHWC") } };

function norm(model: GraphModel, x: string, channels: number): string {
  const parameters = [model.weight([channels]), model.weight([channels]), model.weight([channels])];
  return model.node("FusedBatchNormV3", [x, ...parameters, model.weight([channels], 0.5, 2)], NORM);
}

describe.each(["wasm", "cpu"])("on %s", (backend) => {
  beforeAll(async () => void (await setBackend(backend)));

  async function check(model: GraphModel, output: string) {
    const { difference, report, ops } = await compareOptimised(model.artifacts(output), 2);
    expect(difference).toBeLessThanOrEqual(1e-5);
    return { done: report.done, notDone: report.notDone, ops };
  }

  describe.each([1, 2])("stride %i", (stride) => {
    it.each([
      ["Conv2D", [3, 3, 3, 5], 5],
      ["DepthwiseConv2dNative", [3, 3, 3, 2], 6],
    ] as const)("a zero padding before %s becomes part of it", async (op, kernel, channels) => {
      const model = new GraphModel();
      const pad = model.node("Pad", [model.input("x", SHAPE), model.integers([0, 0, 1, 2, 0, 1, 0, 0], [4, 2])]);
      const convolved = model.node(op, [pad, model.weight(kernel)], windowAttr("VALID", stride));
      const { done, ops } = await check(model, model.node("Relu", [norm(model, convolved, channels)]));
      expect(done["paddings-folded"]).toBe(1);
      expect(ops).not.toContain("Pad");
    });
  });

  it("a padding that several convolutions read becomes part of each, and adds to their own padding", async () => {
    const model = new GraphModel();
    const paddings = model.integers([0, 0, 1, 0, 2, 1, 0, 0], [4, 2]);
    const pad = model.node("Pad", [model.input("x", SHAPE), paddings]);
    const explicit = { ...windowAttr("EXPLICIT"), explicit_paddings: { list: { i: "0 0 1 1 0 2 0 0".split(" ") } } };
    const a = model.node("Conv2D", [pad, model.weight([3, 3, 3, 4])], explicit);
    const b = model.node("Conv2D", [pad, model.weight([2, 4, 3, 4])], { ...explicit });
    const sums = [a, b].map((each) => model.node("Sum", [each, model.integers([1, 2])]));
    const { done, ops } = await check(model, model.node("AddV2", sums));
    expect(done["paddings-folded"]).toBe(1);
    expect(ops).not.toContain("Pad");
  });

  it.each([
    { what: "of channels", paddings: [0, 0, 1, 1, 0, 0, 0, 1], kernel: [3, 3, 4, 2], rule: "VALID" },
    {
      what: "before a convolution that pads by itself",
      paddings: [0, 0, 1, 1, 1, 1, 0, 0],
      kernel: [3, 3, 3, 2],
      rule: "SAME",
    },
  ])("a padding $what stays", async ({ paddings, kernel, rule }) => {
    const model = new GraphModel();
    const pad = model.node("Pad", [model.input("x", SHAPE), model.integers(paddings, [4, 2])]);
    const { done, ops } = await check(model, model.node("Conv2D", [pad, model.weight(kernel)], windowAttr(rule)));
    expect(done["paddings-folded"]).toBe(0);
    expect(ops).toContain("Pad");
  });

  it("a padding with a value other than zero stays", async () => {
    const model = new GraphModel();
    const paddings = model.integers([0, 0, 1, 1, 1, 1, 0, 0], [4, 2]);
    const pad = model.node("PadV2", [model.input("x", SHAPE), paddings, model.scalar(2)]);
    const { ops } = await check(model, model.node("Conv2D", [pad, model.weight([3, 3, 3, 2])], windowAttr("VALID")));
    expect(ops).toContain("PadV2");
  });

  it("batch normalisation written out is folded", async () => {
    const model = new GraphModel();
    const convolved = model.node("Conv2D", [model.input("x", SHAPE), model.weight([3, 3, 3, 5])], windowAttr("SAME"));
    const variance = model.node("AddV2", [model.weight([5], 0.5, 2), model.scalar(0.001)]);
    const scale = model.node("Mul", [model.node("Rsqrt", [variance]), model.weight([5])]);
    const offset = model.node("Sub", [model.weight([5]), model.node("Mul", [model.weight([5]), scale])]);
    const normed = model.node("AddV2", [model.node("Mul", [convolved, scale]), offset]);
    const { done, ops } = await check(model, model.node("Relu6", [normed]));
    expect(done["scales-and-shifts-folded"]).toBe(2);
    expect(ops.filter((op) => op !== "Const")).toEqual(["Placeholder", "_FusedConv2D"]);
  });

  it("constants on either side, differences and quotients are folded", async () => {
    const model = new GraphModel();
    const product = model.node("MatMul", [model.input("x", [-1, 6]), model.weight([6, 4])]);
    const turned = model.node("Sub", [model.weight([4]), product]);
    const halved = model.node("RealDiv", [model.node("Neg", [turned]), model.weight([1, 4], 1, 2)]);
    const { ops } = await check(model, model.node("Sigmoid", [model.node("Sub", [halved, model.scalar(0.25)])]));
    expect(ops.filter((op) => op !== "Const")).toEqual(["Placeholder", "_FusedMatMul"]);
  });

  it("weights that a product transposes are transposed once", async () => {
    const model = new GraphModel();
    const attr = { T: { type: "DT_FLOAT" }, transpose_a: { b: false }, transpose_b: { b: true } };
    const product = model.node("MatMul", [model.input("x", [-1, 6]), model.weight([4, 6])], attr);
    const { ops } = await check(model, model.node("BiasAdd", [product, model.weight([4])]));
    expect(ops).toContain("_FusedMatMul");
  });

  it.each([
    ["Maximum", (m: GraphModel, x: string) => m.node("Maximum", [x, m.scalar(0)])],
    ["ClipByValue", (m: GraphModel, x: string) => m.node("ClipByValue", [x, m.scalar(0), m.scalar(6)])],
    ["Relu, Minimum", (m: GraphModel, x: string) => m.node("Minimum", [m.node("Relu", [x]), m.scalar(6)])],
  ])("a ReLU written as %s is fused", async (_, activate) => {
    const model = new GraphModel();
    const kernel = model.weight([3, 3, 3, 5], -4, 4);
    const convolved = model.node("Conv2D", [model.input("x", SHAPE), kernel], windowAttr("SAME"));
    const { done, ops } = await check(model, activate(model, convolved));
    expect(done["activations-fused"]).toBe(1);
    expect(ops.filter((op) => op !== "Const")).toEqual(["Placeholder", "_FusedConv2D"]);
  });

  it("other bounds stay", async () => {
    const model = new GraphModel();
    const kernel = model.weight([3, 3, 3, 5], -4, 4);
    const convolved = model.node("Conv2D", [model.input("x", SHAPE), kernel], windowAttr("SAME"));
    const bounded = model.node("Minimum", [model.node("Relu", [convolved]), model.scalar(5)]);
    expect((await check(model, bounded)).ops).toContain("Minimum");
  });

  it.each([
    ["bounds", "Maximum", "Minimum"],
    ["ReLUs", "Relu", "Relu of Neg"],
  ])("a parametric ReLU written as two %s is fused", async (_, above, below) => {
    const model = new GraphModel();
    const convolved = model.node("Conv2D", [model.input("x", SHAPE), model.weight([3, 3, 3, 5])], windowAttr("SAME"));
    const biased = model.node("BiasAdd", [convolved, model.weight([5])]);
    const positive = above === "Relu" ? model.node("Relu", [biased]) : model.node("Maximum", [biased, model.scalar(0)]);
    const negative =
      below === "Minimum"
        ? model.node("Minimum", [model.scalar(0), biased])
        : model.node("Relu", [model.node("Neg", [biased])]);
    const scaled = model.node("Mul", [model.weight([1, 1, 5]), negative]);
    const { done, ops } = await check(model, model.node("AddV2", [positive, scaled]));
    expect(done["prelus-recognized"]).toBe(1);
    expect(ops.filter((op) => op !== "Const")).toEqual(["Placeholder", "_FusedConv2D"]);
  });

  it("batch normalisation after a transposed convolution is folded into its weights", async () => {
    const model = new GraphModel();
    const x = model.input("x", [-1, 5, 4, 3]);
    const inputs = [model.integers([2, 10, 8, 5]), model.weight([3, 3, 5, 3]), x];
    const convolved = model.node("Conv2DBackpropInput", inputs, windowAttr("SAME", 2));
    const { done, ops } = await check(model, model.node("Relu", [norm(model, convolved, 5)]));
    expect(done["batch-normalizations-folded"]).toBe(1);
    expect(ops.filter((op) => op !== "Const")).toEqual(["Placeholder", "Conv2DBackpropInput", "BiasAdd", "Relu"]);
  });

  it("bias and activation are fused into a dense layer on a sequence, through its reshape", async () => {
    const model = new GraphModel();
    const x = model.input("x", [-1, 7, 6]);
    const rows = model.node("Reshape", [x, model.integers([-1, 6])]);
    const product = model.node("MatMul", [rows, model.weight([6, 4])]);
    const bounds = [model.integers([0]), model.integers([2])];
    const outer = model.node("Slice", [model.node("Shape", [x], { out_type: { type: "DT_INT32" } }), ...bounds]);
    const shape = model.node("ConcatV2", [outer, model.integers([4]), model.integers([0], [])], { N: { i: "2" } });
    const biased = model.node("BiasAdd", [model.node("Reshape", [product, shape]), model.weight([4])]);
    const { ops } = await check(model, model.node("Relu", [biased]));
    expect(ops).toContain("_FusedMatMul");
    expect(ops).not.toContain("BiasAdd");
    expect(ops).not.toContain("Relu");
  });

  it("a product of stacked matrices keeps a separate bias: TF.js's fused WASM kernel adds a wrong one", async () => {
    const model = new GraphModel();
    const attr = { T: { type: "DT_FLOAT" }, adj_x: { b: false }, adj_y: { b: true } };
    const product = model.node("BatchMatMulV2", [model.input("x", [-1, 5, 6]), model.weight([4, 6])], attr);
    const { ops } = await check(model, model.node("Elu", [model.node("BiasAdd", [product, model.weight([4])])]));
    expect(ops.filter((op) => op !== "Const")).toEqual(["Placeholder", "BatchMatMulV2", "BiasAdd", "Elu"]);
  });

  it("bias and activation are fused into a one-dimensional convolution, through its squeeze", async () => {
    const model = new GraphModel();
    const wide = model.node("ExpandDims", [model.input("x", [-1, 11, 3]), model.integers([1], [])]);
    const kernel = model.node("ExpandDims", [model.weight([3, 3, 5]), model.integers([0], [])]);
    const convolved = model.node("Conv2D", [wide, kernel], windowAttr("SAME"));
    const squeezed = model.node("Squeeze", [convolved], { squeeze_dims: { list: { i: ["1"] } } });
    const { done, ops } = await check(
      model,
      model.node("Relu", [model.node("BiasAdd", [squeezed, model.weight([5])])]),
    );
    expect(done["constants-folded"]).toBe(1);
    expect(ops.filter((op) => op !== "Const")).toEqual(["Placeholder", "ExpandDims", "_FusedConv2D", "Squeeze"]);
  });

  it("nothing is folded through a reshape that moves channels", async () => {
    const model = new GraphModel();
    const product = model.node("MatMul", [model.input("x", [-1, 6]), model.weight([6, 4])]);
    const paired = model.node("Reshape", [product, model.integers([-1, 2])]);
    const { notDone } = await check(model, model.node("Relu", [model.node("BiasAdd", [paired, model.weight([2])])]));
    expect(notDone).toHaveLength(1);
  });

  it("formulas do not grow without bound", async () => {
    const model = new GraphModel();
    let doubled = model.weight([3], 0.4, 0.5);
    for (let count = 0; count < 60; count++)
      doubled = model.node("Mul", [model.node("AddV2", [doubled, doubled]), model.scalar(0.5)]);
    let shifted = model.node("Conv2D", [model.input("x", SHAPE), model.weight([3, 3, 3, 3])], windowAttr("SAME"));
    for (let count = 0; count < 100; count++) shifted = model.node("AddV2", [shifted, model.weight([3])]);
    const { ops } = await check(model, model.node("Mul", [shifted, doubled]));
    expect(ops.filter((op) => op === "AddV2").length).toBeGreaterThan(60);
  });

  it("what depends only on weights is computed when the model loads", async () => {
    const model = new GraphModel();
    const scale = model.node("Sqrt", [model.node("Square", [model.weight([3])])]);
    const { done, ops } = await check(model, model.node("Mul", [model.input("x", SHAPE), scale]));
    expect(done["constants-folded"]).toBe(1);
    expect(ops.toSorted()).toEqual(["Const", "Mul", "Placeholder"]);
  });
});

describe("what is not fused reports why", () => {
  it.each([
    ["it reads an input of the model", (_: GraphModel, x: string) => x],
    [
      "it follows MaxPool",
      (m: GraphModel, x: string) =>
        m.node("MaxPool", [x], { ...windowAttr("SAME"), ksize: { list: { i: ["1", "2", "2", "1"] } } }),
    ],
    [
      "whose weights are not constant",
      (m: GraphModel, x: string) => m.node("Conv2D", [x, m.input("kernel", [3, 3, 3, 3])], windowAttr("SAME")),
    ],
  ])("%s", async (reason, source) => {
    const model = new GraphModel();
    const relu = model.node("Relu", [source(model, model.input("x", SHAPE))]);
    const { report } = await compareOptimised(model.artifacts(relu), 2);
    expect(report.notDone).toEqual([{ what: `activation Relu "${relu}"`, reason: expect.stringContaining(reason) }]);
  });
});
