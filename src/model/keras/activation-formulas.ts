import type { JsonObject } from "../artifacts.js";
import { show } from "../malformed.js";
import type { Composer } from "./composer.js";
import { attrs, type Symbolic, Untranslatable } from "./emitter.js";

/** Computes an activation of float32. `options` are the function's arguments by name. */
export type Formula = (composer: Composer, x: Symbolic, options: JsonObject) => Symbolic;

/** @throws Untranslatable if the option is there but is no number. */
function numberOption(options: JsonObject, key: string, fallback: number): number {
  const value = options[key] ?? fallback;
  if (typeof value !== "number" || !Number.isFinite(value)) throw new Untranslatable(`${key} = ${show(value, 40)}`);
  return value;
}

/** An axis of `x`, counted from the start. */
function axisOption(options: JsonObject, { shape }: Symbolic): number {
  const given = numberOption(options, "axis", -1);
  const axis = given < 0 ? given + shape.length : given;
  if (!Number.isInteger(axis) || axis < 0 || axis >= shape.length) throw new Untranslatable(`axis ${given}`);
  return axis;
}

/** Move an axis to the end, compute there, and move it back. */
function alongLast(composer: Composer, x: Symbolic, axis: number, compute: (x: Symbolic) => Symbolic): Symbolic {
  const last = x.shape.length - 1;
  if (axis === last) return compute(x);
  const swap = x.shape.map((_, each) => (each === axis ? last : each === last ? axis : each));
  return composer.transpose(compute(composer.transpose(x, swap)), swap);
}

function zeros(composer: Composer, x: Symbolic): Symbolic {
  return composer.unary("ZerosLike", x);
}

function clip(composer: Composer, x: Symbolic, least: number, most: number): Symbolic {
  const shape = { shape: x.shape };
  return composer.op("ClipByValue", [x, composer.scalar(least), composer.scalar(most)], shape);
}

/** The hard sigmoid of Keras 3: a sixth of relu6(x + 3). */
export const hardSigmoidOfKeras3: Formula = (c, x) => c.div(c.unary("Relu6", c.add(x, c.scalar(3))), c.scalar(6));

/** The Gaussian error linear unit, by the error function or by the approximation with tanh. */
export const gelu: Formula = (c, x, options) => {
  const half = c.mul(c.scalar(0.5), x);
  if (options.approximate !== true) {
    return c.mul(half, c.add(c.scalar(1), c.unary("Erf", c.mul(x, c.scalar(Math.SQRT1_2)))));
  }
  const cube = c.mul(c.scalar(0.044715), c.mul(x, c.unary("Square", x)));
  const inner = c.mul(c.scalar(Math.sqrt(2 / Math.PI)), c.add(x, cube));
  return c.mul(half, c.add(c.scalar(1), c.unary("Tanh", inner)));
};

/** relu with a slope below the threshold and a limit. Source: `ReLU.static_call` of Keras 3.15, `backend.relu` of tf_keras 2.19. */
export const relu: Formula = (c, x, options) => {
  const slope = numberOption(options, "negative_slope", numberOption(options, "alpha", 0));
  const threshold = numberOption(options, "threshold", 0);
  const isLimited = options.max_value !== undefined && options.max_value !== null;
  if (slope !== 0 && threshold === 0 && !isLimited) return leakyRelu(c, x, { negative_slope: slope });
  let above = c.unary("Relu", x);
  if (threshold !== 0) above = c.select(c.compare("Greater", x, c.scalar(threshold)), x, zeros(c, x));
  if (isLimited) above = clip(c, above, 0, numberOption(options, "max_value", 0));
  if (slope === 0) return above;
  const below = c.unary("Relu", c.sub(c.scalar(threshold), x));
  return c.sub(above, c.mul(c.scalar(slope), below));
};

const leakyRelu: Formula = (c, x, options) => {
  const slope = numberOption(options, "negative_slope", numberOption(options, "alpha", 0.2));
  return c.unary("LeakyRelu", x, { alpha: attrs.float(slope) });
};

const elu: Formula = (c, x, options) => {
  const alpha = numberOption(options, "alpha", 1);
  const unscaled = c.unary("Elu", x);
  if (alpha === 1) return unscaled;
  return c.select(c.compare("Greater", x, c.scalar(0)), unscaled, c.mul(c.scalar(alpha), unscaled));
};

const softmax: Formula = (c, x, options) => {
  if (options.axis !== null) return alongLast(c, x, axisOption(options, x), (each) => c.unary("Softmax", each));
  throw new Untranslatable("a softmax over all axes");
};

const logSoftmax: Formula = (c, x, options) => {
  if (options.axis !== null) return alongLast(c, x, axisOption(options, x), (each) => c.unary("LogSoftmax", each));
  throw new Untranslatable("a softmax over all axes");
};

