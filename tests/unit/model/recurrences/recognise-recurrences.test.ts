// The results of recognised loops are compared with TensorFlow's in tests/unit/model/cut/converted-models.test.ts.
import { describe, expect, it } from "vitest";
import { asJsonObject } from "../../../../src/model/artifacts.js";
import type { Graph, GraphNode } from "../../../../src/model/graph/graph.js";
import { readGraphDef } from "../../../../src/model/graph/read-graph-def.js";
import { inspectModel } from "../../../../src/model/inspect-model.js";
import { recogniseRecurrences } from "../../../../src/model/recurrences/recognise-recurrences.js";
import type { TfjsWire } from "../../../../src/protocol/model-on-wire.js";
import { readConvertedModel } from "../../../fixtures/converted-models.js";

const { artifacts } = readConvertedModel("recurrent");
const { weightData } = inspectModel(artifacts, true).wire as TfjsWire;
const graph = readGraphDef(artifacts, weightData);
const BODY = /while\/body/;

function changed(change: (node: GraphNode) => GraphNode): Graph {
  const nodes = graph.nodes.map(change);
  const differing = nodes.filter((node, index) => node !== graph.nodes[index]);
  expect(differing.length).toBe(1);
  return { ...graph, nodes };
}

/** The graph with another op for the first node of one. */
function withOp(from: string, to: string): Graph {
  const first = graph.nodes.find(({ name, op }) => op === from && BODY.test(name));
  return changed((node) => (node === first ? { ...node, op: to } : node));
}

describe("the loop of an LSTM", () => {
  it("becomes one node", () => {
    const { graph: recognised, count } = recogniseRecurrences(graph, weightData);
    expect(count).toBe(1);
    const ops = recognised.nodes.map(({ op }) => op);
    expect(ops.filter((op) => op === "_SharderLstm")).toHaveLength(1);
    expect(ops.filter((op) => /^(Enter|Exit|Merge|Switch|LoopCond|NextIteration|TensorList.*)$/.test(op))).toEqual([]);
  });

  it.each<[string, () => Graph]>([
    ["another activation of one gate", () => withOp("Sigmoid", "Relu")],
    ["another operation between gates", () => withOp("AddV2", "Sub")],
    ["a difference of products", () => withOp("Mul", "Sub")],
    [
      "a transposed kernel",
      () =>
        changed((node) =>
          node.op === "MatMul" && BODY.test(node.name)
            ? { ...node, attr: { ...node.attr, transpose_b: { b: true } } }
            : node,
        ),
    ],
    [
      "fewer parts of the sum",
      () =>
        changed((node) => (node.op === "Split" ? { ...node, attr: { ...node.attr, num_split: { i: "5" } } } : node)),
    ],
    [
      "gates in another order",
      () => {
        const [, second] = graph.nodes.filter(({ op, name }) => op === "Sigmoid" && BODY.test(name));
        return changed((node) => (node === second ? { ...node, input: [node.input[0]!.replace(":1", ":2")] } : node));
      },
    ],
    [
      "a step that reads another element",
      () => {
        const counter = graph.nodes.find(({ op, name }) => op === "TensorListGetItem" && BODY.test(name))!;
        return changed((node) =>
          node === counter ? { ...node, input: [node.input[0]!, node.input[2]!, node.input[2]!] } : node,
        );
      },
    ],
    [
      "a count that goes on for longer",
      () => changed((node) => (node.op === "Less" ? { ...node, op: "LessEqual" } : node)),
    ],
    [
      "a list of several elements of which one is written",
      () => {
        const size = graph.nodes.find(({ op }) => op === "TensorListReserve")!.input[1]!;
        const first = graph.nodes.find(({ name }) => name === size)!;
        const value = { op: "literal", tensor: { shape: [], values: [3] } } as const;
        const weights = new Map(graph.weights);
        weights.set(first.name, { kind: "computed", shape: [], dtype: "int32", value });
        return { ...graph, weights };
      },
    ],
    [
      "an output of the model within it",
      () => {
        const exit = graph.nodes.find(({ op }) => op === "Exit")!;
        const [output] = graph.outputs;
        return { ...graph, outputs: [...graph.outputs, { ...output!, name: "z", tensorName: `${exit.name}:0` }] };
      },
    ],
  ])("stays with %s", (_, make) => {
    const other = make();
    expect(recogniseRecurrences(other, weightData)).toEqual({ graph: other, count: 0 });
  });

  it("has the attributes of its cell", () => {
    const node = recogniseRecurrences(graph, weightData).graph.nodes.find(({ op }) => op === "_SharderLstm")!;
    const flag = (key: string): unknown => asJsonObject(node.attr[key]).b;
    const flags = ["has_mask", "has_initial_state", "has_bias", "go_backwards", "return_sequences"].map(flag);
    expect(flags).toEqual([false, false, true, false, false]);
    expect(atob(String(asJsonObject(node.attr.activation).s))).toBe("tanh");
    expect(atob(String(asJsonObject(node.attr.recurrent_activation).s))).toBe("sigmoid");
  });
});
