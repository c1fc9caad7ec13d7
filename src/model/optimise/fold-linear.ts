import type { ConstantExpression, WeightRecipe } from "../../protocol/weight-recipe.js";
import { asJsonObject, type JsonObject } from "../artifacts.js";
import { parseReference, type Graph, type GraphNode } from "../graph/graph.js";
import { readActivation, type FusedActivation } from "./activation.js";
import { Constants, perChannel } from "./constants.js";
import { readLinearNode, rescale, textOf, type LinearNode } from "./linear-node.js";
import type { OptimizationKind, OptimizationReport } from "./optimization-report.js";

type Step = Exclude<OptimizationKind, "identities-dropped">;
type Done = Record<Step, number>;

/** A linear node with what was folded into it so far. */
interface Chain {
  readonly linear: LinearNode;
  /** The node whose output the chain gives. */
  readonly last: GraphNode;
  readonly steps: readonly Step[];
  readonly activation?: FusedActivation;
}

interface Folding {
  readonly graph: Graph;
  readonly done: Done;
  readonly notDone: OptimizationReport["notDone"];
}

/** Fold what follows each convolution or product into it, as far as nobody else reads what lies between. */
export function foldLinear(graph: Graph): Folding {
  const byName = new Map(graph.nodes.map((node) => [node.name, node]));
  const constants = new Constants(byName, graph.weights);
  const readers = readersOf(graph);
  const weights = new Map(graph.weights);
  const replaced = new Map<string, GraphNode[]>();
  const taken = new Set(byName.keys());
  const done: Done = {
    "batch-normalizations-folded": 0,
    "scales-and-shifts-folded": 0,
    "biases-fused": 0,
    "activations-fused": 0,
  };
  const notDone: { what: string; reason: string }[] = [];
  for (const node of graph.nodes) {
    const linear = readLinearNode(node, constants);
    if (linear === undefined) continue;
    const members = [node.name];
    let chain: Chain = { linear, last: node, steps: [] };
    for (let next = onlyReader(chain.last, readers, byName); next !== undefined;) {
      const longer = extend(chain, next, constants);
      if (longer === undefined) break;
      chain = longer;
      members.push(next.name);
      next = chain.activation === undefined ? onlyReader(chain.last, readers, byName) : undefined;
    }
    if (chain.steps.length === 0) continue;
    for (const step of chain.steps) done[step]++;
    for (const name of members) replaced.set(name, []);
    replaced.set(chain.last.name, emit(chain, node, weights, taken));
  }
  const nodes = graph.nodes.flatMap((node) => replaced.get(node.name) ?? [node]);
  for (const node of nodes) {
    if (node.op.startsWith("FusedBatchNorm")) {
      notDone.push({ what: node.name, reason: "a batch normalisation that does not follow a convolution of its own" });
    }
  }
  return { graph: { ...graph, nodes, weights }, done, notDone };
}

/** For each node, who reads its first output; `undefined` in the list stands for the model's caller, or another use. */
function readersOf(graph: Graph): Map<string, (string | undefined)[]> {
  const readers = new Map<string, (string | undefined)[]>();
  const add = (node: string, reader: string | undefined): void => {
    const list = readers.get(node);
    if (list === undefined) readers.set(node, [reader]);
    else list.push(reader);
  };
  for (const { name, input } of graph.nodes) {
    for (const reference of input) {
      const { node, index, isControl } = parseReference(reference);
      add(node, index === 0 && !isControl ? name : undefined);
    }
  }
  for (const { tensorName } of graph.outputs) add(parseReference(tensorName).node, undefined);
  return readers;
}

function onlyReader(
  { name }: GraphNode,
  readers: ReadonlyMap<string, readonly (string | undefined)[]>,
  byName: ReadonlyMap<string, GraphNode>,
): GraphNode | undefined {
  const list = readers.get(name) ?? [];
  return list.length === 1 && list[0] !== undefined ? byName.get(list[0]) : undefined;
}

/** The chain with `next` folded into it; `undefined` where it can't be. */
function extend({ linear, last, steps }: Chain, next: GraphNode, constants: Constants): Chain | undefined {
  const activation = readActivation(next, linear, constants);
  if (activation !== undefined) {
    return { linear, last: next, steps: [...steps, "activations-fused"], activation };
  }
  if (next.input.some((each) => each.startsWith("^"))) return undefined;
  const normalised = foldBatchNorm(linear, next, constants);
  if (normalised !== undefined)
    return { linear: normalised, last: next, steps: [...steps, "batch-normalizations-folded"] };
  const shifted = foldArithmetic(linear, last, next, constants);
  if (shifted === undefined) return undefined;
  const isBias = next.op === "BiasAdd";
  return { linear: shifted, last: next, steps: [...steps, isBias ? "biases-fused" : "scales-and-shifts-folded"] };
}

