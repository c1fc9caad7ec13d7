import { asJsonObject } from "../../artifacts.js";
import { DTYPES } from "../../read-graph.js";
import type { EmitNode, NodeCall } from "../node-call.js";
import type { OperatorName } from "../operators.js";
import { broadcast } from "../shapes.js";
import { ELEMENT_NUMBERS, float, literal, type Element, type Value } from "../value.js";
import { activate } from "./activations.js";
import { combine, fill } from "./combine.js";

const NUMBERS: readonly Element[] = ["float32", "int32"];

const unary =
  (name: OperatorName, ...elements: readonly Element[]): EmitNode =>
  (call) => {
    const x = call.input(0);
    call.requireElement(x, ...(elements.length === 0 ? (["float32"] as const) : elements));
    return [call.emit(name, [x], { shape: x.shape })];
  };

const binary =
  (name: OperatorName, elements: readonly Element[] = NUMBERS): EmitNode =>
  (call) => {
    call.requireElement(call.input(0), ...elements);
    return [combine(call, name, call.input(0), call.input(1))];
  };

const compared =
  (name: OperatorName): EmitNode =>
  (call) => [combine(call, name, call.input(0), call.input(1), "bool")];

/** Compares the size of each number with what it has to be. */
const tested =
  (name: OperatorName, sides: (size: Value) => readonly [Value, Value]): EmitNode =>
  (call) => {
    const x = call.input(0);
    call.requireElement(x, "float32");
    const [a, b] = sides(call.emit("ABS", [x], { shape: x.shape }));
    return [combine(call, name, a, b, "bool")];
  };

const activation: EmitNode = (call) => [activate(call, call.input(0), call.node.op, call.inputs[1])];

/** Written of other operators, on floats. */
const composed =
  (compute: (call: NodeCall, x: Value, apply: (name: OperatorName, x: Value) => Value) => Value): EmitNode =>
  (call) => {
    const x = call.input(0);
    call.requireElement(x, "float32");
    return [compute(call, x, (name, value) => call.emit(name, [value], { shape: value.shape }))];
  };

const clip: EmitNode = (call) => {
  const [x, least, most] = [call.input(0), call.input(1), call.input(2)];
  call.requireElement(x, ...NUMBERS);
  const bounds = [least, most].map((bound) => call.numbersOf(bound)?.[0]);
  if (x.element === "float32" && bounds[0] === 0 && bounds[1] === 6) {
    return [call.emit("RELU6", [x], { shape: x.shape })];
  }
  return [combine(call, "MINIMUM", combine(call, "MAXIMUM", x, least), most)];
};

const addAll: EmitNode = (call) => [call.inputs.reduce((total, each) => combine(call, "ADD", total, each))];

const cast: EmitNode = (call) => {
  const x = call.input(0);
  const type = asJsonObject(call.node.attr.DstT).type;
  const element = DTYPES.get(type);
  const isNarrow = /^DT_(HALF|BFLOAT16|U?INT(8|16))$/.test(String(type));
  if (element === undefined || element === "string" || isNarrow) {
    return call.refuse(`a cast to ${String(type).slice(0, 40)}`);
  }
  if (element === x.element) return [x];
  const options = { from: ELEMENT_NUMBERS[x.element], to: ELEMENT_NUMBERS[element] };
  return [call.emit("CAST", [x], { shape: x.shape, element }, options)];
};

const select: EmitNode = (call) => {
  const [condition, a, b] = [call.input(0), call.input(1), call.input(2)];
  call.requireElement(condition, "bool");
  if (a.element !== b.element) call.refuse(`elements of ${a.element} and ${b.element}`);
  // Select takes a vector as a condition for each row; SelectV2 broadcasts it.
  const isForRows = call.node.op === "Select" && condition.shape.length === 1 && a.shape.length > 1;
  const choice = isForRows
    ? call.reshape(condition, [...condition.shape, ...a.shape.slice(1).map(() => 1)])
    : condition;
  const shape = broadcast(call, choice.shape, a.shape, b.shape);
  if (shape.length > 5) call.refuse(`${shape.length} axes`);
  return [call.emit("SELECT_V2", [choice, a, b], { shape, element: a.element })];
};

const divideNoNan: EmitNode = (call) => {
  const [a, b] = [call.input(0), call.input(1)];
  call.requireElement(a, "float32");
  const quotient = combine(call, "DIV", a, b);
  const isZero = combine(call, "EQUAL", b, float(0), "bool");
  const { shape } = quotient;
  return [call.emit("SELECT_V2", [isZero, float(0), quotient], { shape, element: "float32" })];
};

