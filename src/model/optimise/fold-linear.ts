import type { Graph, GraphNode } from "../graph/graph.js";
import { boundAtSix, readActivation } from "./activation.js";
import type { Chain, FoldingStep } from "./chain.js";
import type { Constants } from "./constants.js";
import { emitLinear } from "./emit-linear.js";
import { foldArithmetic, foldBatchNorm } from "./fold-arithmetic.js";
import { GraphWriter } from "./graph-writer.js";
import { readLinearNode } from "./linear-node.js";
import { onlyReader, readersOf } from "./readers.js";
import { viewedAxes } from "./views.js";

/** Real chains have up to ten members. Each one makes the formulas of the weights longer. */
const MAX_MEMBERS = 32;

/** Fold the nodes after each convolution or product into it, as long as no other node reads the results in between. */
export function foldLinear(
  graph: Graph,
  constants: Constants,
): { graph: Graph; done: Readonly<Record<FoldingStep, number>> } {
  const byName = new Map(graph.nodes.map((node) => [node.name, node]));
  const readers = readersOf(graph);
  const writer = new GraphWriter(graph);
  const replaced = new Map<string, readonly GraphNode[]>();
  const done: Record<FoldingStep, number> = {
    "batch-normalizations-folded": 0,
    "scales-and-shifts-folded": 0,
    "biases-fused": 0,
    "activations-fused": 0,
  };
  for (const node of graph.nodes) {
    const linear = readLinearNode(node, constants);
    if (linear === undefined) continue;
    const follow = (last: GraphNode): GraphNode | undefined => onlyReader(last, readers, byName);
    const chain = longestChain({ linear, members: [node], steps: [] }, follow, byName, constants);
    if (!isWorthwhile(chain)) continue;
    for (const step of chain.steps) done[step]++;
    for (const { name } of chain.members) replaced.set(name, []);
    replaced.set(chain.members.at(-1)!.name, emitLinear(chain, writer));
  }
  const nodes = graph.nodes.flatMap((node) => replaced.get(node.name) ?? [node]);
  return { graph: { ...graph, nodes, weights: writer.weights }, done };
}

/** TF.js has no fused transposed convolution, so a bias alone is better left where it is. */
function isWorthwhile({ linear, steps }: Chain): boolean {
  return linear.kind === "transposed" ? steps.some((step) => step !== "biases-fused") : steps.length > 0;
}

/** Extend a chain as far as possible. It ends with the last member that was folded in. */
function longestChain(
  start: Chain,
  follow: (last: GraphNode) => GraphNode | undefined,
  byName: ReadonlyMap<string, GraphNode>,
  constants: Constants,
): Chain {
  let folded = start;
  for (let chain: Chain | undefined = start; chain !== undefined && chain.members.length <= MAX_MEMBERS;) {
    if (chain.steps.length > folded.steps.length) folded = chain;
    if (chain.activation !== undefined) {
      const bound = follow(chain.members.at(-1)!);
      const activation = bound && boundAtSix(chain.activation, bound, constants);
      return activation ? { ...chain, members: [...chain.members, bound!], activation } : chain;
    }
    const next = follow(chain.members.at(-1)!);
    chain = next && extend(chain, next, byName, constants);
  }
  return folded;
}

/** The chain extended by `next`; `undefined` if `next` can't be folded in. */
function extend(
  chain: Chain,
  next: GraphNode,
  byName: ReadonlyMap<string, GraphNode>,
  constants: Constants,
): Chain | undefined {
  if (next.input.some((each) => each.startsWith("^"))) return undefined;
  const { linear, view } = chain;
  const last = chain.members.at(-1)!;
  const members = [...chain.members, next];
  const activation = readActivation(next, linear, constants);
  if (activation !== undefined) return { ...chain, members, steps: [...chain.steps, "activations-fused"], activation };
  // The parameters of a batch normalisation belong to the last axis only.
  const normalised = view && view.axes.length > 1 ? undefined : foldBatchNorm(linear, next, constants);
  if (normalised !== undefined) {
    return { ...chain, linear: normalised, members, steps: [...chain.steps, "batch-normalizations-folded"] };
  }
  const shifted = foldArithmetic(linear, last, next, constants, view?.axes);
  if (shifted !== undefined) {
    const isBias = next.op === "BiasAdd";
    const step = isBias ? "biases-fused" : "scales-and-shifts-folded";
    return { ...chain, linear: shifted, members, steps: [...chain.steps, step] };
  }
  const axes = view === undefined ? viewedAxes(linear, next, byName, constants) : undefined;
  return axes === undefined ? undefined : { ...chain, members, view: { node: next, axes } };
}
