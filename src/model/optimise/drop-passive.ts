import { parseReference, tensorKey, type Graph, type GraphNode } from "../graph/graph.js";

const PASSIVE = /^(Identity|StopGradient|PreventGradient|CheckNumerics|Snapshot)$/;
/** Outputs of these ops may be dead, or belong to one of several iterations; an Identity behind them may stand for a control edge. */
const CONTROL_FLOW = /^(Ref)?(Switch|Merge|Enter|Exit|NextIteration|LoopCond)$/;

/** Remove nodes that return their input unchanged; their readers read the source instead. */
export function dropPassive(graph: Graph): { graph: Graph; count: number } {
  const byName = new Map(graph.nodes.map((node) => [node.name, node]));
  const controls = new Set(
    graph.nodes.flatMap(({ input }) => input.filter((each) => each.startsWith("^")).map((each) => each.slice(1))),
  );
  const sourceOf = new Map<string, string>();
  for (const node of graph.nodes) {
    const [input] = node.input;
    if (!PASSIVE.test(node.op) || node.input.length !== 1 || input === undefined || input.startsWith("^")) continue;
    const source = byName.get(parseReference(input).node);
    if (source === undefined || CONTROL_FLOW.test(source.op) || controls.has(node.name)) continue;
    sourceOf.set(node.name, resolve(sourceOf, input));
  }
  const isOutput = new Set(graph.outputs.map(({ tensorName }) => parseReference(tensorName).node));
  // An output of the model must be a computed tensor, so that it is not the same as an input or a weight.
  for (const name of isOutput) {
    const source = sourceOf.get(name);
    if (source !== undefined && isGiven(byName.get(parseReference(source).node)!)) sourceOf.delete(name);
  }
  const nodes = graph.nodes
    .filter(({ name }) => !sourceOf.has(name))
    .map((node) => ({ ...node, input: node.input.map((each) => resolve(sourceOf, each)) }));
  const outputs = graph.outputs.map((output) => ({
    ...output,
    tensorName: tensorKey(resolve(sourceOf, output.tensorName)),
  }));
  return { graph: { ...graph, nodes, outputs }, count: sourceOf.size };
}

function resolve(sourceOf: ReadonlyMap<string, string>, reference: string): string {
  const { node, index, isControl } = parseReference(reference);
  return index === 0 && !isControl ? (sourceOf.get(node) ?? reference) : reference;
}

function isGiven({ op }: GraphNode): boolean {
  return op === "Const" || op.startsWith("Placeholder");
}
