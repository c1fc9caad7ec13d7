import type { ConstantExpression } from "../../protocol/weight-recipe.js";
import { asJsonObject } from "../artifacts.js";
import { parseReference, type GraphNode } from "../graph/graph.js";
import { textOf } from "./attributes.js";
import { perChannel, type Constants, type ConstantTensor } from "./constants.js";
import { rescale, type LinearNode } from "./linear-node.js";

/** How the values per channel lie in the last axes of the tensor: `[channelCount]`, or several axes after a Reshape. */
export type ChannelAxes = readonly number[];

/** `(x - mean) · gamma / √(variance + epsilon) + beta`; `undefined` where `next` is no such thing, or not per channel. */
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
  // TF.js's default where the attribute is missing.
  const epsilon = asJsonObject(next.attr.epsilon).f ?? 0.001;
  if (typeof epsilon !== "number") return undefined;
  const deviation: ConstantExpression = { op: "rsqrt", a: { op: "add", a: variance, b: literal(epsilon) } };
  const scale: ConstantExpression = { op: "mul", a: gamma, b: deviation };
  const offset: ConstantExpression = { op: "sub", a: beta, b: { op: "mul", a: mean, b: scale } };
  return rescale(linear, scale, offset);
}

/**
 * A constant added, subtracted, multiplied or divided by: biases, and batch normalisation as frozen graphs write it out.
 * @param last the node whose output `next` reads.
 * @param axes `undefined` while the tensor has the rank that the linear node gave it.
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
  // Ones before the channels might add axes to a tensor whose rank is not known here.
  const isAlike = constant.shape.length === axes.length && constant.shape.every((size, axis) => size === axes[axis]);
  return isAlike ? { op: "reshape", a: constant.value, shape: [channelCount] } : undefined;
}

function literal(value: number): ConstantExpression {
  return { op: "literal", tensor: { shape: [], values: [value] } };
}
