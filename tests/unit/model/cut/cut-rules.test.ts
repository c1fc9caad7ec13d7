// What the cutter keeps together and what it separates, on graphs small enough to read. They run on TF.js's CPU backend if they can.
import "@tensorflow/tfjs-backend-cpu";
import { ready, setBackend } from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import type { ModelArtifacts } from "../../../../src/model/artifacts.js";
import { inspectModel } from "../../../../src/model/inspect-model.js";
import { caught } from "../../../fixtures/caught.js";
import { runWire } from "../../../fixtures/run-wires.js";
import { expectCutsExact } from "../../../fixtures/cut-plans.js";
import { dims, graph, node, placeholder, signed, type NodeJson } from "../graph-json.js";

beforeAll(async () => {
  await setBackend("cpu");
  await ready();
});

const FLOAT = { T: { type: "DT_FLOAT" } };
const constant = (name: string, input: string[] = []): NodeJson =>
  node(name, "Const", input, { dtype: { type: "DT_FLOAT" } });

/** @param weights scalars, by the name of their Const. */
function artifacts(
  nodes: NodeJson[],
  outputs: string[],
  weights: Record<string, number> = {},
  inputs = ["x"],
): ModelArtifacts {
  const entries = (names: string[]) => Object.fromEntries(names.map((name) => [name, signed(name, undefined)]));
  return {
    format: "graph-model",
    modelTopology: graph(nodes),
    signature: {
      inputs: Object.fromEntries(inputs.map((name) => [name, signed(name, dims(-1, 4))])),
      outputs: entries(outputs),
    },
    weightSpecs: Object.keys(weights).map((name) => ({ name, shape: [], dtype: "float32" as const })),
    weightData: Float32Array.from(Object.values(weights)).buffer,
  };
}

function stagedOf(model: ModelArtifacts) {
  return inspectModel(model, true).staged!;
}

/** The ops of each layer. */
function layersOf(model: ModelArtifacts): string[] {
  return stagedOf(model).layers.map(({ nodes }) => nodes.map(({ op }) => op).join(" "));
}

const x = placeholder("x", dims(-1, 4));

describe("layers", () => {
  it("are single nodes in straight-line code; what only renames belongs to the layer before it", async () => {
    const model = artifacts(
      [x, node("a", "Relu", ["x"], FLOAT), node("b", "Identity", ["a"], FLOAT), node("c", "Neg", ["b"], FLOAT)],
      ["c"],
    );
    expect(layersOf(model)).toEqual(["Relu Identity", "Neg"]);
    await expectCutsExact(model);
  });

  it("leave out nodes that no output depends on", async () => {
    const model = artifacts(
      [x, node("a", "Relu", ["x"], FLOAT), node("dead", "Exp", ["a"], FLOAT), node("c", "Neg", ["a", "^dead"], FLOAT)],
      ["c"],
    );
    expect(layersOf(model)).toEqual(["Relu", "Neg"]);
    await expectCutsExact(model);
  });

  it("keep the users of a handle together, and nothing that only stands between them", () => {
    const list = { element_dtype: { type: "DT_FLOAT" } };
    const model = artifacts(
      [
        ...[x, constant("shape"), constant("size"), node("list", "TensorListReserve", ["shape", "size"], list)],
        ...[node("between", "Relu", ["x"], FLOAT), node("other", "Exp", ["between"], FLOAT), constant("at")],
        ...[node("set", "TensorListSetItem", ["list", "at", "between"], list)],
        ...[node("stack", "TensorListStack", ["set", "shape"], list), node("y", "AddV2", ["stack", "other"], FLOAT)],
      ],
      ["y"],
      { shape: 1, size: 1, at: 0 },
    );
    expect(layersOf(model)).toEqual(["Relu", "Exp", "TensorListReserve TensorListSetItem TensorListStack", "AddV2"]);
  });

  it("keep what a loop or a branch holds by control inputs alone, switched", async () => {
    const bool = { T: { type: "DT_BOOL" } };
    const model = artifacts(
      [
        ...[x, node("m", "Max", ["x", "axes"], FLOAT), constant("axes"), node("p", "Greater", ["m", "zero"], FLOAT)],
        ...[constant("zero"), node("switch", "Switch", ["p", "p"], bool), node("no", "Identity", ["switch"], bool)],
        ...[node("yes", "Identity", ["switch:1"], bool), constant("one", ["^no"]), constant("two", ["^yes"])],
        ...[node("merge", "Merge", ["one", "two"], FLOAT), node("y", "Mul", ["x", "merge"], FLOAT)],
      ],
      ["y"],
      { axes: 0, zero: 0, one: 1, two: 2 },
    );
    const layers = layersOf(model);
    expect(layers).toHaveLength(4);
    expect(layers[2]!.split(" ").toSorted()).toEqual(["Merge", "Switch", "Switch"]);
    // TensorFlow returns the constant of the branch that is taken: 1 if the largest value is not positive.
    const { wire } = inspectModel(model, true);
    for (const [value, expected] of [
      [3, 6],
      [-3, -3],
    ] as const) {
      const { y } = await runWire(wire, {
        x: { dtype: "float32", shape: [1, 4], data: new Float32Array(4).fill(value) },
      });
      expect([...(y!.data as Float32Array)]).toEqual([expected, expected, expected, expected]);
    }
  });

  it("keep complex numbers on one worker", () => {
    const complex = { T: { type: "DT_COMPLEX64" } };
    const model = artifacts(
      [
        ...[
          x,
          node("c", "Complex", ["x", "x"], FLOAT),
          node("f", "FFT", ["c"], { Tcomplex: { type: "DT_COMPLEX64" } }),
        ],
        ...[node("g", "Mul", ["f", "f"], complex), node("r", "Real", ["g"], complex), node("y", "Neg", ["r"], FLOAT)],
      ],
      ["y"],
    );
    expect(layersOf(model).map((ops) => ops.split(" ").at(-1))).toEqual(["Real", "Neg"]);
  });
});

