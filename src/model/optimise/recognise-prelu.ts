import type { ConstantExpression } from "../../protocol/weight-recipe.js";
import { parseReference, type Graph, type GraphNode } from "../graph/graph.js";
import type { Constants, ConstantTensor } from "./constants.js";
import { GraphWriter } from "./graph-writer.js";
import { readLinearNode, type LinearNode } from "./linear-node.js";
import { onlyReader, readersOf, type Readers } from "./readers.js";

/** How many nodes to go back in search of a convolution. */
const MAX_STEPS = 4;

interface Context {
  readonly byName: ReadonlyMap<string, GraphNode>;
  readonly readers: Readers;
  readonly constants: Constants;
}

interface Prelu {
  /** The node input that it is applied to. */
  readonly x: string;
  readonly slopes: ConstantTensor;
  /** Nodes that are no longer needed. */
  readonly members: readonly GraphNode[];
}

/**
 * Rewrite `max(x, 0) + slopes · min(x, 0)` and `relu(x) - slopes · relu(-x)` as one Prelu, if there is one slope per channel of a
 * convolution or dense layer. Exact.
 */
export function recognisePrelu(graph: Graph, constants: Constants): { graph: Graph; count: number } {
  const byName = new Map(graph.nodes.map((node) => [node.name, node]));
  const context = { byName, readers: readersOf(graph), constants };
  const writer = new GraphWriter(graph);
  const replaced = new Map<string, readonly GraphNode[]>();
  let count = 0;
  for (const node of graph.nodes) {
    const prelu = readPrelu(node, context);
    if (prelu === undefined) continue;
    const { x, slopes, members } = prelu;
    const alpha = writer.constant(`${node.name}/slopes`, "float32", slopes.shape, slopes.value);
    for (const { name } of members) replaced.set(name, []);
    const attr = { T: { type: "DT_FLOAT" } };
    replaced.set(node.name, [alpha, { name: node.name, op: "Prelu", input: [x, alpha.name], attr }]);
    count++;
  }
  const nodes = graph.nodes.flatMap((node) => replaced.get(node.name) ?? [node]);
  return { graph: { ...graph, nodes, weights: writer.weights }, count };
}

function readPrelu(node: GraphNode, context: Context): Prelu | undefined {
  if ((node.op !== "AddV2" && node.op !== "Add") || node.input.length !== 2) return undefined;
  const [a, b] = node.input.map((each) => ownSource(each, node, context));
  if (a === undefined || b === undefined) return undefined;
  return readHalves(a, b, context) ?? readHalves(b, a, context);
}

function readHalves(above: GraphNode, scaled: GraphNode, context: Context): Prelu | undefined {
  const { constants } = context;
  const x = positivePart(above, constants);
  if (x === undefined || scaled.op !== "Mul" || scaled.input.length !== 2) return undefined;
  const place = constants.get(scaled.input[0]) === undefined ? 1 : 0;
  const factor = constants.get(scaled.input[place]);
  const below = ownSource(scaled.input[1 - place]!, scaled, context);
  if (factor === undefined || below === undefined) return undefined;
  const members = [above, scaled, below];
  const slopes = perChannelOf(factor, linearBehind(x, context));
  if (slopes === undefined) return undefined;
  if (below.op === "Minimum" && boundedAtZero(below, constants) === x) return { x, slopes, members };
  const flipped = positivePart(below, constants);
  const negative = flipped === undefined ? undefined : ownSource(flipped, below, context);
  if (negative?.op !== "Neg" || negative.input[0] !== x) return undefined;
  const value: ConstantExpression = { op: "neg", a: slopes.value };
  return { x, slopes: { ...slopes, value }, members: [...members, negative] };
}

/** The node that makes a tensor, if `reader` is its only reader. */
function ownSource(reference: string, reader: GraphNode, { byName, readers }: Context): GraphNode | undefined {
  const { node, index, isControl } = parseReference(reference);
  const source = index === 0 && !isControl ? byName.get(node) : undefined;
  return source !== undefined && onlyReader(source, readers, byName) === reader ? source : undefined;
}

/** The `x` in `max(x, 0)`; `undefined` if the node computes something else. */
function positivePart(node: GraphNode, constants: Constants): string | undefined {
  if (node.op === "Relu") return node.input[0];
  return node.op === "Maximum" ? boundedAtZero(node, constants) : undefined;
}

function boundedAtZero({ input }: GraphNode, constants: Constants): string | undefined {
  if (constants.scalar(input[0]) === 0) return input[1];
  return constants.scalar(input[1]) === 0 ? input[0] : undefined;
}

/** Reshape slopes to `[channelCount]`, which every backend broadcasts in the same way. */
function perChannelOf(constant: ConstantTensor, linear: LinearNode | undefined): ConstantTensor | undefined {
  const { shape, value } = constant;
  if (linear === undefined || shape.length > linear.rank) return undefined;
  const isPerChannel = shape.at(-1) === linear.channelCount && shape.slice(0, -1).every((size) => size === 1);
  const flat = [linear.channelCount];
  return isPerChannel ? { ...constant, shape: flat, value: { op: "reshape", a: value, shape: flat } } : undefined;
}

/** The convolution or dense layer that a tensor comes from, with only nodes in between that keep its axes. */
function linearBehind(x: string, { byName, constants }: Context): LinearNode | undefined {
  let node = byName.get(parseReference(x).node);
  for (let step = 0; node !== undefined && step < MAX_STEPS; step++) {
    const linear = readLinearNode(node, constants);
    if (linear !== undefined) return linear;
    if (!/^(BiasAdd|FusedBatchNorm(V2|V3)?)$/.test(node.op)) return undefined;
    node = byName.get(parseReference(node.input[0]!).node);
  }
  return undefined;
}
