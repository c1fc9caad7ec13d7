import type { EmitNode, NodeCall } from "../node-call.js";
import type { OperatorName } from "../operators.js";
import { reducedShape } from "../shapes.js";
import { ELEMENT_NUMBERS, float, integerList, literal, type Element, type Value } from "../value.js";
import { combine } from "./combine.js";

const reduce =
  (name: OperatorName, ...elements: readonly Element[]): EmitNode =>
  (call) => {
    const x = call.input(0);
    call.requireElement(x, ...elements);
    const { length: rank } = x.shape;
    const axes = [...new Set(call.integers(1, "axes").map((axis) => call.axisOf(axis, rank)))];
    return [reduceAxes(call, name, x, axes, call.attrFlag("keep_dims"))];
  };

/** @param axes counted from the start */
function reduceAxes(call: NodeCall, name: OperatorName, x: Value, axes: readonly number[], keepsAxes: boolean): Value {
  if (axes.length === 0) return x;
  const shape = reducedShape(x.shape, axes, keepsAxes);
  return call.emit(name, [x, integerList(axes)], { shape }, { keepDims: keepsAxes ? 1 : 0 });
}

const position =
  (name: OperatorName): EmitNode =>
  (call) => {
    const x = call.input(0);
    call.requireElement(x, "float32", "int32");
    const axis = call.axis(1, x.shape.length);
    const shape = reducedShape(x.shape, [axis], false);
    const inputs = [x, literal("int32", [], [axis])];
    return [call.emit(name, inputs, { shape, element: "int32" }, { outputType: ELEMENT_NUMBERS.int32 })];
  };

const softmax =
  (name: OperatorName): EmitNode =>
  (call) => {
    const x = call.input(0);
    call.requireElement(x, "float32");
    return [call.emit(name, [x], { shape: x.shape }, name === "SOFTMAX" ? { beta: 1 } : {})];
  };

const cumulate: EmitNode = (call) => {
  const x = call.input(0);
  call.requireElement(x, "float32", "int32");
  const axis = literal("int32", [], [call.axis(1, x.shape.length)]);
  const options = { exclusive: Number(call.attrFlag("exclusive")), reverse: Number(call.attrFlag("reverse")) };
  return [call.emit("CUMSUM", [x, axis], { shape: x.shape }, options)];
};

const largest: EmitNode = (call) => {
  const x = call.input(0);
  call.requireElement(x, "float32", "int32");
  const [count] = call.inputs.length > 1 ? call.integers(1, "a count") : [call.attrInteger("k", 1)];
  const shape = x.shape.with(-1, count!);
  const outputs = [{ shape }, { shape, element: "int32" as const }];
  return call.emitAll("TOPK_V2", [x, literal("int32", [], [count!])], outputs);
};

/** In training, a batch is normalised with its own statistics. */
const batchNormalisation: EmitNode = (call) => {
  const x = call.input(0);
  call.requireElement(x, "float32");
  const channelAxis = call.attrText("data_format", "NHWC").startsWith("NC") ? 1 : x.shape.length - 1;
  const axes = x.shape.map((_, axis) => axis).filter((axis) => axis !== channelAxis);
  const perChannel = x.shape.map((size, axis) => (axis === channelAxis ? size : 1));
  const [scale, offset] = [1, 2].map((place) => call.reshape(call.input(place), perChannel));
  const given = (place: number): Value => call.reshape(call.input(place), perChannel);
  const isOwn = call.attrFlag("is_training");
  const mean = isOwn ? reduceAxes(call, "MEAN", x, axes, true) : given(3);
  const centred = combine(call, "SUB", x, mean);
  const squares = isOwn ? call.emit("SQUARE", [centred], { shape: x.shape }) : undefined;
  const variance = squares === undefined ? given(4) : reduceAxes(call, "MEAN", squares, axes, true);
  const sum = combine(call, "ADD", variance, float(call.attrFloat("epsilon", 1e-4)));
  const factor = combine(call, "MUL", call.emit("RSQRT", [sum], { shape: sum.shape }), scale!);
  return [combine(call, "ADD", combine(call, "MUL", centred, factor), offset!)];
};

const localResponse: EmitNode = (call) => {
  const x = call.input(0);
  call.requireElement(x, "float32");
  const options = {
    radius: call.attrInteger("depth_radius", 5),
    bias: call.attrFloat("bias", 1),
    alpha: call.attrFloat("alpha", 1),
    beta: call.attrFloat("beta", 0.5),
  };
  return [call.emit("LOCAL_RESPONSE_NORMALIZATION", [x], { shape: x.shape }, options)];
};

export const REDUCTIONS: Readonly<Record<string, EmitNode>> = {
  All: reduce("REDUCE_ALL", "bool"),
  Any: reduce("REDUCE_ANY", "bool"),
  Max: reduce("REDUCE_MAX", "float32", "int32"),
  Mean: reduce("MEAN", "float32"),
  Min: reduce("REDUCE_MIN", "float32", "int32"),
  Prod: reduce("REDUCE_PROD", "float32"),
  Sum: reduce("SUM", "float32", "int32"),

  ArgMax: position("ARG_MAX"),
  ArgMin: position("ARG_MIN"),
  Cumsum: cumulate,
  TopKV2: largest,

  LogSoftmax: softmax("LOG_SOFTMAX"),
  Softmax: softmax("SOFTMAX"),
  FusedBatchNorm: batchNormalisation,
  FusedBatchNormV2: batchNormalisation,
  FusedBatchNormV3: batchNormalisation,
  LRN: localResponse,
};