/** The first half along an axis times the sigmoid of the second. */
const glu: Formula = (c, x, options) => {
  const axis = axisOption(options, x);
  const size = x.shape[axis];
  if (size === undefined || size % 2 !== 0) throw new Untranslatable(`glu along an axis of size ${size}`);
  const begin = (half: number): number[] => x.shape.map((_, each) => (each === axis ? half * (size / 2) : 0));
  const counts = x.shape.map((_, each) => (each === axis ? size / 2 : undefined));
  return c.mul(c.slice(x, begin(0), counts), c.unary("Sigmoid", c.slice(x, begin(1), counts)));
};

/** Projection onto the simplex. Source: Martins and Astudillo 2016, as in Keras 3.15. */
const sparsemax: Formula = (c, x, options) =>
  alongLast(c, x, axisOption(options, x), (logits) => {
    const last = logits.shape.length - 1;
    const size = logits.shape[last];
    if (size === undefined) throw new Untranslatable("sparsemax along a free axis");
    const sorted = c.op("TopKV2", [logits, c.ints([size], [])], { shape: logits.shape }, { sorted: attrs.bool(true) });
    const none = { exclusive: attrs.bool(false), reverse: attrs.bool(false) };
    const sums = c.op("Cumsum", [sorted, c.ints([last], [])], { shape: logits.shape }, none);
    const ranks = c.literal(Array.from({ length: size }, (_, index) => index + 1));
    const bounds = c.div(c.sub(sums, c.scalar(1)), ranks);
    const isIn = c.compare("Greater", sorted, bounds);
    const count = c.reduce("Sum", c.cast(isIn, "float32"), [last], true);
    // Keras adds the prefix sums of all entries that are in, where the paper takes the last one: its models are trained with that.
    const total = c.reduce("Sum", c.select(isIn, sums, zeros(c, sums)), [last], true);
    const least = c.div(c.sub(total, c.scalar(1)), count);
    return c.unary("Relu", c.sub(logits, least));
  });

/** Activations beside those in `activations.ts`. Source: `keras.activations` of Keras 3.15 and tf_keras 2.19. */
export const FORMULAS: ReadonlyMap<string, Formula> = new Map<string, Formula>([
  ["relu", relu],
  ["leaky_relu", leakyRelu],
  ["elu", elu],
  ["gelu", gelu],
  ["gelu_new", (c, x) => gelu(c, x, { approximate: true })],
  ["softmax", softmax],
  ["log_softmax", logSoftmax],
  ["exponential", (c, x) => c.unary("Exp", x)],
  ["log_sigmoid", (c, x) => c.unary("Neg", c.unary("Softplus", c.unary("Neg", x)))],
  ["hard_silu", (c, x) => c.mul(x, hardSigmoidOfKeras3(c, x, {}))],
  ["hard_swish", (c, x) => c.mul(x, hardSigmoidOfKeras3(c, x, {}))],
  ["hard_tanh", (c, x) => clip(c, x, -1, 1)],
  ["tanh_shrink", (c, x) => c.sub(x, c.unary("Tanh", x))],
  [
    "hard_shrink",
    (c, x, options) => {
      const isKept = c.compare("Greater", c.unary("Abs", x), c.scalar(numberOption(options, "threshold", 0.5)));
      return c.select(isKept, x, zeros(c, x));
    },
  ],
  [
    "soft_shrink",
    (c, x, options) => {
      const threshold = c.scalar(numberOption(options, "threshold", 0.5));
      const isAbove = c.compare("Greater", x, threshold);
      const isBelow = c.compare("Less", x, c.unary("Neg", threshold));
      return c.select(isAbove, c.sub(x, threshold), c.select(isBelow, c.add(x, threshold), zeros(c, x)));
    },
  ],
  [
    "threshold",
    (c, x, options) => {
      const [threshold, otherwise] = [options.threshold, options.default_value ?? options.value];
      if (typeof threshold !== "number" || typeof otherwise !== "number") throw new Untranslatable("threshold");
      return c.select(c.compare("Greater", x, c.scalar(threshold)), x, c.add(zeros(c, x), c.scalar(otherwise)));
    },
  ],
  [
    "celu",
    (c, x, options) => {
      const alpha = c.scalar(numberOption(options, "alpha", 1));
      const below = c.unary("Expm1", c.div(c.binary("Minimum", x, c.scalar(0)), alpha));
      return c.add(c.binary("Maximum", x, c.scalar(0)), c.mul(alpha, below));
    },
  ],
  [
    "squareplus",
    (c, x, options) => {
      const b = c.scalar(numberOption(options, "b", 4));
      return c.div(c.add(x, c.unary("Sqrt", c.add(c.unary("Square", x), b))), c.scalar(2));
    },
  ],
  [
    "sparse_plus",
    (c, x) => {
      const curve = c.mul(c.scalar(0.25), c.unary("Square", c.add(x, c.scalar(1))));
      const upper = c.select(c.compare("Less", x, c.scalar(1)), curve, x);
      return c.select(c.compare("LessEqual", x, c.scalar(-1)), zeros(c, x), upper);
    },
  ],
  ["sparse_sigmoid", (c, x) => clip(c, c.mul(c.scalar(0.5), c.add(x, c.scalar(1))), 0, 1)],
  ["glu", glu],
  ["sparsemax", sparsemax],
]);
