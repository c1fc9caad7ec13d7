import { parseReference, type GraphNode } from "../graph/graph.js";

const SWITCH = /^(Ref)?Switch$|^_SwitchN$/;
/** Ops that take whatever arrives, or bring it into a loop or its next iteration. */
const MEETING = /^(Ref)?(Merge|Enter|NextIteration)$/;

/**
 * Switch constants that only a control input keeps in their branch (`tf.cond` that returns a constant), so that they arrive at the
 * branches' end only if the branch was taken. TF.js ignores such control inputs, and would return the first constant whatever the
 * condition is. The same holds for constants that start a loop within a loop: they would start it only once. O(nodes + edges).
 */
export function gateBranches(nodes: readonly GraphNode[]): readonly GraphNode[] {
  if (!nodes.some(({ op }) => MEETING.test(op))) return nodes;
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const switched = findSwitched(nodes);
  const gates = new Map<string, GraphNode>();
  const gate = (reference: string): string => {
    const { node, isControl } = parseReference(reference);
    if (isControl || switched.has(node)) return reference;
    const pivot = findPivot(node, byName);
    if (pivot === undefined) return reference;
    const name = `${node}/${parseReference(reference).index}/gate/${pivot.node.name}`;
    if (byName.has(name)) return reference;
    const { op, attr, input } = pivot.node;
    const condition = op === "_SwitchN" ? { num_outs: attr.num_outs } : {};
    gates.set(name, {
      name,
      op,
      input: [reference, input[1] ?? ""],
      attr: { ...condition, T: typeOf(byName.get(node)) },
    });
    return pivot.index === 0 ? name : `${name}:${pivot.index}`;
  };
  const gated = nodes.map((node) => (MEETING.test(node.op) ? { ...node, input: node.input.map(gate) } : node));
  return [...gated, ...gates.values()];
}

function typeOf(node: GraphNode | undefined): unknown {
  return node?.attr.dtype ?? node?.attr.T ?? { type: "DT_FLOAT" };
}

/** The nodes that data from a switch, or a loop's frame, reaches. */
function findSwitched(nodes: readonly GraphNode[]): ReadonlySet<string> {
  const readers = new Map<string, string[]>();
  for (const { name, input } of nodes) {
    for (const reference of input) {
      const { node, isControl } = parseReference(reference);
      if (isControl) continue;
      const list = readers.get(node);
      if (list === undefined) readers.set(node, [name]);
      else list.push(name);
    }
  }
  const reached = new Set<string>();
  const pending = nodes.flatMap(({ name, op }) => (SWITCH.test(op) || op === "Enter" ? name : []));
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (reached.has(name)) continue;
    reached.add(name);
    pending.push(...(readers.get(name) ?? []));
  }
  return reached;
}

interface Pivot {
  readonly node: GraphNode;
  /** Of the switch's outputs, the one that the branch hangs on. */
  readonly index: number;
}

/** The switch that a control input of this node, or of what it is computed from, leads to. */
function findPivot(start: string, byName: ReadonlyMap<string, GraphNode>): Pivot | undefined {
  const seen = new Set<string>();
  const pending = [start];
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (seen.has(name)) continue;
    seen.add(name);
    for (const reference of byName.get(name)?.input ?? []) {
      const { node, isControl } = parseReference(reference);
      const pivot = isControl ? switchBehind(node, byName) : undefined;
      if (pivot !== undefined) return pivot;
      if (!isControl) pending.push(node);
    }
  }
  return undefined;
}

function switchBehind(name: string, byName: ReadonlyMap<string, GraphNode>): Pivot | undefined {
  const node = byName.get(name);
  const [input] = node?.input ?? [];
  if (node?.op !== "Identity" || input === undefined) return undefined;
  const { node: source, index } = parseReference(input);
  const found = byName.get(source);
  return found !== undefined && SWITCH.test(found.op) ? { node: found, index } : undefined;
}
