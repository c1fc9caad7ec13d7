// Graphs whose operations TF.js lacks or computes otherwise than TensorFlow: what is listed, and that they run whole, cut and optimised.
import "@tensorflow/tfjs-backend-cpu";
import { ready, setBackend } from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import type { ModelArtifacts } from "../../../../src/model/artifacts.js";
import { inspectModel } from "../../../../src/model/inspect-model.js";
import { caught } from "../../../fixtures/caught.js";
import { expectCutsExact } from "../../../fixtures/cut-plans.js";
import { GraphModel, windowAttr } from "../../../fixtures/graph-model.js";
import { runNodes, type OpNode } from "../../../fixtures/run-op.js";
import { useWasm } from "../../../fixtures/wasm-in-node.js";
import { compareOptimised } from "../optimise/compare-optimised.js";
import { graph, node, placeholder, signed, dims } from "../graph-json.js";

const FLOAT = { T: { type: "DT_FLOAT" } };
const INT = { T: { type: "DT_INT32" } };
const text = (value: string) => ({ s: btoa(value) });

/** A chain through several families of corrected ops, on items of shape [6, 4]. */
function corrected(): ModelArtifacts {
  const model = new GraphModel();
  const x = model.input("x", [-1, 6, 4]);
  const scores = model.einsum("...ij,...kj->...ik", x, x);
  const banded = model.node("MatrixBandPart", [scores, model.integers([-1], []), model.integers([0], [])]);
  const summed = model.node("Cumsum", [banded, model.integers([-1], [])], { ...FLOAT, reverse: { b: true } });
  const picture = model.node("ExpandDims", [summed, model.integers([3], [])]);
  const large = model.node("ResizeBicubic", [picture, model.integers([8, 5])], {
    ...FLOAT,
    half_pixel_centers: { b: true },
  });
  const wide = model.node("Conv2D", [large, model.weight([3, 3, 1, 4])], windowAttr("SAME"));
  const grouped = model.node("Conv2D", [wide, model.weight([3, 3, 2, 4])], windowAttr("SAME"));
  const relu = model.node("Relu", [model.node("BiasAdd", [grouped, model.weight([4])])]);
  const rolled = model.node("Roll", [relu, model.integers([2]), model.integers([-2])]);
  return model.artifacts(model.node("Softsign", [rolled]));
}

describe.each(["wasm", "cpu"] as const)("on %s", (backend) => {
  beforeAll(async () => {
    await (backend === "wasm" ? useWasm() : setBackend("cpu"));
    await ready();
  });

  it("corrected ops run alike whole, cut at every place, and optimised", async () => {
    await expectCutsExact(corrected(), { singleCount: 30 });
    const { difference, report } = await compareOptimised(corrected(), 2);
    expect(difference).toBeLessThanOrEqual(1e-5);
    expect(report.done["biases-fused"]).toBe(1);
  });

  it("a switch of many ways takes the last one outside of them", async () => {
    const nodes: OpNode[] = [
      { name: "s", op: "_SwitchN", input: ["x0", "x1"], attr: { ...FLOAT, num_outs: { i: "3" } } },
      { name: "a", op: "Neg", input: ["s"], attr: FLOAT },
      { name: "b", op: "Square", input: ["s:1"], attr: FLOAT },
      { name: "c", op: "Exp", input: ["s:2"], attr: FLOAT },
      { name: "m", op: "Merge", input: ["a", "b", "c"], attr: { ...FLOAT, N: { i: "3" } } },
    ];
    for (const [index, expected] of [
      [0, -2],
      [1, 4],
      [2, Math.exp(2)],
      [7, Math.exp(2)],
      [-1, Math.exp(2)],
    ] as const) {
      const inputs = [
        { dtype: "float32" as const, shape: [1], data: Float32Array.of(2) },
        { dtype: "int32" as const, shape: [], data: Int32Array.of(index) },
      ];
      const [y] = await runNodes(backend, nodes, inputs, { "m:0": "float32" });
      expect(y!.data[0]).toBeCloseTo(expected, 5);
    }
  });

  it("products of whole numbers wrap, in a function too", async () => {
    const body = [
      node("product", "Mul", ["a", "a"], INT),
      node("same", "CheckNumerics", ["product:z:0", "^gone"], INT),
    ];
    const signature = (name: string) => ({
      name,
      inputArg: [{ name: "a", type: "DT_INT32" }],
      outputArg: [{ name: "r", type: "DT_INT32" }],
    });
    const library = {
      function: [
        { signature: signature("then"), nodeDef: body, ret: { r: "same:output:0" } },
        { signature: signature("else"), nodeDef: [node("i", "Identity", ["a"], INT)], ret: { r: "i:output:0" } },
      ],
    };
    const attr = {
      Tcond: { type: "DT_BOOL" },
      Tin: { list: { type: ["DT_INT32"] } },
      Tout: { list: { type: ["DT_INT32"] } },
      then_branch: { func: { name: "then" } },
      else_branch: { func: { name: "else" } },
    };
    const nodes = [{ name: "y", op: "StatelessIf", input: ["x0", "x1"], attr }];
    const inputs = [
      { dtype: "bool" as const, shape: [], data: Uint8Array.of(1) },
      { dtype: "int32" as const, shape: [2], data: Int32Array.of(65537, -3) },
    ];
    const [y] = await runNodes(backend, nodes, inputs, { "y:0": "int32" }, { library });
    expect([...y!.data]).toEqual([Math.imul(65537, 65537), 9]);
  });
});

