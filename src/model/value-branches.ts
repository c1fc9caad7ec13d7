import { parseReference, type Graph, type GraphNode } from "./graph/graph.js";
import { functionNodes } from "./wire-graph.js";

/** The results of these ops depend on a tensor's shape, not on its values. */
const SHAPE_OPS = /^(Shape|ShapeN|Size|Rank)$/;

/**
 * Whether the values of the inputs decide which branch the graph takes. A batch takes one branch as a whole, so each of its items
 * depends on the others; a trial with two items may not show this. Loops don't count as branches.
 *
 * O(nodes + edges), over nodes in topological order. An `If` within a function always counts, whatever it reads.
 */
export function branchesOnValues({ nodes, library }: Pick<Graph, "nodes" | "library">): boolean {
  const depending = new Set<string>();
  const ops = new Map(nodes.map(({ name, op }) => [name, op]));
  for (const node of nodes) {
    const sources = node.input.map((reference) => parseReference(reference).node);
    const predicate = predicateOf(node, sources);
    if (predicate !== undefined && depending.has(predicate) && ops.get(predicate) !== "LoopCond") return true;
    const isGiven = node.op === "Placeholder";
    if (isGiven || (!SHAPE_OPS.test(node.op) && sources.some((source) => depending.has(source))))
      depending.add(node.name);
  }
  return functionNodes(library).some(({ op }) => op === "If" || op === "StatelessIf");
}

/** The node whose value decides which branch is taken. */
function predicateOf({ op }: GraphNode, sources: readonly string[]): string | undefined {
  if (/^(If|StatelessIf|if)$/.test(op)) return sources[0];
  return /^(Ref)?Switch$/.test(op) ? sources[1] : undefined;
}
