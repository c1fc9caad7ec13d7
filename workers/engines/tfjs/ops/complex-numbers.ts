import { elementCountOf } from "../../../../src/protocol/tensors.js";
import type { PlainNode, PlainOp } from "./plain-node.js";
import {
  bools,
  complexes,
  floats,
  ints,
  type ComplexTensor,
  type NumberTensor,
  type PlainTensor,
} from "./plain-tensor.js";
import { axisOf, broadcastIndices, broadcastShape, stridesOf } from "./strides.js";

function complexInput(node: PlainNode, index: number): ComplexTensor {
  const tensor = node.input(index);
  return tensor.dtype === "complex64"
    ? tensor
    : node.fail(`complex numbers as its input ${index}, received ${tensor.dtype}`);
}

function mapped(node: PlainNode, toReal: (re: number, im: number) => number): PlainTensor {
  const source = node.input(0);
  if (source.dtype === "string") return node.fail("numbers");
  const { shape, data } = source;
  const isComplex = source.dtype === "complex64";
  return floats(
    shape,
    Float32Array.from({ length: elementCountOf(shape) }, (_, index) =>
      isComplex ? toReal(data[2 * index]!, data[2 * index + 1]!) : toReal(data[index]!, 0),
    ),
  );
}

function complex(node: PlainNode): PlainTensor {
  const [real, imaginary] = [node.floats(0), node.floats(1)];
  const shape = broadcastShape(real.shape, imaginary.shape) ?? node.fail("parts of shapes that fit");
  const [fromReal, fromImaginary] = [broadcastIndices(real.shape, shape), broadcastIndices(imaginary.shape, shape)];
  const data = new Float32Array(2 * fromReal.length);
  for (let index = 0; index < fromReal.length; index++) {
    data[2 * index] = real.data[fromReal[index]!]!;
    data[2 * index + 1] = imaginary.data[fromImaginary[index]!]!;
  }
  return complexes(shape, data);
}

/** Real and imaginary parts along the last axis become complex numbers. */
function fromParts(node: PlainNode): PlainTensor {
  const { shape, data } = node.floats(0);
  return complexes(shape.slice(0, -1), data);
}

type Pair = readonly [number, number];

function elementwise(op: (a: Pair, b: Pair) => Pair): PlainOp {
  return (node) => {
    const [a, b] = [complexInput(node, 0), complexInput(node, 1)];
    const shape = broadcastShape(a.shape, b.shape) ?? node.fail("inputs of shapes that fit");
    const [fromA, fromB] = [broadcastIndices(a.shape, shape), broadcastIndices(b.shape, shape)];
    const data = new Float32Array(2 * fromA.length);
    for (let index = 0; index < fromA.length; index++) {
      const [i, j] = [2 * fromA[index]!, 2 * fromB[index]!];
      data.set(op([a.data[i]!, a.data[i + 1]!], [b.data[j]!, b.data[j + 1]!]), 2 * index);
    }
    return complexes(shape, data);
  };
}

function unary(op: (re: number, im: number) => Pair): PlainOp {
  return (node) => {
    const source = node.input(0);
    // The conjugate of real numbers, which TensorFlow allows.
    if (source.dtype !== "complex64") return source;
    const data = new Float32Array(source.data.length);
    for (let index = 0; index < data.length; index += 2)
      data.set(op(source.data[index]!, source.data[index + 1]!), index);
    return complexes(source.shape, data);
  };
}

/** The sum or mean over some axes. */
function reduce(node: PlainNode): PlainTensor {
  const { shape, data } = complexInput(node, 0);
  const axes = new Set(Array.from(node.numbers(1).data, (axis) => axisOf(axis, shape.length)));
  const kept = shape.map((size, axis) => (axes.has(axis) ? 1 : size));
  const [strides, keptStrides] = [stridesOf(shape), stridesOf(kept)];
  const totals = new Float64Array(2 * elementCountOf(kept));
  for (let element = 0; 2 * element < data.length; element++) {
    let at = 0;
    for (const [axis, size] of shape.entries())
      if (!axes.has(axis)) at += (Math.floor(element / strides[axis]!) % size) * keptStrides[axis]!;
    totals[2 * at]! += data[2 * element]!;
    totals[2 * at + 1]! += data[2 * element + 1]!;
  }
  const divisor = node.op === "_ComplexMean" ? data.length / totals.length : 1;
  const outShape = node.flag("keep_dims") ? kept : shape.filter((_, axis) => !axes.has(axis));
  return complexes(
    outShape,
    Float32Array.from(totals, (total) => total / divisor),
  );
}

/** From complex numbers, whose imaginary part is dropped, or to them. */
function cast(node: PlainNode): PlainTensor {
  const source = node.input(0);
  const target = node.type("DstT");
  if (source.dtype === "string") return node.fail("numbers");
  if (target === "DT_COMPLEX64" || target === "DT_COMPLEX128") {
    if (source.dtype === "complex64") return source;
    const { shape, data } = source;
    return complexes(
      shape,
      Float32Array.from({ length: 2 * data.length }, (_, index) => (index % 2 === 0 ? data[index / 2]! : 0)),
    );
  }
  const real: NumberTensor =
    source.dtype === "complex64"
      ? floats(
          source.shape,
          source.data.filter((_, index) => index % 2 === 0),
        )
      : source;
  if (target === "DT_BOOL")
    return bools(
      real.shape,
      Array.from(real.data, (value) => value !== 0),
    );
  return /INT/.test(target) ? ints(real.shape, real.data) : floats(real.shape, real.data);
}

export const COMPLEX_OPS: Readonly<Record<string, PlainOp>> = {
  Complex: complex,
  _ComplexFromParts: fromParts,
  Real: (node) => mapped(node, (re) => re),
  Imag: (node) => mapped(node, (_, im) => im),
  ComplexAbs: (node) => mapped(node, Math.hypot),
  Angle: (node) => mapped(node, (re, im) => Math.atan2(im, re)),
  Conj: unary((re, im) => [re, -im]),
  _ComplexNeg: unary((re, im) => [-re, -im]),
  _ComplexExp: unary((re, im) => [Math.exp(re) * Math.cos(im), Math.exp(re) * Math.sin(im)]),
  _ComplexAdd: elementwise(([a, b], [c, d]) => [a + c, b + d]),
  _ComplexSub: elementwise(([a, b], [c, d]) => [a - c, b - d]),
  _ComplexMul: elementwise(([a, b], [c, d]) => [a * c - b * d, a * d + b * c]),
  _ComplexDiv: elementwise(([a, b], [c, d]) => {
    const square = c * c + d * d;
    return [(a * c + b * d) / square, (b * c - a * d) / square];
  }),
  _ComplexSum: reduce,
  _ComplexMean: reduce,
  _ComplexCast: cast,
  _ComplexIdentity: (node) => node.input(0),
};
