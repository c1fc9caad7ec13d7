import { asJsonObject } from "../artifacts.js";
import { ownOp } from "../own-ops.js";
import { parseReference, type GraphNode, type TensorReference } from "../graph/graph.js";

/** Ops whose first output is a handle that means something only in the worker that made it. */
const HANDLE_OPS =
  /^(TensorArray(V2|V3)?|EmptyTensorList|TensorList(Reserve|FromTensor|Split|SetItem|PushBack|Resize|ScatterV2|Scatter|ScatterIntoExistingList)|TensorListConcatLists|TensorListPopBack|HashTable(V2)?|MutableHashTable(V2)?|LookupTableImport(V2)?|InitializeTable(V2)?|VarHandleOp|AnonymousIterator.*|.*Resource.*|StackV2)$/;

/** TensorArray ops pass on a "flow", which stands for their order. */
const FLOW_OPS = /^TensorArray(Write|Scatter|Split|Unpack)(V2|V3)?$/;

/**
 * Decide which edges hold two nodes together in one layer. These are edges that carry a handle or complex numbers, which can't leave
 * a worker, and edges within a loop or a branch, where a tensor has no single value (it has one per iteration, or none at all).
 * Control inputs count only within loops and branches, where they decide whether a node runs at all.
 *
 * @param nodes of the whole graph, in topological order. O(nodes + edges).
 */
export function bindsTogether(nodes: readonly GraphNode[]): (target: GraphNode, reference: TensorReference) => boolean {
  const depths = frameDepths(nodes);
  const isHandle = findHandles(nodes);
  const complex = new Set(nodes.flatMap((node) => (givesComplex(node) ? node.name : [])));
  return (target, reference) => {
    const isInside = (depths.get(reference.node) ?? 0) > 0;
    if (reference.isControl) return isInside;
    return isInside || isHandle(reference) || complex.has(reference.node) || /^(Ref)?Merge$/.test(target.op);
  };
}

/** In how many loops and branches each node's outputs lie. The count is too high if a branch is not closed. */
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

/** A loop is Enter … Exit, with its own Merge for the way back and its own Switch on LoopCond; a branch is Switch … Merge. */
function depthChange(op: string, reads: (pattern: RegExp) => boolean): number {
  if (/^(Ref)?Enter$/.test(op)) return 1;
  if (/^(Ref)?Exit$/.test(op)) return -1;
  if (/^(Ref)?Switch$/.test(op)) return reads(/^LoopCond$/) ? 0 : 1;
  return /^(Ref)?Merge$/.test(op) && !reads(/^(Ref)?NextIteration$/) ? -1 : 0;
}

/** Find the outputs that are handles, of nodes that make them or pass them on. */
function findHandles(nodes: readonly GraphNode[]): (reference: TensorReference) => boolean {
  const givers = new Map<string, GraphNode>();
  const isHandle = ({ node, index }: TensorReference): boolean => {
    const giver = givers.get(node);
    return giver !== undefined && canBeHandle(giver, index);
  };
  // Large graphs have few different ops.
  const roles = new Map<string, "gives" | "passes on" | "neither">();
  for (const node of nodes) {
    const role = roles.get(node.op) ?? roleOf(node.op);
    roles.set(node.op, role);
    const readsHandle = role === "passes on" && node.input.some((reference) => isHandle(parseReference(reference)));
    if (role === "gives" || readsHandle) givers.set(node.name, node);
  }
  return isHandle;
}

/** What an op does with handles. */
function roleOf(op: string): "gives" | "passes on" | "neither" {
  if (HANDLE_OPS.test(op) || FLOW_OPS.test(op)) return "gives";
  const passesOn = /^(Identity|IdentityN|Enter|Switch|Merge|Exit|NextIteration|(Stateless)?(While|If))$/.test(op);
  return passesOn ? "passes on" : "neither";
}

/** While, If and IdentityN state the types of their outputs. For other ops, every output may be a handle. */
function canBeHandle({ op, attr }: GraphNode, index: number): boolean {
  if (!/^(IdentityN|(Stateless)?(While|If))$/.test(op)) return true;
  const types = asJsonObject(asJsonObject(attr.Tout ?? attr.T).list).type;
  const type: unknown = Array.isArray(types) ? types[index] : undefined;
  return type === undefined || type === "DT_VARIANT" || type === "DT_RESOURCE";
}

/** Whether a node returns complex numbers, for which there is no tensor type outside TF.js. */
export function givesComplex({ op, attr }: GraphNode): boolean {
  const [stated] = ownOp(op)?.outputs ?? [];
  if (stated !== undefined && !(stated in attr)) return stated === "complex64" || stated === "Tcomplex";
  if (/^(Shape|ShapeN|Size|Rank)$/.test(op)) return false;
  const types = [stated === undefined ? undefined : attr[stated], attr.Tout, attr.DstT, attr.T, attr.dtype].map(
    (each) => asJsonObject(each).type,
  );
  const type = types.find((each) => each !== undefined);
  return type === "DT_COMPLEX64" || type === "DT_COMPLEX128";
}
