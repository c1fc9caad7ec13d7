import { asJsonObject, type JsonObject } from "../artifacts.js";
import { parseReference, type Graph, type GraphNode } from "../graph/graph.js";
import { GraphWriter } from "../optimise/graph-writer.js";

/** More than any model has. */
const MAX_CASES = 1000;

const INT32: JsonObject = { T: { type: "DT_INT32" } };

/**
 * Write a switch of many ways (`tf.switch_case`) as one switch of two ways for each of its outputs. An index outside the cases takes the
 * last one. O(nodes).
 */
export function splitSwitches(graph: Graph): Graph {
  const writer = new GraphWriter(graph);
  const renamed = new Map<string, string>();
  const nodes = graph.nodes.flatMap((node) => (node.op === "_SwitchN" ? split(node, writer, renamed) : [node]));
  if (renamed.size === 0) return graph;
  const rename = (reference: string): string => {
    const { node, index, isControl } = parseReference(reference);
    return isControl ? reference : (renamed.get(`${node}:${index}`) ?? reference);
  };
  return {
    ...graph,
    nodes: nodes.map((node) => ({ ...node, input: node.input.map(rename) })),
    outputs: graph.outputs.map((output) => ({ ...output, tensorName: rename(output.tensorName) })),
    weights: writer.weights,
  };
}

function split(node: GraphNode, writer: GraphWriter, renamed: Map<string, string>): GraphNode[] {
  const [data = "", index = ""] = node.input;
  const { i } = asJsonObject(node.attr.num_outs);
  const count = typeof i === "number" || typeof i === "string" ? Math.min(MAX_CASES, Number(i) || 1) : 1;
  const { T } = node.attr;
  const make = (suffix: string, op: string, input: readonly string[], attr: JsonObject): GraphNode =>
    writer.node(`${node.name}/${suffix}`, op, input, attr);
  const number = (suffix: string, value: number): GraphNode =>
    writer.constant(`${node.name}/${suffix}`, "int32", [], { op: "literal", tensor: { shape: [], values: [value] } });
  const last = number("last", count - 1);
  const zero = number("zero", 0);
  const isBelow = make("is_below", "Less", [index, zero.name], INT32);
  const bounded = make("bounded", "Minimum", [index, last.name], INT32);
  const chosen = make("chosen", "SelectV2", [isBelow.name, last.name, bounded.name], INT32);
  const cases = Array.from({ length: count }, (_, each) => {
    const place = number(`case_${each}/index`, each);
    const isChosen = make(`case_${each}/is_chosen`, "Equal", [chosen.name, place.name], INT32);
    const way = make(`case_${each}`, "Switch", [data, isChosen.name], { T });
    renamed.set(`${node.name}:${each}`, `${way.name}:1`);
    return [place, isChosen, way];
  });
  return [last, zero, isBelow, bounded, chosen, ...cases.flat()];
}
