import type { ConstantExpression } from "../../protocol/weight-recipe.js";
import type { JsonObject } from "../artifacts.js";
import type { GraphNode } from "../graph/graph.js";
import { fusedOps, isSet, textOf } from "./attributes.js";
import { perChannel, type Constants } from "./constants.js";

/**
 * A convolution or a product with constant weights: `kernel * x + bias`, then perhaps an activation. The ops after it are folded
 * into it.
 */
export interface LinearNode {
  readonly kind: "convolution" | "depthwise" | "transposed" | "product";
  /** Its inputs in their order, without bias; `undefined` in the place of the kernel. */
  readonly inputs: readonly (string | undefined)[];
  /** The node input that holds the kernel, as long as nothing has been folded into it. */
  readonly kernelInput: string | undefined;
  readonly attr: JsonObject;
  readonly kernelShape: readonly number[];
  readonly channelCount: number;
  /** The rank of its output. */
  readonly rank: number;
  readonly kernel: ConstantExpression;
  /** One value per output channel, or a scalar; `undefined` if there is no bias. */
  readonly bias: ConstantExpression | undefined;
}

const KINDS: Readonly<Record<string, LinearNode["kind"]>> = {
  Conv2D: "convolution",
  _FusedConv2D: "convolution",
  DepthwiseConv2dNative: "depthwise",
  FusedDepthwiseConv2dNative: "depthwise",
  Conv2DBackpropInput: "transposed",
  MatMul: "product",
  _FusedMatMul: "product",
  // BatchMatMul is left out: TF.js's fused WASM kernel adds wrong biases to all matrices except the first.
};

/** Whether a node with this op is a linear node, provided that its weights are constant. */
export function isLinearOp(op: string): boolean {
  return Object.hasOwn(KINDS, op);
}

/** Read a linear node; `undefined` if it has another op, weights that are not constant, or already an activation. */
export function readLinearNode(node: GraphNode, constants: Constants): LinearNode | undefined {
  const { op, input, attr } = node;
  if (!isLinearOp(op)) return undefined;
  const kind = KINDS[op]!;
  const given = constants.get(input[1]);
  if (given === undefined || input.some((each) => each.startsWith("^"))) return undefined;
  const fused = fusedOps(attr);
  if (fused.length > 1 || (fused.length === 1 && fused[0] !== "BiasAdd")) return undefined;
  if (given.shape.length !== (kind === "product" ? 2 : 4)) return undefined;
  // An empty kernel may claim any number of channels.
  if (given.shape.includes(0)) return undefined;
  if (kind !== "product" && textOf(attr.data_format, "NHWC") !== "NHWC") return undefined;
  if (kind === "product" && isSet(attr.transpose_a)) return undefined;
  const isTurned = kind === "product" && isSet(attr.transpose_b);
  const kernelShape = isTurned ? given.shape.toReversed() : given.shape;
  const kernel: ConstantExpression = isTurned ? { op: "transpose", a: given.value, permutation: [1, 0] } : given.value;
  const channelCount =
    kind === "depthwise" ? kernelShape[2]! * kernelShape[3]! : kernelShape.at(kind === "transposed" ? 2 : -1)!;
  const bias = fused.length === 1 ? perChannel(constants.get(input[2]), channelCount, 1) : undefined;
  if (fused.length === 1 && bias === undefined) return undefined;
  return {
    kind,
    inputs: kind === "transposed" ? [input[0], undefined, input[2]] : [input[0], undefined],
    kernelInput: isTurned ? undefined : input[1],
    attr: kind === "product" ? { ...attr, transpose_a: { b: false }, transpose_b: { b: false } } : attr,
    kernelShape,
    channelCount,
    rank: kind === "product" ? 2 : 4,
    kernel,
    bias,
  };
}

/** Returns `scale · (kernel * x + bias) + offset`. Both are per output channel, or scalars. */
export function rescale(
  node: LinearNode,
  scale: ConstantExpression | undefined,
  offset: ConstantExpression | undefined,
): LinearNode {
  const bias = addTo(node.bias && multiply(node.bias, scale), offset);
  if (scale === undefined) return { ...node, bias };
  const kernel: ConstantExpression = { op: "mul", a: node.kernel, b: spread(scale, node) };
  return { ...node, kernelInput: undefined, kernel, bias };
}

function multiply(a: ConstantExpression, scale: ConstantExpression | undefined): ConstantExpression {
  return scale === undefined ? a : { op: "mul", a, b: scale };
}

function addTo(a: ConstantExpression | undefined, b: ConstantExpression | undefined): ConstantExpression | undefined {
  return a === undefined || b === undefined ? (a ?? b) : { op: "add", a, b };
}

/**
 * Shape values per output channel so that they broadcast along the right axes of the kernel. That is the last axis, with two
 * exceptions: output channel `c · multiplier + m` of a depthwise convolution is element [c, m] of the last two axes, and kernels of
 * transposed convolutions have the axes [height, width, out, in].
 */
function spread(scale: ConstantExpression, { kind, kernelShape, channelCount }: LinearNode): ConstantExpression {
  if (kind === "convolution" || kind === "product") return scale;
  const ones: ConstantExpression = {
    op: "literal",
    tensor: { shape: [channelCount], values: Array.from({ length: channelCount }, () => 1) },
  };
  const shape = kind === "depthwise" ? kernelShape.slice(2) : [channelCount, 1];
  return { op: "reshape", a: { op: "mul", a: scale, b: ones }, shape };
}
