import {
  abs,
  add,
  div,
  exp,
  greaterEqual,
  less,
  log,
  mul,
  neg,
  reshape,
  scalar,
  sign,
  sqrt,
  square,
  sub,
  where,
  type Tensor as TfTensor,
} from "@tensorflow/tfjs-core";
import type { KernelOp } from "./kernel-node.js";

/** a₀ + a₁t + a₂t² + … by Horner's rule. */
function polynomial(t: TfTensor, coefficients: readonly number[]): TfTensor {
  let result: TfTensor = scalar(coefficients.at(-1)!);
  for (const coefficient of coefficients.slice(0, -1).toReversed()) result = add(mul(result, t), scalar(coefficient));
  return result;
}

/** Chebyshev fit of erfc, relative error below 1.2e-7. Source: Press et al., Numerical Recipes, section 6.2. */
const ERFC = [
  -1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587, -0.82215223,
  0.17087277,
];

const erfc: KernelOp = (node) => {
  const x = node.tensor(0);
  const size = abs(x);
  const t = div(scalar(1), add(scalar(1), mul(size, scalar(0.5))));
  const positive = mul(t, exp(sub(polynomial(t, ERFC), square(size))));
  return where(less(x, scalar(0)), sub(scalar(2), positive), positive);
};

/** Source: Giles, Approximating the erfinv function (2010), single precision. */
const CENTRAL = [
  1.50140941, 0.246640727, -0.00417768164, -0.00125372503, 0.00021858087, -4.39150654e-6, -3.5233877e-6, 3.43273939e-7,
  2.81022636e-8,
];
const TAIL = [
  2.83297682, 1.00167406, 0.00943887047, -0.0076224613, 0.00573950773, -0.00367342844, 0.00134934322, 0.000100950558,
  -0.000200214257,
];

function inverse(x: TfTensor): TfTensor {
  const w = neg(log(mul(sub(scalar(1), x), add(scalar(1), x))));
  const inner = mul(x, polynomial(sub(w, scalar(2.5)), CENTRAL));
  const outer = mul(x, polynomial(sub(sqrt(w), scalar(3)), TAIL));
  const finite = where(less(w, scalar(5)), inner, outer);
  const isEdge = greaterEqual(abs(x), scalar(1));
  return where(isEdge, div(sign(x), sqrt(sub(scalar(1), abs(x)))), finite);
}

export const ERROR_FUNCTION_OPS: Readonly<Record<string, KernelOp>> = {
  Erfc: erfc,
  Erfinv: (node) => reshape(inverse(node.tensor(0)), node.tensor(0).shape),
};
