import { allAtOnce, mapInSteps, type Steps } from "../../core/steps.js";
import { bindsTogether } from "../cut/uncuttable.js";
import { malformed } from "../malformed.js";
import { parseReference, type GraphNode } from "./graph.js";
import { condense, groupNodes } from "./group-nodes.js";

/**
 * Put producers before consumers, and finish one branch before the next one starts, so that few tensors are live at any place.
 * Nodes that can't be cut apart (loops, branches, the users of a tensor list) stand together, with nothing between them that could
 * stand elsewhere. Nodes that depend only on constants stand right before the first node that reads them. Only the edges that close
 * a loop (`NextIteration` into `Merge`) go backwards.
 *
 * @throws ShardError "model-malformed" for two nodes of one name, an input that no node makes, or a cycle.
 * O(nodes + edges). Kahn's algorithm (1962) with a stack of ready nodes, once over the nodes and once over the groups.
 */
export function sortNodes(nodes: readonly GraphNode[]): GraphNode[] {
  return allAtOnce(sortInSteps(nodes));
}

/** As `sortNodes`, in steps. */
export function* sortInSteps(nodes: readonly GraphNode[]): Steps<GraphNode[]> {
  const indexOf = indexByName(nodes);
  const sources = yield* mapInSteps(nodes, (node) => sourcesOf(node, nodes, indexOf));
  yield;
  const order = kahn(sources);
  yield;
  if (order.length < nodes.length) {
    const placed = new Set(order);
    const stuck = nodes.find((_, index) => !placed.has(index))!;
    throw malformed("a graph without cycles", `one through node "${stuck.name.slice(0, 80)}"`);
  }
  const sorted = order.map((index) => nodes[index]!);
  const places = new Map(sorted.map(({ name }, place) => [name, place]));
  const sortedSources = yield* mapInSteps(sorted, (node) =>
    sources[indexOf.get(node.name)!]!.map((source) => places.get(nodes[source]!.name)!),
  );
  yield;
  const isConstant = constantNodes(sorted, sortedSources);
  const bonds = yield* bondsOf(sorted, places);
  yield;
  const groups = groupNodes(sortedSources, bonds);
  yield;
  const members = Array.from({ length: groups.groupCount }, (): number[] => []);
  for (const [place, group] of groups.groupOf.entries()) members[group]!.push(place);
  const groupSources = condense(sortedSources, groups);
  yield;
  const isConstantGroup = members.map((each) => each.every((place) => isConstant[place]));
  return placeConstants(kahn(groupSources), groupSources, isConstantGroup)
    .flatMap((group) => members[group]!)
    .map((place) => sorted[place]!);
}

/** The two ends of every edge that no cut may cross. */
function* bondsOf(sorted: readonly GraphNode[], places: ReadonlyMap<string, number>): Steps<[number, number][]> {
  const holds = bindsTogether(sorted);
  yield;
  const bonds = yield* mapInSteps(sorted, (node, place) =>
    node.input.flatMap((reference): [number, number][] => {
      const parsed = parseReference(reference);
      return holds(node, parsed) ? [[places.get(parsed.node)!, place]] : [];
    }),
  );
  return bonds.flat();
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

/** For each node, whether it depends on no input of the model. @param nodes in topological order. */
function constantNodes(nodes: readonly GraphNode[], sources: readonly (readonly number[])[]): boolean[] {
  const isConstant: boolean[] = [];
  for (const [index, { op }] of nodes.entries()) {
    isConstant.push(!op.startsWith("Placeholder") && sources[index]!.every((source) => isConstant[source]));
  }
  return isConstant;
}

/** Keep the order of the other groups, and put each constant group right before the first group that needs it. */
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
  // A constant that no group reads may still be an output.
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

/** The nodes that a node reads, each listed once, without the edges that close a loop. */
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
