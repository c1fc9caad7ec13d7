import { parseReference, type GraphNode } from "../graph/graph.js";

/** Ops whose first output is a handle that only the worker that made it understands. */
const HANDLE_OPS =
  /^(TensorArray(V2|V3)?|EmptyTensorList|TensorList(Reserve|FromTensor|Split|SetItem|PushBack|Resize|ScatterV2|Scatter|ScatterIntoExistingList)|TensorListConcatLists|TensorListPopBack|HashTable(V2)?|MutableHashTable(V2)?|LookupTableImport(V2)?|InitializeTable(V2)?|VarHandleOp|AnonymousIterator.*|.*Resource.*|StackV2)$/;

/** TensorArray ops pass a "flow" on that stands for their order. */
const FLOW_OPS = /^TensorArray(Write|Scatter|Split|Unpack)(V2|V3)?$/;

/**
 * Which edges hold two nodes together in one layer: those that carry a handle, and those within a loop or a branch, where a
 * tensor has no value of its own (it is one of several iterations, or not there at all).
 *
 * @param nodes of the whole graph, in topological order. O(nodes + edges).
 */
export function bindsTogether(nodes: readonly GraphNode[]): (source: GraphNode, target: GraphNode) => boolean {
  const depths = frameDepths(nodes);
  const handles = handleNodes(nodes);
  return (source, target) =>
    handles.has(source.name) || (depths.get(source.name) ?? 0) > 0 || /^(Ref)?Merge$/.test(target.op);
}

/** How many loops and branches each node's outputs are inside of; counted too high where branches are not closed. */
function frameDepths(nodes: readonly GraphNode[]): Map<string, number> {
  const depths = new Map<string, number>();
  const ops = new Map(nodes.map(({ name, op }) => [name, op]));
  for (const node of nodes) {
    const sources = node.input.map((reference) => parseReference(reference).node);
    const reads = (pattern: RegExp): boolean => sources.some((name) => pattern.test(ops.get(name) ?? ""));
    const around = sources.reduce((deepest, name) => Math.max(deepest, depths.get(name) ?? 0), 0);
    depths.set(node.name, Math.max(0, around + depthChange(node.op, reads)));
  }
  return depths;
}

/** A loop is Enter … Exit, with a Merge for the way back and a Switch on LoopCond of its own; a branch is Switch … Merge. */
function depthChange(op: string, reads: (pattern: RegExp) => boolean): number {
  if (/^(Ref)?Enter$/.test(op)) return 1;
  if (/^(Ref)?Exit$/.test(op)) return -1;
  if (/^(Ref)?Switch$/.test(op)) return reads(/^LoopCond$/) ? 0 : 1;
  return /^(Ref)?Merge$/.test(op) && !reads(/^(Ref)?NextIteration$/) ? -1 : 0;
}

/** Nodes that give a handle, or pass one on. */
function handleNodes(nodes: readonly GraphNode[]): Set<string> {
  const handles = new Set<string>();
  for (const { name, op, input } of nodes) {
    const passesOn =
      /^(Identity|IdentityN|Enter|Switch|Merge|Exit|NextIteration|While|StatelessWhile|If|StatelessIf)$/.test(op);
    const readsHandle = input.some((reference) => handles.has(parseReference(reference).node));
    if (HANDLE_OPS.test(op) || FLOW_OPS.test(op) || (passesOn && readsHandle)) handles.add(name);
  }
  return handles;
}
