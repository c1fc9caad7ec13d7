import type { Composer } from "../composer.js";
import { FORMULAS, type Formula, gelu, hardSigmoidOfKeras3, relu } from "../activation-formulas.js";
import { type Symbolic, typeOf, Untranslatable } from "../emitter.js";
import { cast, define, dtypeOf, type EmitFunction, type FunctionCall, type KerasFunction } from "./function-call.js";
import { ConstantArgument } from "../call-values.js";
import { TensorArgument } from "../layer-call.js";

function float(composer: Composer, x: Symbolic): Symbolic {
  return cast(composer, x, "float32");
}

/** The dtype of a result: float if one is a float, else int32 if one is a number. Constants take the dtype of tensors. */
function operands(call: FunctionCall, first: string, second: string): [Symbolic, Symbolic] {
  const { composer } = call;
  const values = [call.value(first), call.value(second)];
  const tensors = values.flatMap((each) => (each instanceof TensorArgument ? [each.tensor.dtype] : []));
  const constants = values.filter((each) => !(each instanceof TensorArgument)).map(constantDtype);
  const dtypes = [...tensors, ...constants];
  const dtype = (["string", "float32", "int32", "bool"] as const).find((each) => dtypes.includes(each))!;
  return [cast(composer, call.tensor(first, dtype), dtype), cast(composer, call.tensor(second, dtype), dtype)];
}

function constantDtype(value: unknown): Symbolic["dtype"] {
  if (value instanceof ConstantArgument) return dtypeOf(value.dtype);
  const values = Array.isArray(value) ? (value as unknown[]).flat(Infinity) : [value];
  if (values.every((each) => typeof each === "boolean")) return "bool";
  return values.every((each) => typeof each !== "number" || Number.isInteger(each)) ? "int32" : "float32";
}

/** @param keeps whether it is also an operation of whole numbers; else they become floats. */
function unary(op: string, keeps = false): EmitFunction {
  return (call) => {
    const x = call.tensor("x");
    return call.composer.unary(op, keeps && x.dtype !== "bool" ? x : float(call.composer, x));
  };
}

function binary(op: string, isFloat = false): EmitFunction {
  return (call) => {
    const [a, b] = operands(call, "x1", "x2");
    const { composer } = call;
    if (isFloat) return composer.binary(op, float(composer, a), float(composer, b));
    // Sums and products of bools are numbers.
    return a.dtype === "bool"
      ? composer.binary(op, cast(composer, a, "int32"), cast(composer, b, "int32"))
      : composer.binary(op, a, b);
  };
}

function compare(op: string): EmitFunction {
  return (call) => {
    const [a, b] = operands(call, "x1", "x2");
    const isBool = a.dtype === "bool";
    const { composer } = call;
    return isBool
      ? composer.compare(op, cast(composer, a, "int32"), cast(composer, b, "int32"))
      : composer.compare(op, a, b);
  };
}

function logical(op: string): EmitFunction {
  return (call) => {
    const { composer } = call;
    const a = cast(composer, call.tensor("x1"), "bool");
    return composer.compare(op, a, cast(composer, call.tensor("x2"), "bool"));
  };
}

/** Activations take their options by name. */
function activation(formula: Formula): EmitFunction {
  return (call) => {
    const names = ["negative_slope", "alpha", "approximate", "axis", "threshold", "default_value", "b", "max_value"];
    const options = Object.fromEntries(names.filter((name) => call.has(name)).map((name) => [name, call.value(name)]));
    return formula(call.composer, float(call.composer, call.tensor("x")), options);
  };
}

const formula = (name: string): EmitFunction => activation(FORMULAS.get(name)!);

const clip: EmitFunction = (call) => {
  const x = call.tensor("x");
  const { composer } = call;
  const bounds = ["x_min", "x_max"].map((name) => {
    const bound = call.value(name);
    return bound === undefined ? undefined : cast(composer, call.tensor(name, x.dtype), x.dtype);
  });
  const above = bounds[0] === undefined ? x : composer.binary("Maximum", x, bounds[0]);
  return bounds[1] === undefined ? above : composer.binary("Minimum", above, bounds[1]);
};

