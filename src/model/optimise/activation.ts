import { asJsonObject } from "../artifacts.js";
import type { GraphNode } from "../graph/graph.js";
import type { Constants } from "./constants.js";
import type { LinearNode } from "./linear-node.js";

/** An activation, as attributes and inputs of a fused node. */
export interface FusedActivation {
  /** Its name in `fused_ops`. */
  readonly name: string;
  /** The slope of a leaky ReLU. */
  readonly leakyAlpha?: number;
  /** The slopes of a parametric ReLU, as a node's input. */
  readonly alphaInput?: string;
}

/** Activations that TF.js's fused kernels support on every backend. */
const PLAIN: Readonly<Record<string, string>> = { Relu: "Relu", Relu6: "Relu6", Elu: "Elu", Sigmoid: "Sigmoid" };

/** TensorFlow's default slope. */
const DEFAULT_LEAKY_ALPHA = 0.2;

/** Returns the activation that `node` computes, if the fused op of `linear` supports it; else `undefined`. */
export function readActivation(node: GraphNode, linear: LinearNode, constants: Constants): FusedActivation | undefined {
  if (linear.kind === "transposed") return undefined;
  const plain = readPlain(node, constants);
  if (plain !== undefined) return { name: plain };
  if (node.op === "LeakyRelu") {
    // TF.js ignores the slope for the depthwise op.
    if (linear.kind === "depthwise") return undefined;
    const alpha = asJsonObject(node.attr.alpha).f ?? DEFAULT_LEAKY_ALPHA;
    return typeof alpha === "number" ? { name: "LeakyRelu", leakyAlpha: alpha } : undefined;
  }
  if (node.op !== "Prelu") return undefined;
  // Slopes of other shapes are not broadcast alike on all backends.
  const alpha = constants.get(node.input[1]);
  const isPerChannel =
    alpha?.shape.at(-1) === linear.channelCount && alpha.shape.slice(0, -1).every((size) => size === 1);
  return isPerChannel && alpha.shape.length < linear.rank ? { name: "Prelu", alphaInput: node.input[1]! } : undefined;
}

/** Some frozen graphs write ReLUs as Maximum or ClipByValue. */
function readPlain({ op, input }: GraphNode, constants: Constants): string | undefined {
  if (Object.hasOwn(PLAIN, op)) return PLAIN[op];
  if (op === "Maximum" && (constants.scalar(input[0]) === 0 || constants.scalar(input[1]) === 0)) return "Relu";
  const isToSix = op === "ClipByValue" && constants.scalar(input[1]) === 0 && constants.scalar(input[2]) === 6;
  return isToSix ? "Relu6" : undefined;
}

/** Recognises a ReLU6 that is written as a ReLU followed by a Minimum. */
export function boundAtSix(
  { name }: FusedActivation,
  { op, input }: GraphNode,
  constants: Constants,
): FusedActivation | undefined {
  const isBound = op === "Minimum" && (constants.scalar(input[0]) === 6 || constants.scalar(input[1]) === 6);
  return name === "Relu" && isBound ? { name: "Relu6" } : undefined;
}
