import type { Steps } from "../../core/steps.js";
import { parseReference, tensorKey, type Graph, type GraphNode, type TensorKey } from "../graph/graph.js";
import { neededNodes } from "../graph/needed-nodes.js";
import { isPassive } from "../read-graph.js";
import { bindsTogether } from "./uncuttable.js";

/** The smallest part of a graph that can be a stage of its own. */
export interface GraphLayer {
  /** The name of its last node that computes. */
  readonly name: string;
  /** The op of that node; "atomic part of N nodes" if several nodes that compute must stay together. */
  readonly op: string;
  /** Without Consts and Placeholders: every stage that reads them has its own copy. */
  readonly nodes: readonly GraphNode[];
}

/**
 * Divide a graph into its layers, at every place that no uncuttable edge crosses.
 *
 * An edge is uncuttable if it carries something that can't leave a worker (a hash table, a tensor list or array), or lies within a
 * loop or a branch. Nodes that only pass data on belong to the layer before them. O(nodes + edges), over `graph.nodes` in order.
 */
export function* listLayersInSteps(graph: Graph): Steps<GraphLayer[]> {
  const fed = fedNodes(graph);
  const holds = bindsTogether(graph.nodes);
  yield;
  // Control inputs count only within loops and branches.
  const needed = neededNodes(graph, fed, holds);
  yield;
  const nodes = graph.nodes.filter((node) => needed.has(node.name) && !isDuplicated(node, fed));
  const indexOf = new Map(nodes.map(({ name }, index) => [name, index]));
  // The number of uncuttable edges that cross the place in front of each node, as a difference array.
  const spanning = Array.from({ length: nodes.length + 1 }, () => 0);
  for (const [index, node] of nodes.entries()) {
    for (const reference of node.input) {
      const parsed = parseReference(reference);
      const source = indexOf.get(parsed.node);
      if (source === undefined || !holds(node, parsed)) continue;
      const [from, to] = source < index ? [source, index] : [index, source];
      spanning[from + 1]!++;
      spanning[to + 1]!--;
    }
  }
  yield;
  const layers: GraphNode[][] = [];
  let isComputing = false;
  let open = 0;
  for (const [index, node] of nodes.entries()) {
    open += spanning[index]!;
    const current = layers.at(-1);
    if (current === undefined || (open === 0 && isComputing && !isPassive(node))) layers.push([node]);
    else current.push(node);
    isComputing ||= !isPassive(node);
  }
  return layers.map((each) => describe(each));
}

/** Names of the nodes that the caller feeds: Placeholders, with or without a default, and other nodes named by the signature. */
export function fedNodes({ inputs }: Pick<Graph, "inputs">): ReadonlySet<string> {
  return new Set(inputs.map(({ tensorName }) => parseReference(tensorName).node));
}

/** Whether a node is a Const without inputs. A control input would make it part of a branch. */
export function isConst({ op, input }: GraphNode): boolean {
  return op === "Const" && input.length === 0;
}

/** Consts, Placeholders and other fed nodes belong to no layer: every stage that reads them has its own copy. */
export function isDuplicated(node: GraphNode, fed: ReadonlySet<string>): boolean {
  return isConst(node) || node.op === "Placeholder" || fed.has(node.name);
}

function describe(nodes: readonly GraphNode[]): GraphLayer {
  const computing = nodes.filter((node) => !isPassive(node));
  const last = computing.at(-1) ?? nodes.at(-1)!;
  return { name: last.name, op: computing.length > 1 ? `atomic part of ${computing.length} nodes` : last.op, nodes };
}

/** Names of the Consts, of which every stage that reads them has its own copy. */
export function constNames(graph: Graph): ReadonlySet<string> {
  return new Set(graph.nodes.filter(isConst).map(({ name }) => name));
}

/** The tensors that a layer reads from outside, except Consts. */
export function readsOf({ nodes }: GraphLayer, consts: ReadonlySet<string>): TensorKey[] {
  const own = new Set(nodes.map(({ name }) => name));
  const reads = new Set<TensorKey>();
  for (const { input } of nodes) {
    for (const reference of input) {
      const { node, isControl } = parseReference(reference);
      if (!isControl && !own.has(node) && !consts.has(node)) reads.add(tensorKey(reference));
    }
  }
  return [...reads];
}