const where: EmitFunction = (call) => {
  const condition = cast(call.composer, call.tensor("condition"), "bool");
  if (!call.has("x1") || !call.has("x2")) throw new Untranslatable("where with one argument");
  const [a, b] = operands(call, "x1", "x2");
  return call.composer.select(condition, a, b);
};

const round: EmitFunction = (call) => {
  if (call.number("decimals", 0) !== 0) throw new Untranslatable("decimals");
  const x = call.tensor("x");
  return x.dtype === "float32" ? call.composer.unary("Round", x) : x;
};

const castTo: EmitFunction = (call) => cast(call.composer, call.tensor("x"), dtypeOf(call.value("dtype")));

/** A function of one argument as a chain of operations on floats. */
function chain(compute: (composer: Composer, x: Symbolic) => Symbolic): EmitFunction {
  return (call) => compute(call.composer, float(call.composer, call.tensor("x")));
}

/** TF.js's FloorDiv of floats gives whole numbers on some backends. */
const floorDivide: EmitFunction = (call) => {
  const [a, b] = operands(call, "x1", "x2");
  const { composer } = call;
  return a.dtype === "float32" ? composer.unary("Floor", composer.div(a, b)) : binary("FloorDiv")(call);
};

const divideNoNan: EmitFunction = (call) => {
  const [a, b] = operands(call, "x1", "x2").map((each) => float(call.composer, each)) as [Symbolic, Symbolic];
  return call.composer.binary("DivNoNan", a, b);
};

const UNARY: readonly (readonly [name: string, emit: EmitFunction])[] = [
  ["abs", unary("Abs", true)],
  ["negative", unary("Neg", true)],
  ["square", unary("Square", true)],
  ["sign", unary("Sign", true)],
  ["sqrt", unary("Sqrt")],
  ["rsqrt", unary("Rsqrt")],
  ["reciprocal", unary("Reciprocal")],
  ["exp", unary("Exp")],
  ["expm1", unary("Expm1")],
  ["log", unary("Log")],
  ["log1p", unary("Log1p")],
  ["log2", chain((c, x) => c.mul(c.unary("Log", x), c.scalar(Math.LOG2E)))],
  ["log10", chain((c, x) => c.mul(c.unary("Log", x), c.scalar(Math.LOG10E)))],
  ["exp2", chain((c, x) => c.binary("Pow", c.scalar(2), x))],
  ["sin", unary("Sin")],
  ["cos", unary("Cos")],
  ["tan", unary("Tan")],
  ["arcsin", unary("Asin")],
  ["arccos", unary("Acos")],
  ["arctan", unary("Atan")],
  ["sinh", unary("Sinh")],
  ["cosh", unary("Cosh")],
  ["tanh", unary("Tanh")],
  ["arcsinh", unary("Asinh")],
  ["arccosh", unary("Acosh")],
  ["arctanh", unary("Atanh")],
  ["floor", unary("Floor")],
  ["ceil", unary("Ceil")],
  ["trunc", chain((c, x) => c.mul(c.unary("Sign", x), c.unary("Floor", c.unary("Abs", x))))],
  ["erf", unary("Erf")],
  ["erfc", chain((c, x) => c.sub(c.scalar(1), c.unary("Erf", x)))],
  ["sigmoid", unary("Sigmoid")],
  ["softplus", unary("Softplus")],
  ["relu6", unary("Relu6")],
  ["selu", unary("Selu")],
  ["deg2rad", chain((c, x) => c.mul(x, c.scalar(Math.PI / 180)))],
  ["rad2deg", chain((c, x) => c.mul(x, c.scalar(180 / Math.PI)))],
  ["isfinite", (call) => toBool(call, "IsFinite")],
  ["isinf", (call) => toBool(call, "IsInf")],
  ["isnan", (call) => toBool(call, "IsNan")],
  ["logical_not", (call) => call.composer.unary("LogicalNot", cast(call.composer, call.tensor("x"), "bool"))],
  ["softsign", chain((c, x) => c.div(x, c.add(c.unary("Abs", x), c.scalar(1))))],
  ["silu", chain((c, x) => c.mul(x, c.unary("Sigmoid", x)))],
  ["mish", chain((c, x) => c.mul(x, c.unary("Tanh", c.unary("Softplus", x))))],
  ["identity", (call) => call.tensor("x")],
  ["stop_gradient", (call) => call.tensor("x")],
  ["zeros_like", (call) => filled(call, 0)],
  ["ones_like", (call) => filled(call, 1)],
  ["hard_sigmoid", activation(hardSigmoidOfKeras3)],
];

