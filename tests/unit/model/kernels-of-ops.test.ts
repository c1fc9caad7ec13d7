// Oracle: which kernels TF.js runs, by its own profile, and which ops its converter knows.
import "@tensorflow/tfjs-backend-cpu";
import { loadGraphModel } from "@tensorflow/tfjs-converter";
import * as tfc from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { kernelsOf, missingOps } from "../../../src/model/kernels-of-ops.js";
import { inspectModel } from "../../../src/model/inspect-model.js";
import { opsOnWire } from "../../../src/model/wire-graph.js";
import { convertedModels, readConvertedModel } from "../../fixtures/converted-models.js";
import { runWire } from "../../fixtures/run-wires.js";
import { useWasm } from "../../fixtures/wasm-in-node.js";
import { graph, node, placeholder, type NodeJson } from "./graph-json.js";

/** Kernels that any op may run in addition, to pass tensors on or to give them another shape. */
const ALWAYS_THERE = ["Identity", "Reshape", "Cast"];

const registered = (backend: string): string[] => tfc.getKernelsForBackend(backend).map(({ kernelName }) => kernelName);

async function kernelsRun(nodes: NodeJson[], feeds: Record<string, tfc.Tensor>): Promise<string[]> {
  const weights = nodes
    .filter(({ op }) => op === "Const")
    .map(({ name, attr }) => ({ name, values: attr!.values as number[] }));
  const model = await loadGraphModel(
    tfc.io.fromMemory({
      format: "graph-model",
      modelTopology: graph(nodes),
      weightSpecs: weights.map(({ name, values }) => ({
        name,
        shape: values.length === 1 ? [] : [values.length],
        dtype: "int32" as const,
      })),
      weightData: Int32Array.from(weights.flatMap(({ values }) => values)).buffer,
    } as tfc.io.ModelArtifacts),
  );
  const { kernelNames } = await tfc.profile(() => model.execute(feeds) as tfc.Tensor);
  model.dispose();
  // Functions with a custom gradient appear in the profile under the name of their op, which ends in "__op". They are not kernels.
  return kernelNames.filter((name) => !name.endsWith("__op"));
}

const FLOAT = { T: { type: "DT_FLOAT" } };
const constant = (name: string, ...values: number[]): NodeJson =>
  node(name, "Const", [], { values, dtype: { type: "DT_INT32" } });
const a = placeholder("a", undefined);
const b = placeholder("b", undefined);

/** One node each, over `a` and `b` of shape [3, 4]. */
const CASES: [string, NodeJson[]][] = [
  ...["AddV2", "Mul", "RealDiv", "DivNoNan", "FloorMod", "Sub", "Maximum", "Pow", "SquaredDifference", "Atan2"].map(
    (op): [string, NodeJson[]] => [op, [a, b, node("y", op, ["a", "b"], FLOAT)]],
  ),
  ...["Abs", "Erf", "Relu6", "Sigmoid", "Square", "Softmax", "LogSoftmax", "ZerosLike", "Selu", "IsNan"].map(
    (op): [string, NodeJson[]] => [op, [a, node("y", op, ["a"], FLOAT)]],
  ),
  ...["Sum", "Mean", "Max", "Prod", "ArgMax"].map((op): [string, NodeJson[]] => [
    op,
    [a, constant("axis", 1), node("y", op, ["a", "axis"], { ...FLOAT, keep_dims: { b: false } })],
  ]),
  ["BroadcastTo", [a, constant("shape", 2, 3, 4), node("y", "BroadcastTo", ["a", "shape"], FLOAT)]],
  ["LowerBound", [a, b, node("y", "LowerBound", ["a", "b"], FLOAT)]],
  ["MatMul", [a, b, node("y", "MatMul", ["a", "b"], { ...FLOAT, transpose_b: { b: true } })]],
  ["BatchMatMulV2", [a, b, node("y", "BatchMatMulV2", ["a", "b"], { ...FLOAT, adj_y: { b: true } })]],
  ["Pack", [a, b, node("y", "Pack", ["a", "b"], { ...FLOAT, N: { i: "2" }, axis: { i: "0" } })]],
  ["Split", [a, constant("axis", 1), node("y", "Split", ["axis", "a"], { ...FLOAT, num_split: { i: "2" } })]],
  ["Transpose", [a, constant("order", 1, 0), node("y", "Transpose", ["a", "order"], FLOAT)]],
];