/** Source: Abramowitz and Stegun, Handbook of Mathematical Functions, 7.1.26; TF.js computes it in the same way. */
const erf = composed((call, x, apply) => {
  const coefficients = [1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592];
  const size = apply("ABS", x);
  const scaled = combine(call, "ADD", combine(call, "MUL", size, float(0.3275911)), float(1));
  const t = combine(call, "DIV", float(1), scaled);
  const [first, ...others] = coefficients.map(float);
  const series = others.reduce((value, each) => combine(call, "ADD", combine(call, "MUL", value, t), each), first!);
  const decay = apply("EXP", apply("NEG", apply("SQUARE", x)));
  const rest = combine(call, "MUL", combine(call, "MUL", series, t), decay);
  return combine(call, "MUL", sign(call, x, apply), combine(call, "SUB", float(1), rest));
});

function sign(call: NodeCall, x: Value, apply: (name: OperatorName, x: Value) => Value): Value {
  // The smallest normal number, so that zero stays zero.
  return combine(call, "DIV", x, combine(call, "MAXIMUM", apply("ABS", x), float(1.1754944e-38)));
}

function filled(call: NodeCall, value: number): Value {
  const { shape, element } = call.input(0);
  return fill(call, shape, literal(element, [], [value]));
}

/** Channels first: the bias stands along axis 1. */
const biasAdd: EmitNode = (call) => {
  const [x, bias] = [call.input(0), call.input(1)];
  const isFirst = call.attrText("data_format", "NHWC").startsWith("NC");
  const shape = [...bias.shape, ...x.shape.slice(2).map(() => 1)];
  return [combine(call, "ADD", x, isFirst ? call.reshape(bias, shape) : bias)];
};

export const ELEMENTWISE: Readonly<Record<string, EmitNode>> = {
  ...Object.fromEntries(
    ["Relu", "Relu6", "Elu", "Sigmoid", "Tanh", "LeakyRelu", "Prelu", "Selu", "Softplus"].map((op) => [op, activation]),
  ),
  Abs: unary("ABS", ...NUMBERS),
  Ceil: unary("CEIL"),
  Cos: unary("COS"),
  Exp: unary("EXP"),
  Floor: unary("FLOOR"),
  Log: unary("LOG"),
  LogicalNot: unary("LOGICAL_NOT", "bool"),
  Neg: unary("NEG", ...NUMBERS),
  Rint: unary("ROUND"),
  Round: unary("ROUND"),
  Rsqrt: unary("RSQRT"),
  Sin: unary("SIN"),
  Sqrt: unary("SQRT"),
  Square: unary("SQUARE"),
  Erf: erf,
  Expm1: composed((call, x, apply) => combine(call, "SUB", apply("EXP", x), float(1))),
  Inv: composed((call, x) => combine(call, "DIV", float(1), x)),
  Log1p: composed((call, x, apply) => apply("LOG", combine(call, "ADD", x, float(1)))),
  Reciprocal: composed((call, x) => combine(call, "DIV", float(1), x)),
  Sign: composed(sign),
  Softsign: composed((call, x, apply) => combine(call, "DIV", x, combine(call, "ADD", apply("ABS", x), float(1)))),
  Tan: composed((call, x, apply) => combine(call, "DIV", apply("SIN", x), apply("COS", x))),

  Add: binary("ADD"),
  AddV2: binary("ADD"),
  BiasAdd: biasAdd,
  Div: binary("DIV", ["float32"]),
  FloorDiv: binary("FLOOR_DIV"),
  FloorMod: binary("FLOOR_MOD"),
  Maximum: binary("MAXIMUM"),
  Minimum: binary("MINIMUM"),
  Mul: binary("MUL"),
  _IntegerMul: binary("MUL"),
  Pow: binary("POW", ["float32"]),
  RealDiv: binary("DIV", ["float32"]),
  SquaredDifference: binary("SQUARED_DIFFERENCE"),
  Sub: binary("SUB"),
  DivNoNan: divideNoNan,
  LogicalAnd: binary("LOGICAL_AND", ["bool"]),
  LogicalOr: binary("LOGICAL_OR", ["bool"]),

  IsFinite: tested("LESS", (size) => [size, float(Infinity)]),
  IsInf: tested("EQUAL", (size) => [size, float(Infinity)]),
  IsNan: tested("NOT_EQUAL", (size) => [size, size]),

  Equal: compared("EQUAL"),
  Greater: compared("GREATER"),
  GreaterEqual: compared("GREATER_EQUAL"),
  Less: compared("LESS"),
  LessEqual: compared("LESS_EQUAL"),
  NotEqual: compared("NOT_EQUAL"),

  AddN: addAll,
  Cast: cast,
  ClipByValue: clip,
  Select: select,
  SelectV2: select,
  ZerosLike: (call) => [filled(call, 0)],
  OnesLike: (call) => [filled(call, 1)],
};
