import type { ConstantExpression } from "../../protocol/weight-recipe.js";
import { asJsonObject } from "../artifacts.js";
import { parseReference, type GraphNode } from "../graph/graph.js";
import { isSet, textOf } from "./attributes.js";
import { perChannel, type Constants, type ConstantTensor } from "./constants.js";
import { rescale, type LinearNode } from "./linear-node.js";

/** The sizes of the last axes, which hold the channels: `[channelCount]`, or several sizes after a Reshape. */
export type ChannelAxes = readonly number[];

/** Fold in `(x - mean) · gamma / √(variance + epsilon) + beta`; `undefined` if `next` is another op, or not per channel. */
export function foldBatchNorm(linear: LinearNode, next: GraphNode, constants: Constants): LinearNode | undefined {
  if (!/^FusedBatchNorm(V2|V3)?$/.test(next.op)) return undefined;
  if (textOf(next.attr.data_format, "NHWC") !== "NHWC") return undefined;
  const parameter = (index: number): ConstantExpression | undefined =>
    perChannel(constants.get(next.input[index]), linear.channelCount, 1);
  const gamma = parameter(1);
  const beta = parameter(2);
  const mean = parameter(3);
  const variance = parameter(4);
  if (gamma === undefined || beta === undefined || mean === undefined || variance === undefined) return undefined;
  // In training mode, the statistics are those of the batch.
  if (isSet(next.attr.is_training)) return undefined;
  const epsilon = asJsonObject(next.attr.epsilon).f ?? 1e-4;
  if (typeof epsilon !== "number") return undefined;
  const deviation: ConstantExpression = { op: "rsqrt", a: { op: "add", a: variance, b: literal(epsilon) } };
  const scale: ConstantExpression = { op: "mul", a: gamma, b: deviation };
  const offset: ConstantExpression = { op: "sub", a: beta, b: { op: "mul", a: mean, b: scale } };
  return rescale(linear, scale, offset);
}

/**
 * Fold in the addition, subtraction, multiplication or division by a constant: biases, and the batch normalisations that frozen
 * graphs write out in this way. Returns `undefined` if `next` is something else.
 * @param last the node whose output `next` reads.
 * @param axes `undefined` as long as the tensor has the rank of the linear node's output.
 */
export function foldArithmetic(
  linear: LinearNode,
  last: GraphNode,
  next: GraphNode,
  constants: Constants,
  axes: ChannelAxes | undefined,
): LinearNode | undefined {
  if (next.op === "Neg") return rescale(linear, literal(-1), undefined);
  if (next.input.length !== 2) return undefined;
  if (next.op === "BiasAdd" && textOf(next.attr.data_format, "NHWC") !== "NHWC") return undefined;
  const isFirst = parseReference(next.input[0]!).node === last.name;
  const constant = channelValues(constants.get(next.input[isFirst ? 1 : 0]), linear, axes);
  if (constant === undefined) return undefined;
  switch (next.op) {
    case "BiasAdd":
    case "Add":
    case "AddV2":
      return rescale(linear, undefined, constant);
    case "Sub":
      return isFirst ? rescale(linear, undefined, { op: "neg", a: constant }) : rescale(linear, literal(-1), constant);
    case "Mul":
      return rescale(linear, constant, undefined);
    case "RealDiv":
      return isFirst ? rescale(linear, { op: "div", a: literal(1), b: constant }, undefined) : undefined;
    default:
      return undefined;
  }
}

function channelValues(
  constant: ConstantTensor | undefined,
  { channelCount, rank }: LinearNode,
  axes: ChannelAxes | undefined,
): ConstantExpression | undefined {
  if (axes === undefined || constant === undefined || constant.shape.length === 0) {
    return perChannel(constant, channelCount, rank);
  }
  // A constant with axes of size 1 before the channels might add axes, since the tensor's rank is not known here.
  const isAlike = constant.shape.length === axes.length && constant.shape.every((size, axis) => size === axes[axis]);
  return isAlike ? { op: "reshape", a: constant.value, shape: [channelCount] } : undefined;
}

function literal(value: number): ConstantExpression {
  return { op: "literal", tensor: { shape: [], values: [value] } };
}