const x = placeholder("x", dims(-1, 3));

function modelOf(nodes: ReturnType<typeof node>[], output: string, library?: object): ModelArtifacts {
  return {
    format: "graph-model",
    modelTopology: graph(nodes, library),
    signature: { inputs: { x: signed("x", dims(-1, 3)) }, outputs: { y: signed(output, undefined) } },
    weightSpecs: [],
    weightData: new ArrayBuffer(0),
  };
}

it("lists what runs in another way than TF.js would run it, optimised or not, with the reason", () => {
  const artifacts = modelOf(
    [
      ...[x, node("a", "Softsign", ["x"], FLOAT), node("b", "Softsign", ["a"], FLOAT)],
      node("c", "Cast", ["b"], { SrcT: { type: "DT_FLOAT" }, DstT: { type: "DT_HALF" } }),
      ...[node("d", "Select", ["c", "c", "c"], FLOAT), node("y", "Relu", ["d"], FLOAT)],
    ],
    "y",
  );
  for (const optimize of [true, false]) {
    const { corrections } = inspectModel(artifacts, true, optimize).info.optimization;
    expect(corrections).toEqual([
      { what: 'Softsign "a" and 1 more', reason: "TF.js lacks it: composed of its other operations" },
      { what: 'Cast "c"', reason: expect.stringContaining("rounds or wraps") },
      { what: 'Select "d"', reason: expect.stringContaining("condition for each row") },
    ]);
  }
  const plain = modelOf([x, node("y", "Conv2D", ["x", "x"], { ...FLOAT, padding: text("SAME") })], "y");
  expect(inspectModel(plain, true, false).info.optimization.corrections).toEqual([]);
});

it("refuses an op that no engine has by its name, in a function that is called too", () => {
  const body = { signature: { name: "f" }, nodeDef: [node("inner", "Cholesky", ["a"], FLOAT)] };
  const called = { then_branch: { func: { name: "f" } }, else_branch: { func: { name: "f" } } };
  const artifacts = modelOf([x, node("y", "StatelessIf", ["x", "x"], called)], "y", { function: [body] });
  caught("model-unsupported", () => inspectModel(artifacts, true), 'node "inner" (Cholesky)');
  const unused = modelOf([x, node("y", "Relu", ["x"], FLOAT)], "y", { function: [body] });
  expect(inspectModel(unused, true).info.layerCount).toBe(1);
});

it("drops control inputs, checks and what only they hold", () => {
  const artifacts = modelOf(
    [
      ...[x, node("check", "Less", ["x", "x"], FLOAT), node("assert", "Assert", ["check", "x"])],
      ...[node("order", "NoOp", ["^assert"]), node("y", "Relu", ["x", "^order"], FLOAT)],
    ],
    "y",
  );
  const { info } = inspectModel(artifacts, true);
  expect(info.layers.map(({ op }) => op)).toEqual(["Relu"]);
});
