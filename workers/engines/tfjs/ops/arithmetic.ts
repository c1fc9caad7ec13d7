import {
  abs,
  add,
  clipByValue,
  concat,
  div,
  equal,
  euclideanNorm,
  floor,
  less,
  log,
  log1p,
  maximum,
  mean,
  minimum,
  mod,
  mul,
  notEqual,
  pow,
  reciprocal,
  reshape,
  round,
  scalar,
  sign,
  split,
  sqrt,
  square,
  sub,
  sum,
  where,
  zerosLike,
  type Tensor as TfTensor,
} from "@tensorflow/tfjs-core";
import type { KernelNode, KernelOp } from "./kernel-node.js";
import { combineInts, ifInts, powInt } from "./whole-numbers.js";

const floorMod = (a: number, b: number): number => (b === 0 ? 0 : a - b * Math.floor(a / b));

/** The sign of the dividend, as in C. Of whole numbers and floats. */
const truncateMod: KernelOp = (node) => {
  const [a, b] = [node.tensor(0), node.tensor(1)];
  return ifInts(node, (x, y) => (y === 0 ? 0 : x % y)) ?? mul(sign(a), mod(abs(a), abs(b)));
};

const truncateDiv: KernelOp = (node) => {
  const quotient = ifInts(node, (x, y) => (y === 0 ? 0 : Math.trunc(x / y)));
  return quotient ?? truncated(div(node.tensor(0), node.tensor(1)));
};

function truncated(x: TfTensor): TfTensor {
  return mul(sign(x), floor(abs(x)));
}

/** `Div` keeps whole numbers whole and rounds to zero; `RealDiv` has no whole numbers in TensorFlow. */
const divide: KernelOp = (node) => {
  return ifInts(node, (x, y) => (y === 0 ? 0 : Math.trunc(x / y))) ?? div(node.tensor(0), node.tensor(1));
};

const unlessZero =
  (index: 0 | 1, compute: (a: TfTensor, b: TfTensor) => TfTensor): KernelOp =>
  (node) => {
    const [a, b] = [node.tensor(0), node.tensor(1)];
    const result = compute(a, b);
    return where(equal(index === 0 ? a : b, scalar(0)), zerosLike(result), result);
  };

/** Bounds may be tensors, which TF.js ignores but for their first value. */
const clip: KernelOp = (node) => {
  const [x, low, high] = [node.tensor(0), node.tensor(1), node.tensor(2)];
  if (x.dtype === "float32" && low.size === 1 && high.size === 1) return clipByValue(x, node.number(1), node.number(2));
  return maximum(minimum(x, high), low);
};

/** Whole numbers are divided towards zero. */
const average: KernelOp = (node) => {
  const x = node.tensor(0);
  const keepsAxes = node.attr.flag("keep_dims");
  const axes = node.numbers(1);
  if (x.dtype !== "int32") return mean(x, axes, keepsAxes);
  const total = sum(x, axes, keepsAxes);
  const count = total.size === 0 ? 1 : x.size / total.size;
  return combineInts(total, scalar(count, "int32"), (a, b) => Math.trunc(a / b));
};

/** TF.js refuses all axes, and none. */
const norm: KernelOp = (node) => {
  const [x, axes] = [node.tensor(0), node.numbers(1)];
  const keepsAxes = node.attr.flag("keep_dims");
  if (axes.length > 0 && axes.length < Math.min(x.rank, 3)) return euclideanNorm(x, axes, keepsAxes);
  return sqrt(sum(square(x), axes, keepsAxes));
};

const cross: KernelOp = (node) => {
  const [a, b] = [node.tensor(0), node.tensor(1)];
  const [x1, y1, z1] = split(a, 3, -1) as [TfTensor, TfTensor, TfTensor];
  const [x2, y2, z2] = split(b, 3, -1) as [TfTensor, TfTensor, TfTensor];
  const minor = (p: TfTensor, q: TfTensor, r: TfTensor, s: TfTensor): TfTensor => sub(mul(p, q), mul(r, s));
  return concat([minor(y1, z2, z1, y2), minor(z1, x2, x1, z2), minor(x1, y2, y1, x2)], -1);
};

const biasAdd: KernelOp = (node) => {
  const [x, bias] = [node.tensor(0), node.tensor(1)];
  if (node.attr.text("data_format", "NHWC").toUpperCase() !== "NCHW" || x.rank < 3) return add(x, bias);
  return add(x, reshape(bias, [bias.size, ...x.shape.slice(2).map(() => 1)]));
};

/** TF.js finds no sign in NaN, which TensorFlow keeps. */
const signOf: KernelOp = (node) => {
  const x = node.tensor(0);
  return x.dtype === "int32" ? sign(x) : where(notEqual(x, x), x, sign(x));
};

const softsign: KernelOp = (node) => {
  const x = node.tensor(0);
  return div(x, add(abs(x), scalar(1)));
};

const halved = (node: KernelNode): TfTensor => mul(sum(square(node.tensor(0))), scalar(0.5));

export const ARITHMETIC_OPS: Readonly<Record<string, KernelOp>> = {
  Mod: truncateMod,
  TruncateMod: truncateMod,
  FloorMod: (node) => ifInts(node, floorMod) ?? mod(node.tensor(0), node.tensor(1)),
  FloorDiv: (node) =>
    ifInts(node, (x, y) => (y === 0 ? 0 : Math.floor(x / y))) ?? floor(div(node.tensor(0), node.tensor(1))),
  Div: divide,
  TruncateDiv: truncateDiv,
  Pow: (node) => ifInts(node, powInt) ?? pow(node.tensor(0), node.tensor(1)),
  Xlogy: unlessZero(0, (x, y) => mul(x, log(y))),
  Xlog1py: unlessZero(0, (x, y) => mul(x, log1p(y))),
  Xdivy: unlessZero(0, div),
  MulNoNan: unlessZero(1, mul),
  ClipByValue: clip,
  Mean: average,
  EuclideanNorm: norm,
  Cross: cross,
  BiasAdd: biasAdd,
  BiasAddV1: (node) => add(node.tensor(0), node.tensor(1)),
  Sign: signOf,
  Softsign: softsign,
  Rint: (node) => round(node.tensor(0)),
  Round: (node) => (node.tensor(0).dtype === "int32" ? node.tensor(0) : round(node.tensor(0))),
  Inv: (node) => reciprocal(node.tensor(0)),
  L2Loss: halved,
  ApproximateEqual: (node) =>
    less(abs(sub(node.tensor(0), node.tensor(1))), scalar(node.attr.number("tolerance", 1e-5))),
};