it("knows the ops in functions, and look-ups in hash tables", () => {
  const opsOf = (name: string) =>
    new Set(opsOnWire(inspectModel(readConvertedModel(name).artifacts, true).wire).map(({ op }) => op));
  const inBody = opsOf("loop-v2");
  expect(["StatelessWhile", "Tanh", "LogicalAnd"].filter((op) => inBody.has(op))).toHaveLength(3);
  expect([...opsOf("table")]).toContain("_TableFind");
});

describe("the kernels of an op", () => {
  it("are known for every op that TF.js's converter knows", async () => {
    const files = ["arithmetic", "basic_math", "control", "convolution", "creation", "dynamic", "evaluation", "graph"];
    const more = ["hash_table", "image", "logical", "matrices", "normalization", "ragged", "reduction", "slice_join"];
    let count = 0;
    for (const file of [...files, ...more, "sparse", "spectral", "string", "transformation"]) {
      const list: { json: { tfOpName: string }[] } = await import(
        `../../../node_modules/@tensorflow/tfjs-converter/dist/operations/op_list/${file}.js`
      );
      for (const { tfOpName } of list.json) {
        expect(kernelsOf(tfOpName), tfOpName).toBeDefined();
        count++;
      }
    }
    expect(count).toBeGreaterThan(180);
    expect(kernelsOf("SomethingElse")).toBeUndefined();
  });

  it.each(CASES)("%s are those that TF.js runs", async (op, nodes) => {
    await tfc.setBackend("cpu");
    const values = Array.from({ length: 12 }, (_, index) => index / 4 + 0.5);
    const feeds = Object.fromEntries(
      nodes.filter((each) => each.op === "Placeholder").map(({ name }) => [name, tfc.tensor(values, [3, 4])]),
    );
    const run = new Set(await kernelsRun(nodes, feeds));
    const needed = kernelsOf(op)!;
    expect([...needed].filter((kernel) => !run.has(kernel))).toEqual([]);
    const besides = [...run].filter((kernel) => !needed.includes(kernel) && !ALWAYS_THERE.includes(kernel));
    expect(besides).toEqual([]);
    // The kernels that are taken for granted exist on WASM.
    expect(ALWAYS_THERE.filter((kernel) => !registered("wasm").includes(kernel))).toEqual([]);
  });

  it("name the ops that keep WASM from running a model", async () => {
    const lacking: string[] = [];
    const choosy: string[] = [];
    for (const name of convertedModels) {
      const { artifacts, inputs } = readConvertedModel(name);
      const { wire } = inspectModel(artifacts, true);
      const nodes = opsOnWire(wire);
      if (nodes.length === 0) continue;
      await tfc.setBackend("cpu");
      expect(missingOps(nodes, registered("cpu")), name).toEqual([]);
      await useWasm();
      const missing = missingOps(nodes, registered("wasm"));
      const failure = await runWire(wire, inputs).then(() => undefined, String);
      if (missing.length > 0) {
        lacking.push(`${name}: ${missing.map(({ op }) => op).join()}`);
        expect(failure).toContain(`Kernel '${missing[0]!.kernels[0]}' not registered for backend 'wasm'`);
      } else if (failure !== undefined) choosy.push(`${name}: ${failure}`);
    }
    // Einsum, which WASM lacks, is composed.
    expect(lacking).toEqual([]);
    // So are fused products whose bias TF.js refuses.
    expect(choosy).toEqual([]);
  });
});
