import { parseReference, tensorKey, type Graph, type GraphNode, type TensorKey } from "../graph/graph.js";
import { isPassive } from "../read-graph.js";
import { bindsTogether } from "./uncuttable.js";

/** The smallest part of a graph that can be a stage of its own. */
export interface GraphLayer {
  /** Of its last node that computes. */
  readonly name: string;
  /** Of that node; "atomic part of N nodes" where what belongs together is more than one. */
  readonly op: string;
  /** Without Consts and Placeholders, which every stage that reads them has for itself. */
  readonly nodes: readonly GraphNode[];
}

/**
 * Cut a graph into its layers: runs of nodes between two places where no edge holds them together.
 *
 * Such edges carry what can't leave a worker (hash tables, tensor lists and arrays) or lie within a loop or a branch. Nodes that only
 * pass data on belong to the layer before them. O(nodes + edges), over `graph.nodes` in their order.
 */
export function listGraphLayers(graph: Graph): GraphLayer[] {
  const fed = fedNodes(graph);
  const holds = bindsTogether(graph.nodes);
  const needed = neededNodes(graph, fed, holds);
  const nodes = graph.nodes.filter((node) => needed.has(node.name) && !isDuplicated(node, fed));
  const indexOf = new Map(nodes.map(({ name }, index) => [name, index]));
  // How many uncuttable edges span the place before each node.
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

/** Names of the nodes in whose place the model is fed: Placeholders, with a default or without, or whatever its signature names. */
export function fedNodes({ inputs }: Pick<Graph, "inputs">): ReadonlySet<string> {
  return new Set(inputs.map(({ tensorName }) => parseReference(tensorName).node));
}

/** Whether a node is a Const that stands alone; control inputs make it part of a branch. */
export function isConst({ op, input }: GraphNode): boolean {
  return op === "Const" && input.length === 0;
}

/** Consts, Placeholders and what else is fed: not layers, but part of every stage that reads them. */
export function isDuplicated(node: GraphNode, fed: ReadonlySet<string>): boolean {
  return isConst(node) || node.op === "Placeholder" || fed.has(node.name);
}

/** Nodes that have a part in an output. Control inputs count within loops and branches only. O(nodes + edges). */
function neededNodes(
  { nodes, outputs }: Graph,
  fed: ReadonlySet<string>,
  holds: ReturnType<typeof bindsTogether>,
): ReadonlySet<string> {
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const needed = new Set<string>();
  const pending = outputs.map(({ tensorName }) => parseReference(tensorName).node);
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (needed.has(name)) continue;
    needed.add(name);
    const node = byName.get(name);
    if (node === undefined || fed.has(name)) continue;
    for (const reference of node.input.map(parseReference)) {
      if (!reference.isControl || holds(node, reference)) pending.push(reference.node);
    }
  }
  return needed;
}

function describe(nodes: readonly GraphNode[]): GraphLayer {
  const computing = nodes.filter((node) => !isPassive(node));
  const last = computing.at(-1) ?? nodes.at(-1)!;
  return { name: last.name, op: computing.length > 1 ? `atomic part of ${computing.length} nodes` : last.op, nodes };
}

/** Names of the nodes that every stage which reads them has for itself. */
export function constNames(graph: Graph): ReadonlySet<string> {
  return new Set(graph.nodes.filter(isConst).map(({ name }) => name));
}

/** The tensors that a layer reads of others, Consts left out; and those that others may read of it. */
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
