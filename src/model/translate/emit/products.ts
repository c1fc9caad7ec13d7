import type { EmitNode, NodeCall } from "../node-call.js";
import { broadcast } from "../shapes.js";
import type { Value } from "../value.js";
import { activate, fusedParts } from "./activations.js";
import { combine } from "./combine.js";

/** Weights [in, out] become [out, in]. Products of two computed matrices are another operator. */
const product: EmitNode = (call) => {
  const { bias, activation, slope } = fusedParts(call);
  const [a, b] = [call.input(0), call.input(1)];
  const [turnsA, turnsB] = [call.attrFlag("transpose_a"), call.attrFlag("transpose_b")];
  const isConnected = b.source.kind === "weight" && b.shape.length === 2;
  const sum = isConnected
    ? connected(call, turnsA ? call.transpose(a, [1, 0]) : a, turnsB ? b : call.transpose(b, [1, 0]), bias)
    : added(call, multiplied(call, a, b, turnsA, turnsB), bias);
  return [activation === undefined ? sum : activate(call, sum, activation, slope)];
};

/** @param weights [out, in] */
function connected(call: NodeCall, x: Value, weights: Value, bias: Value | undefined): Value {
  call.requireElement(x, "float32");
  const [outCount, inCount] = weights.shape as [number, number];
  if (x.shape.at(-1) !== inCount) call.misfit(`[${x.shape.join()}] multiplied by weights of ${inCount} rows`);
  const shape = [...x.shape.slice(0, -1), outCount];
  const isOneEach = bias?.shape.length === 1 && bias.shape[0] === outCount;
  const options = { keepNumDims: 1 };
  if (isOneEach) return call.emit("FULLY_CONNECTED", [x, weights, bias], { shape }, options);
  return added(call, call.emit("FULLY_CONNECTED", [x, weights, undefined], { shape }, options), bias);
}

function added(call: NodeCall, x: Value, bias: Value | undefined): Value {
  return bias === undefined ? x : combine(call, "ADD", x, bias);
}

function multiplied(call: NodeCall, a: Value, b: Value, turnsA: boolean, turnsB: boolean): Value {
  call.requireElement(a, "float32");
  call.requireElement(b, "float32");
  if (Math.min(a.shape.length, b.shape.length) < 2) call.refuse(`[${a.shape.join()}] times [${b.shape.join()}]`);
  if (Math.max(a.shape.length, b.shape.length) > 5) call.refuse(`products of ${a.shape.length} axes`);
  const [rows, inner] = turnsA ? a.shape.slice(-2).toReversed() : a.shape.slice(-2);
  const [same, columns] = turnsB ? b.shape.slice(-2).toReversed() : b.shape.slice(-2);
  if (inner !== same) call.misfit(`[${a.shape.join()}] times [${b.shape.join()}]`);
  const shape = [...broadcast(call, a.shape.slice(0, -2), b.shape.slice(0, -2)), rows!, columns!];
  return call.emit("BATCH_MATMUL", [a, b], { shape }, { adjointX: turnsA ? 1 : 0, adjointY: turnsB ? 1 : 0 });
}

const batchProduct: EmitNode = (call) => {
  const [a, b] = [call.input(0), call.input(1)];
  const [turnsA, turnsB] = [call.attrFlag("adj_x"), call.attrFlag("adj_y")];
  if (b.source.kind === "weight" && b.shape.length === 2 && !turnsA) {
    return [connected(call, a, turnsB ? b : call.transpose(b, [1, 0]), undefined)];
  }
  return [multiplied(call, a, b, turnsA, turnsB)];
};

export const PRODUCTS: Readonly<Record<string, EmitNode>> = {
  MatMul: product,
  _FusedMatMul: product,
  BatchMatMul: batchProduct,
  BatchMatMulV2: batchProduct,
  BatchMatMulV3: batchProduct,
};
