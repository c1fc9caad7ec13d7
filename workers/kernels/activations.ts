/**
 * Activations of four numbers at once. Oracles: Math.exp, Math.tanh and the plain twin, tests/unit/workers/recurrences.
 * Every one returns NaN for NaN, and is within 2e-7 of the true value, relative to the larger of 1 and that value.
 */

/** The kinds, in the order of `KERNEL_ACTIVATIONS` in workers/engines/tfjs/recurrences/kernel-activations.ts. */
const LINEAR: i32 = 0;
const TANH: i32 = 1;
const SIGMOID: i32 = 2;
const HARD_SIGMOID: i32 = 3;
const HARD_SIGMOID_2: i32 = 4;
const RELU: i32 = 5;
const SOFTSIGN: i32 = 6;

/** ln 2 = HIGH + LOW. HIGH has 16 bits, so its product with a whole number below 256 is exact. */
const LN_2_HIGH: f32 = 45426.0 / 65536.0;
const LN_2_LOW: f32 = 1.42860682030941723e-6;
const LOG2_E: f32 = 1.4426950408889634;

function number(value: f32): v128 {
  return f32x4.splat(value);
}

/** a·b + c, rounded twice. */
function timesPlus(a: v128, b: v128, c: v128): v128 {
  return f32x4.add(f32x4.mul(a, b), c);
}

/**
 * e^x = 2^n · e^r with a whole n and |r| ≤ ln 2 ÷ 2, where the Taylor polynomial of degree 7 is off by 5e-9. x is held within
 * −87 … 88, so that 2^n is a normal number.
 */
function exponential(x: v128): v128 {
  const held = f32x4.max(f32x4.min(x, number(88)), number(-87));
  const n = f32x4.nearest(f32x4.mul(held, number(LOG2_E)));
  const high = f32x4.sub(held, f32x4.mul(n, number(LN_2_HIGH)));
  const r = f32x4.sub(high, f32x4.mul(n, number(LN_2_LOW)));
  let sum = timesPlus(r, number(1.0 / 5040.0), number(1.0 / 720.0));
  sum = timesPlus(sum, r, number(1.0 / 120.0));
  sum = timesPlus(sum, r, number(1.0 / 24.0));
  sum = timesPlus(sum, r, number(1.0 / 6.0));
  sum = timesPlus(sum, r, number(0.5));
  sum = timesPlus(sum, r, number(1));
  sum = timesPlus(sum, r, number(1));
  const exponent = i32x4.add(i32x4.trunc_sat_f32x4_s(n), i32x4.splat(127));
  return f32x4.mul(sum, i32x4.shl(exponent, 23));
}

function sigmoid(x: v128): v128 {
  return f32x4.div(number(1), f32x4.add(number(1), exponential(f32x4.neg(x))));
}

/**
 * Near zero Lambert's continued fraction, five terms of it: below 0.625 it is off by 1e-9. Beyond, (e^2|x| − 1) ÷ (e^2|x| + 1), which
 * loses no digits there. Both are quotients, so one division does.
 */
function tanh(x: v128): v128 {
  const size = f32x4.abs(x);
  const square = f32x4.mul(x, x);
  const nearTop = timesPlus(f32x4.add(square, number(105)), square, number(945));
  const nearBottom = timesPlus(timesPlus(square, number(15), number(420)), square, number(945));
  const power = exponential(f32x4.add(size, size));
  // 1 with the sign of x.
  const sign = v128.or(v128.and(x, number(-0.0)), number(1));
  const farTop = f32x4.mul(f32x4.sub(power, number(1)), sign);
  const farBottom = f32x4.add(power, number(1));
  const isNear = f32x4.lt(size, number(0.625));
  const top = v128.bitselect(f32x4.mul(nearTop, x), farTop, isNear);
  return f32x4.div(top, v128.bitselect(nearBottom, farBottom, isNear));
}

/** x·slope + 0.5 within 0 … 1. */
function hardSigmoid(x: v128, slope: f32): v128 {
  return f32x4.min(f32x4.max(timesPlus(x, number(slope), number(0.5)), number(0)), number(1));
}

export function activate(kind: i32, x: v128): v128 {
  switch (kind) {
    case TANH:
      return tanh(x);
    case SIGMOID:
      return sigmoid(x);
    case HARD_SIGMOID:
      return hardSigmoid(x, 1.0 / 6.0);
    case HARD_SIGMOID_2:
      return hardSigmoid(x, 0.2);
    case RELU:
      return f32x4.max(x, number(0));
    case SOFTSIGN:
      return f32x4.div(x, f32x4.add(f32x4.abs(x), number(1)));
    default:
      return x;
  }
}