function toBool(call: FunctionCall, op: string): Symbolic {
  const x = float(call.composer, call.tensor("x"));
  return call.composer.op(op, [x], { shape: x.shape, dtype: "bool" });
}

/** A constant for each element of `x`. */
function filled(call: FunctionCall, value: number): Symbolic {
  const { composer } = call;
  const x = call.tensor("x");
  const dtype = call.has("dtype") ? dtypeOf(call.value("dtype")) : x.dtype;
  if (dtype === "string") throw new Untranslatable("a constant of strings");
  return composer.op(
    "Fill",
    [composer.shapeOf(x), composer.literal([value], [], dtype)],
    { shape: x.shape, dtype },
    { T: { type: typeOf(dtype) } },
  );
}

const fullLike: EmitFunction = (call) => {
  const { composer } = call;
  const x = call.tensor("x");
  const dtype = call.has("dtype") ? dtypeOf(call.value("dtype")) : x.dtype;
  const element = cast(composer, call.tensor("fill_value", dtype), dtype);
  return composer.op("Fill", [composer.shapeOf(x), element], { shape: x.shape, dtype }, { T: { type: typeOf(dtype) } });
};

function geluOf(call: FunctionCall, isApproximate: boolean): Symbolic {
  const approximate = call.boolean("approximate", isApproximate);
  return gelu(call.composer, float(call.composer, call.tensor("x")), { approximate });
}

/** sin(πx) ÷ πx. */
const sinc: EmitFunction = chain((c, x) => {
  const angle = c.mul(x, c.scalar(Math.PI));
  const isZero = c.compare("Equal", x, c.scalar(0));
  const ones = c.unary("OnesLike", x);
  return c.select(isZero, ones, c.div(c.unary("Sin", angle), c.select(isZero, ones, angle)));
});

const LARGEST = 3.4028234663852886e38;

/** Replace what is no finite number. */
const nanToNum: EmitFunction = (call) => {
  const { composer: c } = call;
  const given = call.tensor("x");
  if (given.dtype !== "float32") return given;
  const filled = (value: number): Symbolic => c.add(c.unary("ZerosLike", given), c.scalar(value));
  const isInfinite = c.op("IsInf", [given], { shape: given.shape, dtype: "bool" });
  const isNan = c.op("IsNan", [given], { shape: given.shape, dtype: "bool" });
  const isPositive = c.compare("Greater", given, c.scalar(0));
  const most = c.select(isPositive, filled(call.number("posinf", LARGEST)), filled(call.number("neginf", -LARGEST)));
  return c.select(isNan, filled(call.number("nan", 0)), c.select(isInfinite, most, given));
};

/** Also of -0. */
const signBit: EmitFunction = chain((c, x) => {
  const zero = c.scalar(0);
  return c.compare("LogicalOr", c.compare("Less", x, zero), c.compare("Less", c.unary("Reciprocal", x), zero));
});

