import { describe, expect, it } from "vitest";
import type { ModelArtifacts } from "../../../src/model/artifacts.js";
import { ownOp } from "../../../src/model/own-ops.js";
import { readGraph } from "../../../src/model/read-graph.js";
import { caught } from "../../fixtures/caught.js";
import { dims, graph, node, placeholder, signed, type NodeJson } from "./graph-json.js";

const x = placeholder("x", dims(-1, 4));
const chain = [x, node("y", "Relu", ["x"])];

function read(nodes: readonly NodeJson[], more: Partial<ModelArtifacts> = {}, library?: object) {
  return readGraph({ modelTopology: graph(nodes, library), weightSpecs: [], weightData: new ArrayBuffer(0), ...more });
}

/** Name, tensor, shape and dtype of each binding. */
const brief = (bindings: ReturnType<typeof read>["inputs"]) =>
  bindings.map(({ name, tensorName, shape, dtype }) => [name, tensorName, shape, dtype]);

describe("a graph with a signature", () => {
  it("is named by the signature's keys, verbatim", () => {
    const { inputs, outputs } = read(chain, {
      signature: {
        inputs: { "serving default/x:0": signed("x:0", dims(-1, 4)) },
        outputs: { "Ausgabe ß": signed("y:0", dims(-1, 4)), "10": signed("y", dims(-1, 4)) },
      },
    });
    expect(brief(inputs)).toEqual([["serving default/x:0", "x:0", [-1, 4], "float32"]]);
    expect(Object.fromEntries(outputs.map(({ name, tensorName }) => [name, tensorName]))).toEqual({
      "Ausgabe ß": "y:0",
      "10": "y:0",
    });
  });

  it("takes that of userDefinedMetadata first, as TF.js does", () => {
    const outputs = { right: signed("y", dims(-1, 4)) };
    const reading = read(chain, {
      signature: { inputs: { wrong: signed("x", dims(-1, 4)) }, outputs: { wrong: signed("y", dims(-1, 4)) } },
      userDefinedMetadata: { signature: { inputs: { right: signed("x", dims(-1, 4)) }, outputs } },
    });
    expect([...reading.inputs, ...reading.outputs].map(({ name }) => name)).toEqual(["right", "right"]);
  });

  it("names several outputs of one node", () => {
    const { outputs } = read([x, node("top", "TopKV2", ["x"])], {
      signature: {
        outputs: { values: signed("top:0", dims(-1, 2)), indices: signed("top:1", dims(-1, 2), "DT_INT32") },
      },
    });
    expect(brief(outputs)).toEqual([
      ["values", "top:0", [-1, 2], "float32"],
      ["indices", "top:1", [-1, 2], "int32"],
    ]);
  });

  it("leaves out captured resources", () => {
    const { inputs } = read([x, placeholder("table", undefined, "DT_RESOURCE"), node("y", "Relu", ["x"])], {
      signature: {
        inputs: {
          x: signed("x:0", dims(-1, 4)),
          unknown: { name: "table:0", dtype: "DT_RESOURCE", resourceId: "5" },
          unknown_0: { name: "table:0", resourceId: 6 },
        },
        outputs: { y: signed("y:0", dims(-1, 4)) },
      },
    });
    expect(inputs.map(({ name }) => name)).toEqual(["x"]);
  });

  it("uses the Placeholder's shape and dtype, as TF.js does, else the signature's", () => {
    const signature = {
      inputs: { a: signed("a:0", dims(1, 4), "DT_FLOAT"), b: signed("b:0", dims(-1, 7)), c: signed("c:0", undefined) },
      outputs: { y: signed("y", undefined) },
    };
    const nodes = [
      placeholder("a", dims(-1, 4), "DT_INT32"),
      placeholder("b", { unknownRank: true }),
      placeholder("c", dims(3), "DT_BOOL", "PlaceholderWithDefault"),
      node("y", "AddN", ["a", "b", "c"]),
    ];
    const { inputs, outputs } = read(nodes, { signature });
    expect(brief(inputs)).toEqual([
      ["a", "a:0", [-1, 4], "int32"],
      ["b", "b:0", [-1, 7], "float32"],
      ["c", "c:0", [3], "bool"],
    ]);
    expect(brief(outputs)).toEqual([["y", "y:0", undefined, "float32"]]);
  });

  it("finds the right tensor if a key is the name of another tensor", () => {
    const { outputs } = read([x, node("Identity", "Relu", ["x"]), node("Identity_1", "Neg", ["x"])], {
      signature: { outputs: { Identity: signed("Identity_1", undefined), Identity_1: signed("Identity", undefined) } },
    });
    expect(outputs.map(({ name, tensorName }) => [name, tensorName])).toEqual([
      ["Identity", "Identity_1:0"],
      ["Identity_1", "Identity:0"],
    ]);
  });

  it("refuses entries without a node, naming them", () => {
    caught(
      "model-malformed",
      () => read(chain, { signature: { inputs: { in: signed("nowhere:0", dims(1)) } } }),
      '"nowhere:0"',
      '"in"',
    );
    caught("model-malformed", () => read(chain, { signature: { outputs: { out: { dtype: "DT_FLOAT" } } } }), '"out"');
  });

  it("without entries counts as none", () => {
    for (const signature of [{}, { inputs: {}, outputs: {} }, { inputs: [], outputs: null }]) {
      const { inputs, outputs } = read(chain, { signature });
      expect([inputs[0]!.name, outputs[0]!.name]).toEqual(["x", "y"]);
    }
  });
});

