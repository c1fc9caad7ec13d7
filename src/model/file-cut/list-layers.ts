import type { TensorKey } from "../graph/graph.js";
import type { FileNode, NodeList } from "./node-list.js";

/** What stages have copies of, over all nodes that read them: far more than any model has, and what memory holds. */
const MAX_COPIED = 2_000_000;

/** The smallest part of a file's model that can be a stage of its own: nodes that follow one another. */
export interface FileLayer {
  readonly name: string;
  readonly op: string;
  readonly nodes: readonly FileNode[];
}

/** A model's layers, and where what they read comes from. */
export interface FileLayers {
  readonly layers: readonly FileLayer[];
  /** The tensors that a node needs from other nodes or from the caller, where it and its copies stand for what they read. */
  readonly needs: (node: FileNode) => ReadonlySet<TensorKey>;
  /** The nodes of which a stage with this one has copies. */
  readonly copiesFor: (node: FileNode) => ReadonlySet<FileNode>;
  /** A node's place in the file. */
  readonly placeOf: (node: FileNode) => number;
}

/**
 * Divide a model into its layers, at every place that no uncuttable tensor crosses and behind which something of weight begins.
 *
 * A tensor is uncuttable if it can't leave a worker, if nothing of the caller's has gone into it, or if its only reader is fused with its
 * maker. Nodes that the outputs don't depend on belong to no layer. O(nodes + operands + what stages have copies of).
 *
 * @returns `undefined` for a model of which stages would have copies without end: long chains of constants, each of which is read everywhere.
 */
export function listFileLayers(list: NodeList): FileLayers | undefined {
  const makers = new Map(list.nodes.flatMap((node) => node.makes.map((key): [TensorKey, FileNode] => [key, node])));
  const outputs = new Set(list.outputs);
  const isCopy = findCopies(list, makers, outputs);
  const found = findNeeds(list, makers, isCopy);
  if (found === undefined) return undefined;
  const { needs, copiesFor } = found;
  const ordered = list.nodes.filter((node) => !isCopy(node));
  const used = usedNodes(ordered, outputs, needs);
  const nodes = ordered.filter((node) => used.has(node));
  const given = givenNodes(list, nodes, needs);
  const crossings = countHeld(list, nodes, needs, given);

  const layers: FileNode[][] = [];
  let hasWeight = false;
  let open = 0;
  for (const [index, node] of nodes.entries()) {
    open += crossings[index]!;
    const isHeavy = !node.isLight && given.has(node);
    if (index === 0 || (open === 0 && hasWeight && isHeavy)) {
      layers.push([node]);
      hasWeight = false;
    } else layers.at(-1)!.push(node);
    hasWeight ||= isHeavy;
  }
  const places = new Map(list.nodes.map((node, place) => [node, place]));
  return { layers: layers.map(describe), needs, copiesFor, placeOf: (node) => places.get(node)! };
}

/** Nodes of which every stage that reads them has a copy. What the caller gets is made once. */
function findCopies(
  { nodes, constants }: NodeList,
  makers: ReadonlyMap<TensorKey, FileNode>,
  outputs: ReadonlySet<TensorKey>,
): (node: FileNode) => boolean {
  const constant = new Set<FileNode>();
  const copies = new Set<FileNode>();
  for (const node of nodes) {
    const isConstant = (key: TensorKey): boolean => constants.has(key) || constant.has(makers.get(key)!);
    if (node.copied === "never" || node.makes.some((key) => outputs.has(key))) continue;
    const isOfConstants = node.reads.every(isConstant);
    if (isOfConstants) constant.add(node);
    if (isOfConstants || node.copied === "always") copies.add(node);
  }
  return (node) => copies.has(node);
}