/** `(x - mean) · gamma / √(variance + epsilon) + beta` */
function foldBatchNorm(linear: LinearNode, next: GraphNode, constants: Constants): LinearNode | undefined {
  if (!/^FusedBatchNorm(V2|V3)?$/.test(next.op) || linear.kind === "product") return undefined;
  if (textOf(next.attr.data_format, "NHWC") !== "NHWC") return undefined;
  const parts = [1, 2, 3, 4].map((index) => perChannel(constants.get(next.input[index]), linear.channelCount, 1));
  const [gamma, beta, mean, variance] = parts;
  if (gamma === undefined || beta === undefined || mean === undefined || variance === undefined) return undefined;
  // TF.js's default where the attribute is missing.
  const epsilon = asJsonObject(next.attr.epsilon).f ?? 0.001;
  if (typeof epsilon !== "number") return undefined;
  const literal: ConstantExpression = { op: "literal", tensor: { shape: [], values: [epsilon] } };
  const deviation: ConstantExpression = { op: "rsqrt", a: { op: "add", a: variance, b: literal } };
  const scale: ConstantExpression = { op: "mul", a: gamma, b: deviation };
  const offset: ConstantExpression = { op: "sub", a: beta, b: { op: "mul", a: mean, b: scale } };
  return rescale(linear, scale, offset);
}

function foldArithmetic(
  linear: LinearNode,
  last: GraphNode,
  next: GraphNode,
  constants: Constants,
): LinearNode | undefined {
  if (next.input.length !== 2) return undefined;
  if (next.op === "BiasAdd" && textOf(next.attr.data_format, "NHWC") !== "NHWC") return undefined;
  const isFirst = parseReference(next.input[0]!).node === last.name;
  const constant = perChannel(constants.get(next.input[isFirst ? 1 : 0]), linear.channelCount, linear.rank);
  if (constant === undefined) return undefined;
  switch (next.op) {
    case "BiasAdd":
    case "Add":
    case "AddV2":
      return rescale(linear, undefined, constant);
    case "Sub":
      return isFirst ? rescale(linear, undefined, { op: "neg", a: constant }) : undefined;
    case "Mul":
      return rescale(linear, constant, undefined);
    case "RealDiv": {
      const one: ConstantExpression = { op: "literal", tensor: { shape: [], values: [1] } };
      return isFirst ? rescale(linear, { op: "div", a: one, b: constant }, undefined) : undefined;
    }
    default:
      return undefined;
  }
}

const FUSED_OPS = {
  convolution: "_FusedConv2D",
  depthwise: "FusedDepthwiseConv2dNative",
  product: "_FusedMatMul",
} as const;

/** The fused node, under the name of the chain's last one, with Consts for its computed weights before it. */
function emit(
  { linear, last, activation }: Chain,
  first: GraphNode,
  weights: Map<string, WeightRecipe>,
  taken: Set<string>,
): GraphNode[] {
  const { kernelShape, channelCount } = linear;
  const consts: GraphNode[] = [];
  const constant = (suffix: string, shape: readonly number[], value: ConstantExpression): string => {
    let name = `${first.name}/${suffix}`;
    while (taken.has(name)) name += "_";
    taken.add(name);
    weights.set(name, { kind: "computed", shape, dtype: "float32", value });
    consts.push({ name, op: "Const", input: [], attr: { dtype: { type: "DT_FLOAT" } } });
    return name;
  };
  const isPlainKernel = linear.kernel.op === "weight";
  const kernel = isPlainKernel ? first.input[1]! : constant("folded_kernel", kernelShape, linear.kernel);
  const zero: ConstantExpression = { op: "literal", tensor: { shape: [], values: [0] } };
  // Kernels want a bias of one value per channel.
  const zeros: ConstantExpression = {
    op: "literal",
    tensor: { shape: [channelCount], values: Array.from({ length: channelCount }, () => 0) },
  };
  const bias = constant("folded_bias", [channelCount], { op: "add", a: linear.bias ?? zero, b: zeros });
  const names = ["BiasAdd", ...(activation === undefined ? [] : [activation.name])];
  const extra = [bias, ...(activation?.alphaInput === undefined ? [] : [activation.alphaInput])];
  const attr: JsonObject = {
    ...linear.attr,
    fused_ops: { list: { s: names.map((name) => btoa(name)) } },
    num_args: { i: String(extra.length) },
    ...(activation?.leakyAlpha === undefined ? {} : { leakyrelu_alpha: { f: activation.leakyAlpha } }),
  };
  return [...consts, { name: last.name, op: FUSED_OPS[linear.kind], input: [linear.input, kernel, ...extra], attr }];
}
