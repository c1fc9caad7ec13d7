import { parseReference, type Graph, type GraphNode } from "./graph/graph.js";
import { functionNodes } from "./wire-graph.js";

/** What these give is known from a tensor's shape, whatever its values are. */
const SHAPE_OPS = /^(Shape|ShapeN|Size|Rank)$/;

/**
 * Whether the graph takes one way or another by the values of its inputs. A batch goes one way as a whole, so that each of its items
 * depends on the others, which trying two items out may not show. Loops are no branches.
 *
 * O(nodes + edges), over nodes in topological order. An `If` within a function counts, whatever it reads.
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

/** The node that decides which way is taken. */
function predicateOf({ op }: GraphNode, sources: readonly string[]): string | undefined {
  if (/^(If|StatelessIf|if)$/.test(op)) return sources[0];
  return /^(Ref)?Switch$/.test(op) ? sources[1] : undefined;
}
