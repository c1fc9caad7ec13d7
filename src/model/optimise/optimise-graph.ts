import { parseReference, type Graph, type GraphNode } from "../graph/graph.js";
import { dropPassive } from "./drop-passive.js";
import { foldLinear } from "./fold-linear.js";
import type { OptimizationReport } from "./optimization-report.js";

/**
 * Rewrite a graph so that it computes the same with fewer and larger operations: drops what only passes data on, folds batch
 * normalisation and constant scales and shifts into the convolution or product before them, and fuses bias and activation.
 *
 * Pure planning: weights stay recipes. Results differ from the original's by rounding alone. Nodes in loops, branches and
 * functions, and patterns that are not fully understood, stay as they are.
 *
 * O(nodes + edges). Source: batch normalisation folding as in Jacob et al., Quantization and Training of Neural Networks (2018), §3.2.
 */
export function optimiseGraph(original: Graph): { graph: Graph; report: OptimizationReport } {
  const dropped = dropPassive(original);
  const folded = foldLinear(dropped.graph);
  const done = { ...folded.done, "identities-dropped": dropped.count };
  return {
    graph: pruneUnread(folded.graph),
    report: { isOptimized: Object.values(done).some((count) => count > 0), done, notDone: folded.notDone },
  };
}

/** Constants, and what is computed of them alone, that nobody reads any more. */
function pruneUnread(graph: Graph): Graph {
  const isRead = new Set(graph.outputs.map(({ tensorName }) => parseReference(tensorName).node));
  const kept: GraphNode[] = [];
  const byName = new Map(graph.nodes.map((node) => [node.name, node]));
  const isConstant = new Map<string, boolean>();
  for (const { name, op, input } of graph.nodes) {
    const sources = input.map((each) => parseReference(each).node);
    const isPure = op === "Const" || /^(Add|AddV2|Sub|Mul|RealDiv|Rsqrt|Sqrt|Neg|Identity|BiasAdd)$/.test(op);
    isConstant.set(name, isPure && sources.every((source) => isConstant.get(source) ?? !byName.has(source)));
  }
  for (const node of graph.nodes.toReversed()) {
    if (isConstant.get(node.name) === true && !isRead.has(node.name)) continue;
    for (const each of node.input) isRead.add(parseReference(each).node);
    kept.push(node);
  }
  return { ...graph, nodes: kept.reverse() };
}