function findNeeds(
  { nodes, constants }: NodeList,
  makers: ReadonlyMap<TensorKey, FileNode>,
  isCopy: (node: FileNode) => boolean,
): Pick<FileLayers, "needs" | "copiesFor"> | undefined {
  const needs = new Map<FileNode, ReadonlySet<TensorKey>>();
  const copies = new Map<FileNode, ReadonlySet<FileNode>>();
  let copiedCount = 0;
  // Makers come first, so what a copy needs is known when its reader's turn comes.
  for (const node of nodes) {
    const needed = new Set<TensorKey>();
    const copied = new Set<FileNode>();
    for (const key of node.reads) {
      if (constants.has(key)) continue;
      const maker = makers.get(key);
      if (maker === undefined || !isCopy(maker)) needed.add(key);
      else {
        copied.add(maker);
        for (const each of needs.get(maker)!) needed.add(each);
        for (const each of copies.get(maker)!) copied.add(each);
        copiedCount += needs.get(maker)!.size + copies.get(maker)!.size;
        if (copiedCount > MAX_COPIED) return undefined;
      }
    }
    // A stage has what its copies read, too.
    for (const each of copied) copiedCount += each.reads.length;
    if (copiedCount > MAX_COPIED) return undefined;
    needs.set(node, needed);
    copies.set(node, copied);
  }
  return { needs: (node) => needs.get(node)!, copiesFor: (node) => copies.get(node)! };
}

function usedNodes(
  nodes: readonly FileNode[],
  outputs: ReadonlySet<TensorKey>,
  needs: FileLayers["needs"],
): ReadonlySet<FileNode> {
  const wanted = new Set(outputs);
  const used = new Set<FileNode>();
  for (const node of nodes.toReversed()) {
    if (!node.makes.some((key) => wanted.has(key))) continue;
    used.add(node);
    for (const key of needs(node)) wanted.add(key);
  }
  return used;
}

/** Nodes into which something of the caller's goes. A stage of others could not be told how many items there are. */
function givenNodes(
  { inputs }: NodeList,
  nodes: readonly FileNode[],
  needs: FileLayers["needs"],
): ReadonlySet<FileNode> {
  const keys = new Set(inputs);
  const given = new Set<FileNode>();
  for (const node of nodes) {
    if (![...needs(node)].some((key) => keys.has(key))) continue;
    given.add(node);
    for (const key of node.makes) keys.add(key);
  }
  return given;
}

/** How many uncuttable tensors begin, less how many end, at the place in front of each node. */
function countHeld(
  { crosses, fuses, outputs }: NodeList,
  nodes: readonly FileNode[],
  needs: FileLayers["needs"],
  given: ReadonlySet<FileNode>,
): number[] {
  const lastReader = new Map<TensorKey, number>();
  const readMoreThanOnce = new Set<TensorKey>(outputs);
  for (const [index, node] of nodes.entries()) {
    for (const key of needs(node)) {
      if (lastReader.has(key)) readMoreThanOnce.add(key);
      lastReader.set(key, index);
    }
  }
  const places = new Map(nodes.flatMap(({ makes }, index) => makes.map((key): [TensorKey, number] => [key, index])));
  // A node is fused with one of those that make what it reads: with the one that is nearest.
  const latest = nodes.map((node) => {
    let last = -1;
    for (const key of needs(node)) last = Math.max(last, places.get(key) ?? -1);
    return last;
  });
  const change = Array.from({ length: nodes.length + 1 }, () => 0);
  for (const [index, node] of nodes.entries()) {
    for (const key of node.makes) {
      const last = lastReader.get(key);
      if (last === undefined) continue;
      const isFused = !readMoreThanOnce.has(key) && latest[last] === index && fuses(nodes[last]!, key);
      if (given.has(node) && crosses(key) && !isFused) continue;
      change[index + 1]!++;
      change[last + 1]!--;
    }
  }
  return change;
}

function describe(nodes: readonly FileNode[]): FileLayer {
  const heavy = nodes.filter(({ isLight }) => !isLight);
  const [first = nodes[0]!] = heavy;
  return { name: first.name, op: heavy.length > 1 ? `atomic part of ${heavy.length} nodes` : first.op, nodes };
}
