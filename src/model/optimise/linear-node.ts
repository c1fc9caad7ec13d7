import type { ConstantExpression } from "../../protocol/weight-recipe.js";
import { asJsonObject, type JsonObject } from "../artifacts.js";
import type { GraphNode } from "../graph/graph.js";
import { perChannel, type Constants } from "./constants.js";

/**
 * A convolution or a product with constant weights, as `kernel * x + bias`, then an activation: what the ops around it are
 * folded into.
 */
export interface LinearNode {
  readonly kind: "convolution" | "depthwise" | "product";
  readonly input: string;
  readonly attr: JsonObject;
  readonly kernelShape: readonly number[];
  readonly channelCount: number;
  /** Rank of its output. */
  readonly rank: number;
  readonly kernel: ConstantExpression;
  /** One value per output channel, or a scalar; `undefined` is none. */
  readonly bias: ConstantExpression | undefined;
}

const KINDS: Readonly<Record<string, LinearNode["kind"]>> = {
  Conv2D: "convolution",
  _FusedConv2D: "convolution",
  DepthwiseConv2dNative: "depthwise",
  FusedDepthwiseConv2dNative: "depthwise",
  MatMul: "product",
  _FusedMatMul: "product",
};

/** `undefined` where a node is none of these, has weights that are not constant, or an activation already. */
export function readLinearNode(node: GraphNode, constants: Constants): LinearNode | undefined {
  const { op, input, attr } = node;
  if (!Object.hasOwn(KINDS, op)) return undefined;
  const kind = KINDS[op]!;
  const kernel = constants.get(input[1]);
  if (kernel === undefined || input[0] === undefined || input.some((each) => each.startsWith("^"))) return undefined;
  if (kernel.shape.length !== (kind === "product" ? 2 : 4)) return undefined;
  if (kind === "product" && (isSet(attr.transpose_a) || isSet(attr.transpose_b))) return undefined;
  if (kind !== "product" && textOf(attr.data_format, "NHWC") !== "NHWC") return undefined;
  const fused = fusedOps(attr);
  if (fused.length > 1 || (fused.length === 1 && fused[0] !== "BiasAdd")) return undefined;
  const { shape } = kernel;
  const channelCount = kind === "depthwise" ? shape[2]! * shape[3]! : shape.at(-1)!;
  const rank = kind === "product" ? 2 : 4;
  const bias = fused.length === 1 ? perChannel(constants.get(input[2]), channelCount, 1) : undefined;
  if (fused.length === 1 && bias === undefined) return undefined;
  return { kind, input: input[0], attr, kernelShape: shape, channelCount, rank, kernel: kernel.value, bias };
}

/** `scale · (kernel * x + bias) + offset`; both per output channel or scalar. */
export function rescale(
  node: LinearNode,
  scale: ConstantExpression | undefined,
  offset: ConstantExpression | undefined,
): LinearNode {
  const multiply = (a: ConstantExpression): ConstantExpression =>
    scale === undefined ? a : { op: "mul", a, b: scale };
  const kernelScale = scale !== undefined && node.kind === "depthwise" ? spread(scale, node) : scale;
  const kernel: ConstantExpression =
    kernelScale === undefined ? node.kernel : { op: "mul", a: node.kernel, b: kernelScale };
  const scaled = node.bias === undefined ? undefined : multiply(node.bias);
  const bias: ConstantExpression | undefined =
    scaled === undefined ? offset : offset === undefined ? scaled : { op: "add", a: scaled, b: offset };
  return { ...node, kernel, bias };
}

/** Output channel `c · multiplier + m` of a depthwise convolution is element [c, m] of its kernel's last two axes. */
function spread(scale: ConstantExpression, { kernelShape, channelCount }: LinearNode): ConstantExpression {
  const ones: ConstantExpression = {
    op: "literal",
    tensor: { shape: [channelCount], values: Array.from({ length: channelCount }, () => 1) },
  };
  return { op: "reshape", a: { op: "mul", a: scale, b: ones }, shape: kernelShape.slice(2) };
}

function isSet(value: unknown): boolean {
  return asJsonObject(value).b === true;
}

/** Base64 in a file; bytes where somebody parsed a protocol buffer. */
export function textOf(value: unknown, fallback: string): string {
  const { s } = asJsonObject(value);
  if (typeof s !== "string") return fallback;
  try {
    return atob(s);
  } catch {
    return s;
  }
}

/** Names in `fused_ops`, in order. */
function fusedOps(attr: JsonObject): string[] {
  const { s } = asJsonObject(asJsonObject(attr.fused_ops).list);
  return Array.isArray(s) ? s.map((each: unknown) => textOf({ s: each }, "?")) : [];
}