describe("stages", () => {
  it("take inputs that have a default, wherever they are read", async () => {
    const model = artifacts(
      [
        ...[x, constant("zero"), placeholder("bias", dims(-1, 4), "DT_FLOAT", "PlaceholderWithDefault")],
        ...[node("a", "Relu", ["x"], FLOAT), node("b", "AddV2", ["a", "bias"], FLOAT), node("c", "Exp", ["b"], FLOAT)],
        node("d", "Mul", ["c", "bias"], FLOAT),
      ].map((each) => (each.name === "bias" ? { ...each, input: ["zero"] } : each)),
      ["d"],
      { zero: 0 },
      ["x", "bias"],
    );
    const { staged } = await expectCutsExact(model);
    expect(staged.layers.map(({ op }) => op)).toEqual(["Relu", "AddV2", "Exp", "Mul"]);
    expect(staged.stages([1, 3]).map(({ inputs }) => inputs)).toEqual([["x:0"], ["a:0", "bias:0"], ["c:0", "bias:0"]]);
  });

  it("return outputs that are inputs or Consts, and each output once", async () => {
    const model = artifacts(
      [x, constant("answer"), node("a", "Relu", ["x"], FLOAT), node("b", "Exp", ["a"], FLOAT)],
      ["x", "answer", "a", "b"],
      { answer: 42 },
    );
    const { staged, whole } = await expectCutsExact(model);
    expect(whole.answer!.data).toEqual(Float32Array.of(42));
    expect(staged.stages([1]).map(({ outputs }) => outputs)).toEqual([
      ["a:0", "x:0"],
      ["b:0", "answer:0"],
    ]);
  });

  it("pass several tensors (bool, int32, from nodes with several outputs) over stages that don't read them", async () => {
    const split = { T: { type: "DT_FLOAT" }, num_split: { i: "2" } };
    const model = artifacts(
      [
        ...[
          x,
          node("axis", "Const", [], { dtype: { type: "DT_INT32" } }),
          node("halves", "Split", ["axis", "x"], split),
        ],
        ...[
          node("larger", "Greater", ["halves", "halves:1"], FLOAT),
          node("where", "ArgMax", ["halves:1", "axis"], FLOAT),
        ],
        ...[node("e", "Exp", ["halves:1"], FLOAT), node("y", "Select", ["larger", "e", "halves"], FLOAT)],
        node("z", "Cast", ["where"], { SrcT: { type: "DT_INT32" }, DstT: { type: "DT_FLOAT" } }),
      ],
      ["y", "z", "larger"],
    );
    const axis = { name: "axis", shape: [], dtype: "int32" as const };
    const { staged, whole } = await expectCutsExact({
      ...model,
      weightSpecs: [axis],
      weightData: Int32Array.of(1).buffer,
    });
    expect(whole.larger!.dtype).toBe("bool");
    const dtypes = staged.layers.flatMap((_, cut) =>
      cut === 0 ? [] : staged.stages([cut])[1]!.wire.inputs.map(({ name, dtype }) => `${name} ${dtype}`),
    );
    expect(new Set(dtypes)).toEqual(
      new Set(["halves:0 float32", "halves:1 float32", "larger:0 bool", "where:0 int32", "e:0 float32"]),
    );
  });

  it.each([[[0]], [[2, 1]], [[1, 1]], [[9]], [[1.5]], [[NaN]], [[-1]]])("are refused for cuts at %j", (cuts) => {
    const model = artifacts(
      [x, ...["a", "b", "c"].map((name, i) => node(name, "Exp", [i === 0 ? "x" : "abc"[i - 1]!], FLOAT))],
      ["c"],
    );
    caught("invalid-options", () => stagedOf(model).stages(cuts), "layers from 1 to 2");
  });
});
