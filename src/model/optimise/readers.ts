import { parseReference, type Graph, type GraphNode } from "../graph/graph.js";

/**
 * For each node, the names of the nodes that read its first output, once per use. `undefined` in a list stands for the model's
 * caller, for a reader of another output, or for a control edge.
 */
export type Readers = ReadonlyMap<string, readonly (string | undefined)[]>;

/** Find the readers of every node. O(nodes + edges). */
export function readersOf({ nodes, outputs }: Pick<Graph, "nodes" | "outputs">): Readers {
  const readers = new Map<string, (string | undefined)[]>();
  const add = (node: string, reader: string | undefined): void => {
    const list = readers.get(node);
    if (list === undefined) readers.set(node, [reader]);
    else list.push(reader);
  };
  for (const { name, input } of nodes) {
    for (const reference of input) {
      const { node, index, isControl } = parseReference(reference);
      add(node, index === 0 && !isControl ? name : undefined);
    }
  }
  for (const { tensorName } of outputs) add(parseReference(tensorName).node, undefined);
  return readers;
}

/** The only node that reads a node; `undefined` if there are several readers or none. */
export function onlyReader(
  { name }: GraphNode,
  readers: Readers,
  byName: ReadonlyMap<string, GraphNode>,
): GraphNode | undefined {
  const list = readers.get(name) ?? [];
  return list.length === 1 && list[0] !== undefined ? byName.get(list[0]) : undefined;
}
