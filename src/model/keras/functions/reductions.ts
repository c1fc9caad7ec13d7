import { attrs, type Symbolic } from "../emitter.js";
import {
  cast,
  countedAxis,
  define,
  type EmitFunction,
  type FunctionCall,
  type KerasFunction,
} from "./function-call.js";

type Reduction = "Sum" | "Mean" | "Max" | "Min" | "Prod" | "Any" | "All";

/** @param takes dtype that the elements get first: floats for means, bools for `any`; a sum of bools is one of numbers. */
function reduce(op: Reduction, takes?: "float32" | "bool"): EmitFunction {
  return (call) => {
    call.refuse("initial");
    const given = call.tensor("x");
    const dtype = takes ?? (given.dtype === "bool" ? "int32" : given.dtype);
    const x = cast(call.composer, given, dtype);
    return call.composer.reduce(op, x, call.axes("axis", x), call.boolean("keepdims", false));
  };
}

/** The mean of the squares of the deviations from the mean. */
function variance(call: FunctionCall, keep: boolean): Symbolic {
  const { composer } = call;
  const x = cast(composer, call.tensor("x"), "float32");
  const axes = call.axes("axis", x);
  const centred = composer.sub(x, composer.reduce("Mean", x, axes, true));
  return composer.reduce("Mean", composer.unary("Square", centred), axes, keep);
}

const logSumExp: EmitFunction = (call) => {
  const { composer } = call;
  const x = cast(composer, call.tensor("x"), "float32");
  const axes = call.axes("axis", x);
  const most = composer.reduce("Max", x, axes, true);
  const sum = composer.reduce("Sum", composer.unary("Exp", composer.sub(x, most)), axes, true);
  const result = composer.add(composer.unary("Log", sum), most);
  if (call.boolean("keepdims", false)) return result;
  return composer.reduce("Sum", result, axes);
};

function argument(op: "ArgMax" | "ArgMin", fallback?: number): EmitFunction {
  return (call) => {
    const { composer } = call;
    const given = call.tensor("x");
    const isFlat = !call.has("axis") && fallback === undefined;
    const x = isFlat ? composer.reshape(given, ["rest"]) : given;
    const axis = isFlat ? 0 : call.axis("axis", x.shape.length, fallback);
    const shape = x.shape.filter((_, each) => each !== axis);
    const type = { output_type: { type: "DT_INT32" } };
    const result = composer.op(op, [x, composer.ints([axis], [])], { shape, dtype: "int32" }, type);
    return call.boolean("keepdims", false) && !isFlat ? composer.expand(result, axis) : result;
  };
}

function cumulate(op: "Cumsum" | "Cumprod", fallback?: number): EmitFunction {
  return (call) => {
    const { composer } = call;
    const given = call.tensor("x");
    const x = given.dtype === "bool" ? cast(composer, given, "int32") : given;
    const axis = composer.ints([call.axis("axis", x.shape.length, fallback)], []);
    const options = {
      exclusive: attrs.bool(call.boolean("exclusive", false)),
      reverse: attrs.bool(call.boolean("reverse", false)),
    };
    return composer.op(op, [x, axis], { shape: x.shape }, options);
  };
}

/** The length of vectors (or of all elements) in the Euclidean, the absolute or the greatest sense. */
const norm: EmitFunction = (call) => {
  const { composer } = call;
  const x = cast(composer, call.tensor("x"), "float32");
  const axes = call.axes("axis", x);
  const keep = call.boolean("keepdims", false);
  const order = call.value("ord") ?? "euclidean";
  const magnitude = composer.unary("Abs", x);
  const isVector = axes.length === 1 || !call.has("axis");
  if (order === 1 && isVector) return composer.reduce("Sum", magnitude, axes, keep);
  if (order === "inf" && isVector) return composer.reduce("Max", magnitude, axes, keep);
  if (!(order === "euclidean" || order === "fro" || (order === 2 && isVector))) call.refuse("ord");
  return composer.unary("Sqrt", composer.reduce("Sum", composer.unary("Square", x), axes, keep));
};

