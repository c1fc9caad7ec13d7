import { asJsonObject, type JsonObject } from "../artifacts.js";
import type { Graph, GraphNode } from "../graph/graph.js";
import { mapFunctionNodes } from "../graph/map-function-nodes.js";
import type { OptimizationReport } from "../optimise/optimization-report.js";
import { functionNodes } from "../wire-graph.js";
import { whyCorrected } from "./corrections.js";
import { splitSwitches } from "./split-switches.js";

/** Ops that pass their input on; TF.js knows the last of them only. */
const PASSING =
  /^(PreventGradient|CheckNumerics(V2)?|DebugIdentity(V2|V3)?|DeepCopy|Copy|CopyHost|EnsureFinite|_EagerConst)$/;

/**
 * Write operations that TF.js lacks, or computes otherwise than TensorFlow, as ones that are right. Every graph passes through here,
 * optimised or not, and so do the bodies of its functions. Most of these operations keep their names: workers run them in place of TF.js's
 * own (src/model/own-ops.ts). O(nodes).
 */
export function lowerGraph(graph: Graph): Graph {
  return splitSwitches({
    ...graph,
    nodes: graph.nodes.map(lowerNode),
    library: mapFunctionNodes(graph.library, (op, attr) => ({ op: loweredOp(op, attr) })),
  });
}

/** What does not run as TF.js would run it, and why, by op; for people to read. */
export function listCorrections({ nodes, library }: Graph): OptimizationReport["corrections"] {
  const inside = functionNodes(library).flatMap(({ name, op, attr }): GraphNode[] =>
    typeof name === "string" && typeof op === "string" ? [{ name, op, input: [], attr: asJsonObject(attr) }] : [],
  );
  const found = new Map<string, { op: string; reason: string; names: string[] }>();
  for (const node of [...nodes, ...inside]) {
    const reason = whyCorrected(node);
    if (reason === undefined) continue;
    const key = `${node.op}: ${reason}`;
    const entry = found.get(key);
    if (entry === undefined) found.set(key, { op: node.op, reason, names: [node.name] });
    else entry.names.push(node.name);
  }
  return [...found.values()].map(({ op, reason, names }) => {
    const more = names.length === 1 ? "" : ` and ${names.length - 1} more`;
    return { what: `${op.replace(/^_/, "")} "${names[0]!.slice(0, 120)}"${more}`, reason };
  });
}

function lowerNode(node: GraphNode): GraphNode {
  const op = loweredOp(node.op, node.attr);
  return op === node.op ? node : { ...node, op };
}

function loweredOp(op: string, attr: JsonObject): string {
  if (PASSING.test(op)) return "Identity";
  const { type } = asJsonObject(attr.T);
  const isWhole = typeof type === "string" && /^DT_U?INT/.test(type);
  return op === "Mul" && isWhole ? "_IntegerMul" : op;
}
