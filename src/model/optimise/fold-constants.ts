import { elementCountOf } from "../../protocol/tensors.js";
import { parseReference, type Graph, type GraphNode } from "../graph/graph.js";
import { Constants } from "./constants.js";
import { readersOf } from "./readers.js";

/** If broadcasting makes a constant larger than this, its memory costs more than computing it in every run. */
const MAX_STRETCHED = 65536;

/** Let workers compute what depends only on weights once, when they load the model, instead of in every run. */
export function foldConstants(
  graph: Graph,
  weightData: ArrayBuffer | SharedArrayBuffer,
): { graph: Graph; count: number } {
  const constants = new Constants(graph, weightData);
  const readers = readersOf(graph);
  const weights = new Map(graph.weights);
  let count = 0;
  const nodes = graph.nodes.map((node): GraphNode => {
    const constant = node.op === "Const" ? undefined : constants.get(node.name);
    // A node that the caller or a control edge reads is not changed.
    const list = readers.get(node.name) ?? [];
    if (constant === undefined || list.length === 0 || list.includes(undefined)) return node;
    if (list.every((reader) => constants.get(reader) !== undefined) || isStretched(node, constants)) return node;
    count++;
    weights.set(node.name, { kind: "computed", shape: constant.shape, dtype: "float32", value: constant.value });
    return { name: node.name, op: "Const", input: [], attr: { dtype: { type: "DT_FLOAT" } } };
  });
  return { graph: { ...graph, nodes, weights }, count };
}

function isStretched({ name, input }: GraphNode, constants: Constants): boolean {
  const size = elementCountOf(constants.get(name)!.shape);
  const largest = Math.max(...input.map((each) => elementCountOf(constants.get(each)?.shape ?? [])));
  return size > largest && size > MAX_STRETCHED;
}

/** Remove constants, and what is computed from constants alone, that no node and no output reads. */
export function pruneUnread(graph: Graph, weightData: ArrayBuffer | SharedArrayBuffer): Graph {
  const constants = new Constants(graph, weightData);
  const isRead = new Set(graph.outputs.map(({ tensorName }) => parseReference(tensorName).node));
  const kept: GraphNode[] = [];
  for (const node of graph.nodes.toReversed()) {
    const isConstant = node.op === "Const" || constants.get(node.name) !== undefined;
    if (isConstant && !isRead.has(node.name)) continue;
    for (const each of node.input) isRead.add(parseReference(each).node);
    kept.push(node);
  }
  return { ...graph, nodes: kept.reverse() };
}