/** x ÷ √max(Σ x², epsilon), as `tf.math.l2_normalize`. */
const l2Normalize: EmitFunction = (call) => {
  const { composer } = call;
  const x = cast(composer, call.tensor("x"), "float32");
  const sum = composer.reduce("Sum", composer.unary("Square", x), call.axes("axis", x), true);
  const least = composer.scalar(call.number("epsilon", 1e-12));
  return composer.mul(x, composer.unary("Rsqrt", composer.binary("Maximum", sum, least)));
};

/** `keras.ops.normalize`: x ÷ max(‖x‖, epsilon). */
const normalize: EmitFunction = (call) => {
  const { composer } = call;
  if (call.number("order", 2) !== 2) call.refuse("order");
  const x = cast(composer, call.tensor("x"), "float32");
  const axis = countedAxis(call.number("axis", -1), x.shape.length);
  const sum = composer.reduce("Sum", composer.unary("Square", x), [axis], true);
  const least = composer.scalar(call.number("epsilon", 1e-12) ** 2);
  return composer.mul(x, composer.unary("Rsqrt", composer.binary("Maximum", sum, least)));
};

const moments: EmitFunction = (call) => {
  const { composer } = call;
  call.refuse("shift");
  const x = cast(composer, call.tensor("x"), "float32");
  const keep = call.boolean("keepdims", false);
  return [composer.reduce("Mean", x, call.axes("axis", x), keep), variance(call, keep)];
};

const ptp: EmitFunction = (call) => {
  const { composer } = call;
  const x = call.tensor("x");
  const [axes, keep] = [call.axes("axis", x), call.boolean("keepdims", false)];
  return composer.sub(composer.reduce("Max", x, axes, keep), composer.reduce("Min", x, axes, keep));
};

const countNonzero: EmitFunction = (call) => {
  const { composer } = call;
  const isNonzero = cast(composer, call.tensor("x"), "bool");
  const x = cast(composer, isNonzero, "int32");
  return composer.reduce("Sum", x, call.axes("axis", x), call.boolean("keepdims", false));
};

/** Without weights, the mean. */
const average: EmitFunction = (call) => {
  call.refuse("weights");
  return reduce("Mean", "float32")(call);
};

const sizeOf: EmitFunction = (call) => {
  const shape = call.composer.shapeOf(call.tensor("x"));
  return call.composer.reduce("Prod", shape, [0]);
};

/** Functions that combine the elements along axes. */
export const REDUCTIONS: readonly (readonly [name: string, KerasFunction])[] = [
  ["sum", define("x axis keepdims", reduce("Sum"))],
  ["mean", define("x axis keepdims", reduce("Mean", "float32"))],
  ["max", define("x axis keepdims", reduce("Max"))],
  ["min", define("x axis keepdims", reduce("Min"))],
  ["prod", define("x axis keepdims", reduce("Prod"))],
  ["any", define("x axis keepdims", reduce("Any", "bool"))],
  ["all", define("x axis keepdims", reduce("All", "bool"))],
  ["var", define("x axis keepdims", (call) => variance(call, call.boolean("keepdims", false)))],
  [
    "std",
    define("x axis keepdims", (call) => call.composer.unary("Sqrt", variance(call, call.boolean("keepdims", false)))),
  ],
  ["ptp", define("x axis keepdims", ptp)],
  ["logsumexp", define("x axis keepdims", logSumExp)],
  // TensorFlow's default axis is the first; without one, keras.ops takes all elements.
  ["argmax_tf", define("x axis", argument("ArgMax", 0))],
  ["argmin_tf", define("x axis", argument("ArgMin", 0))],
  ["cumsum_tf", define("x axis", cumulate("Cumsum", 0))],
  ["cumprod_tf", define("x axis", cumulate("Cumprod", 0))],
  ["argmax", define("x axis", argument("ArgMax"))],
  ["argmin", define("x axis", argument("ArgMin"))],
  ["cumsum", define("x axis exclusive reverse", cumulate("Cumsum"))],
  ["cumprod", define("x axis exclusive reverse", cumulate("Cumprod"))],
  ["norm", define("x ord axis keepdims", norm)],
  ["l2_normalize", define("x axis epsilon", l2Normalize)],
  ["normalize", define("x axis order epsilon", normalize)],
  ["moments", define("x axis shift keepdims", moments)],
  ["average", define("x weights axis", average)],
  ["size", define("x", sizeOf)],
  ["count_nonzero", define("x axis keepdims", countNonzero)],
];
