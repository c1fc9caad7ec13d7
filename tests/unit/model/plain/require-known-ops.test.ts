import { describe, it } from "vitest";
import type { Graph, GraphNode } from "../../../../src/model/graph/graph.js";
import { requireKnownOps } from "../../../../src/model/plain/require-known-ops.js";
import { caught } from "../../../fixtures/caught.js";

const node = (name: string, op: string, input: string[] = [], type = "DT_FLOAT"): GraphNode => ({
  name,
  op,
  input,
  attr: { T: { type } },
});

function graphOf(...nodes: GraphNode[]): Graph {
  const x = { name: "x", tensorName: "x:0", dtype: "float32", shape: undefined } as const;
  return {
    nodes: [node("x", "Placeholder"), ...nodes],
    weights: new Map(),
    inputs: [x],
    outputs: [{ ...x, name: "out", tensorName: "y:0" }],
    library: undefined,
    versions: undefined,
    initializer: undefined,
  };
}

describe("a graph that no engine can run is refused", () => {
  it.each([
    ["Cholesky", "linear algebra"],
    ["MatrixInverse", "linear algebra"],
    ["Lgamma", "special functions"],
    ["Mfcc", "audio operations"],
    ["PyFunc", "Python code"],
    ["SomethingElse", "which no engine here has"],
  ])("by the name of the node: %s", (op, reason) => {
    const graph = graphOf(node("bad/one", op, ["x"]), node("y", "Relu", ["bad/one"]));
    caught("model-unsupported", () => requireKnownOps(graph), `node "bad/one" (${op})`, reason);
  });

  it("if it computes with complex numbers otherwise than our ops, or returns some", () => {
    const odd = [node("c", "Complex", ["x", "x"]), node("s", "Sqrt", ["c"], "DT_COMPLEX64"), node("y", "Real", ["s"])];
    caught("model-unsupported", () => requireKnownOps(graphOf(...odd)), '"s" (Sqrt)', "for complex numbers");
    const returned = graphOf(node("y", "Complex", ["x", "x"]));
    caught("model-unsupported", () => requireKnownOps(returned), 'complex numbers as "out"');
  });
});

it("an unknown op that no output needs is no reason to refuse", () => {
  requireKnownOps(graphOf(node("unused", "SomethingElse", ["x"]), node("y", "Relu", ["x"])));
});
