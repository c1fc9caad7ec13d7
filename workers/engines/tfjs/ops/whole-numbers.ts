import { backend_util, tensor, type Tensor as TfTensor } from "@tensorflow/tfjs-core";
import type { KernelNode, KernelOp } from "./kernel-node.js";
import { stridesOf } from "./take.js";

type Combine = (a: number, b: number) => number;

/** Combine two int32 tensors exactly, which TF.js's kernels don't: they compute in floats. Overflow wraps, as in TensorFlow. */
export function combineInts(a: TfTensor, b: TfTensor, combine: Combine): TfTensor {
  const shape = backend_util.assertAndGetBroadcastShape(a.shape, b.shape);
  const [x, y] = [a.dataSync(), b.dataSync()];
  const result = new Int32Array(shape.reduce((product, size) => product * size, 1));
  const [stepsA, stepsB] = [steps(a.shape, shape.length), steps(b.shape, shape.length)];
  const place = shape.map(() => 0);
  for (let i = 0, atA = 0, atB = 0; i < result.length; i++) {
    result[i] = combine(x[atA]!, y[atB]!);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      atA += stepsA[axis]!;
      atB += stepsB[axis]!;
      if (++place[axis]! < shape[axis]!) break;
      place[axis] = 0;
      atA -= stepsA[axis]! * shape[axis]!;
      atB -= stepsB[axis]! * shape[axis]!;
    }
  }
  return tensor(result, shape, "int32");
}

/** How far one step along each axis of the result moves in an operand: not at all along an axis that is broadcast. */
function steps(shape: readonly number[], rank: number): number[] {
  const own = stridesOf(shape).map((stride, axis) => (shape[axis] === 1 ? 0 : stride));
  return [...Array.from({ length: rank - shape.length }, () => 0), ...own];
}

/** @returns undefined if the operands are not both whole numbers. */
export function ifInts(node: KernelNode, combine: Combine): TfTensor | undefined {
  const [a, b] = [node.tensor(0), node.tensor(1)];
  return a.dtype === "int32" && b.dtype === "int32" ? combineInts(a, b, combine) : undefined;
}

const ints =
  (combine: Combine): KernelOp =>
  (node) =>
    ifInts(node, combine) ?? node.attr.refuse("operands that are no whole numbers");

/** Whole powers by squaring, modulo 2^32. */
export function powInt(base: number, exponent: number): number {
  if (exponent < 0) return base === 1 ? 1 : base === -1 ? (exponent % 2 === 0 ? 1 : -1) : 0;
  let result = 1;
  for (let factor = base, rest = exponent; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result = Math.imul(result, factor);
    factor = Math.imul(factor, factor);
  }
  return result;
}

const bitCount: KernelOp = (node) => {
  const x = node.tensor(0);
  const counts = Array.from(x.dataSync(), (value) => {
    let count = 0;
    for (let rest = value >>> 0; rest !== 0; rest >>>= 1) count += rest & 1;
    return count;
  });
  return tensor(counts, x.shape, "int32");
};

const invert: KernelOp = (node) => {
  const x = node.tensor(0);
  return tensor(
    Int32Array.from(x.dataSync(), (value) => ~value),
    x.shape,
    "int32",
  );
};

/** Operations on whole numbers alone. */
export const WHOLE_NUMBER_OPS: Readonly<Record<string, KernelOp>> = {
  _IntegerMul: ints(Math.imul),
  BitwiseAnd: ints((a, b) => a & b),
  BitwiseOr: ints((a, b) => a | b),
  BitwiseXor: ints((a, b) => a ^ b),
  LeftShift: ints((a, b) => (b >= 32 ? 0 : a << b)),
  RightShift: ints((a, b) => a >> Math.min(b, 31)),
  Invert: invert,
  PopulationCount: bitCount,
};