describe("a graph without a signature", () => {
  it("has the Placeholders as inputs and the nodes that no other reads as outputs", () => {
    const { inputs, outputs } = read([
      x,
      placeholder("keep", dims(), "DT_BOOL", "PlaceholderWithDefault"),
      node("w", "Const"),
      node("unused", "Const"),
      node("init", "NoOp", ["^y"]),
      node("split", "Split", ["w", "x"]),
      node("a", "Relu", ["split:1", "keep"]),
      node("y", "Neg", ["split"]),
      node("z", "Abs", ["w", "^y"]),
    ]);
    expect(brief(inputs)).toEqual([
      ["x", "x:0", [-1, 4], "float32"],
      ["keep", "keep:0", [], "bool"],
    ]);
    expect(outputs.map(({ name }) => name)).toEqual(["a", "z"]);
  });

  it("a Placeholder that nothing reads is no output", () => {
    const { inputs, outputs } = read([...chain, placeholder("unread", dims(2))]);
    expect(inputs.map(({ name }) => name)).toEqual(["x", "unread"]);
    expect(outputs.map(({ name }) => name)).toEqual(["y"]);
  });

  it("is refused if it has no outputs, but may do without inputs", () => {
    caught("model-malformed", () => read([]), "received 0 inputs and 0 outputs");
    caught(
      "model-malformed",
      () => read([x, node("a", "Relu", ["x", "b"]), node("b", "Relu", ["a"])]),
      "received 1 inputs and 0 outputs",
    );
    expect(read([node("w", "Const"), node("y", "Relu", ["w"])])).toMatchObject({
      inputs: [],
      outputs: [{ name: "y" }],
    });
  });
});

describe("shapes and dtypes", () => {
  it.each([
    [{ unknownRank: true }, undefined],
    [{ unknownRank: true, dim: [{ size: "3" }] }, undefined],
    [{}, []],
    [{ dim: [] }, []],
    [dims(-1, 2), [-1, 2]],
    [{ dim: [{ size: 7 }, { size: "8", name: "h" }] }, [7, 8]],
    [{ dim: [{ size: "x" }, {}, { size: 1.5 }, null, { size: "-7" }] }, [-1, -1, -1, -1, -1]],
    [{ dim: [{ size: "" }, { size: [8] }, { size: { toString: 1 } }, { size: true }] }, [-1, -1, -1, -1]],
    [{ dim: "none" }, undefined],
    [undefined, undefined],
  ])("%j is %j", (shape, expected) => {
    expect(read([placeholder("x", shape), node("y", "Relu", ["x"])]).inputs[0]!.shape).toEqual(expected);
  });

  it("maps dtypes as TF.js does", async () => {
    const { parseDtypeParam } = await import("@tensorflow/tfjs-converter/dist/operations/operation_mapper.js");
    const names = ["FLOAT", "HALF", "DOUBLE", "INT32", "INT64", "INT8", "UINT8", "BOOL", "STRING"].map(
      (name) => `DT_${name}`,
    );
    for (const name of names) {
      const { inputs } = read([placeholder("x", dims(-1), name), node("y", "Relu", ["x"])]);
      expect([name, inputs[0]!.dtype]).toEqual([name, parseDtypeParam(name)]);
    }
  });
});

describe("needsAsync", () => {
  it("is set by every op that TF.js runs asynchronously, and by no other", async () => {
    const list = (file: string): Promise<{ json: { tfOpName: string }[] }> =>
      import(`../../../node_modules/@tensorflow/tfjs-converter/dist/operations/op_list/${file}.js`);
    // Oracle: the categories whose executors return promises, so that a synchronous execute throws.
    const asynchronous = await Promise.all(["control", "dynamic", "hash_table"].map(list));
    const synchronous = await Promise.all(
      ["arithmetic", "basic_math", "convolution", "graph", "matrices", "slice_join"].map(list),
    );
    const needsAsync = (op: string) => read([x, node("y", op, ["x"]), node("z", "Relu", ["y"])]).needsAsync;
    const ops = (lists: typeof asynchronous) => lists.flatMap(({ json }) => json.map(({ tfOpName }) => tfOpName));
    expect(ops(asynchronous).length).toBeGreaterThan(40);
    expect(ops(synchronous).length).toBeGreaterThan(80);
    expect(ops(asynchronous).filter((op) => !needsAsync(op))).toEqual([]);
    // Our own ops in plain code wait for their inputs.
    expect(ops(synchronous).filter((op) => needsAsync(op) !== (ownOp(op)?.isAsync === true))).toEqual([]);
  });

  it("is not set by a function that the graph does not call", () => {
    const library = { function: [{ signature: { name: "f" }, nodeDef: [node("w", "While")] }] };
    expect(read(chain, {}, library).needsAsync).toBe(false);
    expect(read([x, node("y", "StatelessIf", ["x"])], {}, library).needsAsync).toBe(true);
  });
});

it("counts the nodes that compute", () => {
  const nodes = [
    x,
    node("w", "Const"),
    node("m", "MatMul", ["x", "w"]),
    node("i", "Identity", ["m"]),
    node("y", "Relu", ["i"]),
  ];
  expect(read(nodes).layerCount).toBe(2);
});

it.each([
  ["no list", { node: {} }],
  ["null", { node: [null] }],
  ["no name", { node: [{ op: "Relu" }] }],
  ["no op", { node: [{ name: "x", op: 3 }] }],
])("refuses a graph whose nodes are malformed: %s", (_, modelTopology) => {
  const artifacts = { modelTopology, weightSpecs: [], weightData: new ArrayBuffer(0) };
  caught("model-malformed", () => readGraph(artifacts), "the model.json is damaged");
});
