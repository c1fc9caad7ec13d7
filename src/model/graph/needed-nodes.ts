import { parseReference, type Graph, type GraphNode, type TensorReference } from "./graph.js";

/**
 * The names of the nodes that an output depends on, fed ones among them; nothing behind these. O(nodes + edges).
 * @param holds whether a control input counts; by default none does.
 */
export function neededNodes(
  { nodes, outputs }: Pick<Graph, "nodes" | "outputs">,
  fed: ReadonlySet<string>,
  holds: (node: GraphNode, reference: TensorReference) => boolean = () => false,
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
