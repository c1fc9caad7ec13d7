import { elementCountOf } from "../protocol/tensors.js";
import type { ConstantExpression } from "../protocol/weight-recipe.js";
import { dequantise } from "./dequantise.js";
import { malformed, show } from "./malformed.js";

/** A constant in double precision, row-major. */
export interface Constant {
  readonly shape: readonly number[];
  readonly values: Float64Array;
}

const BINARY: Readonly<
  Record<"add" | "sub" | "mul" | "div" | "maximum" | "minimum", (a: number, b: number) => number>
> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  maximum: Math.max,
  minimum: Math.min,
};

const UNARY: Readonly<Record<"rsqrt" | "sqrt" | "neg", (a: number) => number>> = {
  rsqrt: (a) => 1 / Math.sqrt(a),
  sqrt: Math.sqrt,
  neg: (a) => -a,
};

/**
 * Evaluate constant arithmetic over weights, in double precision throughout.
 *
 * @param data the model's weight data, from which stored weights are read.
 * @throws ShardError "model-malformed" if shapes don't fit, "weights-truncated" if a weight ends past the data.
 */
export function evaluateConstant(expression: ConstantExpression, data: ArrayBuffer | SharedArrayBuffer): Constant {
  switch (expression.op) {
    case "weight":
      return { shape: expression.weight.shape, values: dequantise(expression.weight, data) };
    case "literal":
      return { shape: expression.tensor.shape, values: Float64Array.from(expression.tensor.values) };
    case "add":
    case "sub":
    case "mul":
    case "div":
    case "maximum":
    case "minimum":
      return broadcast(
        evaluateConstant(expression.a, data),
        evaluateConstant(expression.b, data),
        BINARY[expression.op],
      );
    case "rsqrt":
    case "sqrt":
    case "neg": {
      const { shape, values } = evaluateConstant(expression.a, data);
      return { shape, values: values.map(UNARY[expression.op]) };
    }
    case "reshape": {
      const { values } = evaluateConstant(expression.a, data);
      return { shape: expression.shape, values };
    }
    case "transpose":
      return transpose(evaluateConstant(expression.a, data), expression.permutation);
  }
}

/** Returns the shape that two shapes broadcast to, as in NumPy; `undefined` if they don't broadcast. */
export function broadcastShape(a: readonly number[], b: readonly number[]): number[] | undefined {
  const rank = Math.max(a.length, b.length);
  const shape: number[] = [];
  for (let axis = 0; axis < rank; axis++) {
    const sizeA = a[axis - rank + a.length] ?? 1;
    const sizeB = b[axis - rank + b.length] ?? 1;
    if (sizeA !== sizeB && sizeA !== 1 && sizeB !== 1) return undefined;
    shape.push(sizeA === 1 ? sizeB : sizeA);
  }
  return shape;
}

function broadcast(a: Constant, b: Constant, combine: (a: number, b: number) => number): Constant {
  const shape = broadcastShape(a.shape, b.shape);
  if (shape === undefined) {
    throw malformed("constants whose shapes broadcast", `${show(a.shape)} and ${show(b.shape)}`);
  }
  const stridesA = broadcastStrides(a.shape, shape);
  const stridesB = broadcastStrides(b.shape, shape);
  const values = new Float64Array(elementCountOf(shape));
  const position = shape.map(() => 0);
  let indexA = 0;
  let indexB = 0;
  for (let index = 0; index < values.length; index++) {
    values[index] = combine(a.values[indexA]!, b.values[indexB]!);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      indexA += stridesA[axis]!;
      indexB += stridesB[axis]!;
      if (++position[axis]! < shape[axis]!) break;
      indexA -= stridesA[axis]! * shape[axis]!;
      indexB -= stridesB[axis]! * shape[axis]!;
      position[axis] = 0;
    }
  }
  return { shape, values };
}

/** How many elements one step along each axis of `target` advances in the data; 0 for an axis that is stretched. */
function broadcastStrides(shape: readonly number[], target: readonly number[]): number[] {
  const strides = target.map(() => 0);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1) strides[axis + target.length - shape.length] = stride;
    stride *= shape[axis]!;
  }
  return strides;
}

function transpose({ shape, values }: Constant, permutation: readonly number[]): Constant {
  const strides = broadcastStrides(shape, shape);
  const target = permutation.map((axis) => shape[axis]!);
  const result = new Float64Array(values.length);
  const position = target.map(() => 0);
  for (let index = 0; index < result.length; index++) {
    let source = 0;
    for (const [axis, from] of permutation.entries()) source += position[axis]! * strides[from]!;
    result[index] = values[source]!;
    for (let axis = target.length - 1; axis >= 0; axis--) {
      if (++position[axis]! < target[axis]!) break;
      position[axis] = 0;
    }
  }
  return { shape: target, values: result };
}
