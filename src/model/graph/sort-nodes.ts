import { bindsTogether } from "../cut/uncuttable.js";
import { malformed } from "../malformed.js";
import { parseReference, type GraphNode } from "./graph.js";
import { condense, groupNodes } from "./group-nodes.js";

/**
 * Producers before consumers, one branch finished before the next is begun, so that few tensors are live at any place. What can't be cut
 * apart (loops, branches, the users of a tensor list) stands together, and nothing in between that could as well stand elsewhere. What
 * depends on constants alone stands right before the first node that reads it. Loops (`NextIteration` into `Merge`) may go back.
 *
 * @throws ShardError "model-malformed" for two nodes of one name, an input that no node gives, or a cycle.
 * O(nodes + edges). Kahn's algorithm (1962) with a stack for what is ready, once over the nodes and once over what stands together.
 */
export function sortNodes(nodes: readonly GraphNode[]): GraphNode[] {
  const indexOf = indexByName(nodes);
  const sources = nodes.map((node) => sourcesOf(node, nodes, indexOf));
  const order = kahn(sources);
  if (order.length < nodes.length) {
    const placed = new Set(order);
    const stuck = nodes.find((_, index) => !placed.has(index))!;
    throw malformed("a graph without cycles", `one through node "${stuck.name.slice(0, 80)}"`);
  }
  const sorted = order.map((index) => nodes[index]!);
  const places = new Map(sorted.map(({ name }, place) => [name, place]));
  const sortedSources = sorted.map((node) =>
    sources[indexOf.get(node.name)!]!.map((source) => places.get(nodes[source]!.name)!),
  );
  const isConstant = constantNodes(sorted, sortedSources);
  const groups = groupNodes(sortedSources, bondsOf(sorted, places));
  const members = Array.from({ length: groups.groupCount }, (): number[] => []);
  for (const [place, group] of groups.groupOf.entries()) members[group]!.push(place);
  const groupSources = condense(sortedSources, groups);
  const isConstantGroup = members.map((each) => each.every((place) => isConstant[place]));
  return placeConstants(kahn(groupSources), groupSources, isConstantGroup)
    .flatMap((group) => members[group]!)
    .map((place) => sorted[place]!);
}

/** The ends of the edges that no cut may part. */
function bondsOf(sorted: readonly GraphNode[], places: ReadonlyMap<string, number>): [number, number][] {
  const holds = bindsTogether(sorted);
  return sorted.flatMap((node, place) =>
    node.input.flatMap((reference): [number, number][] => {
      const parsed = parseReference(reference);
      return holds(node, parsed) ? [[places.get(parsed.node)!, place]] : [];
    }),
  );
}

function kahn(sources: readonly (readonly number[])[]): number[] {
  const consumers: number[][] = sources.map(() => []);
  for (const [consumer, each] of sources.entries()) for (const source of each) consumers[source]!.push(consumer);
  const missing = sources.map((each) => each.length);
  const ready = missing.flatMap((count, index) => (count === 0 ? index : [])).reverse();
  const order: number[] = [];
  for (let index = ready.pop(); index !== undefined; index = ready.pop()) {
    order.push(index);
    for (const consumer of consumers[index]!.toReversed()) if (--missing[consumer]! === 0) ready.push(consumer);
  }
  return order;
}

/** Whether no input of the model has a part in a node. @param nodes in topological order. */
function constantNodes(nodes: readonly GraphNode[], sources: readonly (readonly number[])[]): boolean[] {
  const isConstant: boolean[] = [];
  for (const [index, { op }] of nodes.entries()) {
    isConstant.push(!op.startsWith("Placeholder") && sources[index]!.every((source) => isConstant[source]));
  }
  return isConstant;
}

/** The order of the others, each preceded by what constants it needs and nobody needed before. */
function placeConstants(
  order: readonly number[],
  sources: readonly (readonly number[])[],
  isConstant: readonly boolean[],
): number[] {
  const result: number[] = [];
  const isPlaced = isConstant.map(() => false);
  const placeWithSources = (root: number): void => {
    const stack = [root];
    while (stack.length > 0) {
      const index = stack.at(-1)!;
      const pending = isPlaced[index] ? [] : sources[index]!.filter((each) => isConstant[each] && !isPlaced[each]);
      if (pending.length > 0) {
        for (const each of pending) stack.push(each);
      } else {
        stack.pop();
        if (!isPlaced[index]) result.push(index);
        isPlaced[index] = true;
      }
    }
  };
  for (const index of order) if (!isConstant[index]) placeWithSources(index);
  // What nobody reads may still be an output.
  for (const index of order) placeWithSources(index);
  return result;
}

function indexByName(nodes: readonly GraphNode[]): Map<string, number> {
  const indexOf = new Map<string, number>();
  for (const [index, { name }] of nodes.entries()) {
    if (indexOf.has(name)) throw malformed(`one node "${name.slice(0, 80)}"`, "two");
    indexOf.set(name, index);
  }
  return indexOf;
}

/** Without the edges that loops go back by. Each source once. */
function sourcesOf(node: GraphNode, nodes: readonly GraphNode[], indexOf: ReadonlyMap<string, number>): number[] {
  const sources = new Set<number>();
  for (const reference of node.input) {
    const source = indexOf.get(parseReference(reference).node);
    if (source === undefined) {
      const expected = `a node "${reference.slice(0, 80)}" for an input of "${node.name.slice(0, 80)}"`;
      throw malformed(expected, "none of that name");
    }
    if (!(node.op === "Merge" && nodes[source]!.op === "NextIteration")) sources.add(source);
  }
  return [...sources];
}