/** log(exp(a) + exp(b)) */
const logAddExp: EmitFunction = (call) => {
  const { composer: c } = call;
  const [a, b] = operands(call, "x1", "x2").map((each) => float(c, each)) as [Symbolic, Symbolic];
  const smaller = c.unary("Exp", c.unary("Neg", c.unary("Abs", c.sub(a, b))));
  return c.add(c.binary("Maximum", a, b), c.unary("Log1p", smaller));
};

const addAll: EmitFunction = (call) => {
  const [first, ...others] = call.tensors("xs");
  return others.reduce((sum, each) => call.composer.add(sum, each), first!);
};

/** How many of the bounds are at most x. */
const digitize: EmitFunction = (call) => {
  const { composer: c } = call;
  const x = c.expand(float(c, call.tensor("x")), call.tensor("x").shape.length);
  const bounds = float(c, call.tensor("bins", "float32"));
  const counts = c.cast(c.compare("GreaterEqual", x, bounds), "int32");
  return c.reduce("Sum", counts, [counts.shape.length - 1]);
};

const BINARY: readonly (readonly [name: string, emit: EmitFunction])[] = [
  ["add", binary("AddV2")],
  ["subtract", binary("Sub")],
  ["multiply", binary("Mul")],
  ["divide", binary("RealDiv", true)],
  ["divide_no_nan", divideNoNan],
  ["floor_divide", floorDivide],
  ["mod", binary("FloorMod")],
  ["power", binary("Pow")],
  ["maximum", binary("Maximum")],
  ["minimum", binary("Minimum")],
  ["squared_difference", binary("SquaredDifference", true)],
  ["arctan2", binary("Atan2", true)],
  ["equal", compare("Equal")],
  ["not_equal", compare("NotEqual")],
  ["greater", compare("Greater")],
  ["greater_equal", compare("GreaterEqual")],
  ["less", compare("Less")],
  ["less_equal", compare("LessEqual")],
  ["logical_and", logical("LogicalAnd")],
  ["logical_or", logical("LogicalOr")],
  ["logical_xor", logical("NotEqual")],
];

const ACTIVATIONS = ["celu", "glu", "hard_silu", "hard_tanh", "hard_shrink", "soft_shrink", "tanh_shrink"];
const MORE_ACTIVATIONS = ["log_sigmoid", "squareplus", "sparse_plus", "sparse_sigmoid", "sparsemax", "threshold"];

/** Functions of single elements. */
export const ELEMENTWISE: readonly (readonly [name: string, KerasFunction])[] = [
  ...UNARY.map(([name, emit]) => [name, define("x", emit)] as const),
  ...BINARY.map(([name, emit]) => [name, define("x1 x2", emit)] as const),
  ...[...ACTIVATIONS, ...MORE_ACTIVATIONS].map((name) => [name, define("x", formula(name))] as const),
  ["full_like", define("x fill_value dtype", fullLike)],
  // TensorFlow's default is the exact form, that of keras.ops the approximation.
  ["gelu", define("x approximate", (call) => geluOf(call, true))],
  ["gelu_tf", define("x approximate", (call) => geluOf(call, false))],
  ["relu", define("x", activation(relu))],
  ["leaky_relu", define("x negative_slope", formula("leaky_relu"))],
  ["elu", define("x alpha", formula("elu"))],
  ["softmax", define("x axis", formula("softmax"))],
  ["log_softmax", define("x axis", formula("log_softmax"))],
  ["sinc", define("x", sinc)],
  [
    "cbrt",
    define(
      "x",
      chain((c, x) => c.mul(c.unary("Sign", x), c.binary("Pow", c.unary("Abs", x), c.scalar(1 / 3)))),
    ),
  ],
  ["nan_to_num", define("x nan posinf neginf", nanToNum)],
  ["signbit", define("x", signBit)],
  ["logaddexp", define("x1 x2", logAddExp)],
  ["add_n", define("xs", addAll)],
  ["digitize", define("x bins", digitize)],
  ["clip", define("x x_min x_max", clip)],
  ["where", define("condition x1 x2", where)],
  ["round", define("x", round)],
  ["cast", define("x dtype", castTo)],
];
