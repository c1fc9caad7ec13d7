import { asJsonObject, type JsonObject, asText } from "../artifacts.js";
import { FORMULAS, hardSigmoidOfKeras3 } from "./activation-formulas.js";
import { Composer } from "./composer.js";
import { attrs, type Emitter, FLOAT, type Symbolic, Untranslatable } from "./emitter.js";

type Emit = (emitter: Emitter, name: string, x: string) => string;

const unary =
  (op: string): Emit =>
  (emitter, name, x) =>
    emitter.node(name, op, [x], FLOAT);

/** The activations of TF.js's layers, computed with the same operations. `FORMULAS` has those with options, and others. */
const ACTIVATIONS: Readonly<Record<string, Emit>> = {
  relu: unary("Relu"),
  relu6: unary("Relu6"),
  elu: unary("Elu"),
  selu: unary("Selu"),
  sigmoid: unary("Sigmoid"),
  tanh: unary("Tanh"),
  softplus: unary("Softplus"),
  softmax: unary("Softmax"),
  logSoftmax: unary("LogSoftmax"),
  log_softmax: unary("LogSoftmax"),
  hardSigmoid: emitHardSigmoid,
  hard_sigmoid: emitHardSigmoid,
  swish: emitSwish,
  silu: emitSwish,
  softsign(emitter, name, x) {
    const magnitude = emitter.node(`${name}/Abs`, "Abs", [x], FLOAT);
    const divisor = emitter.node(`${name}/AddV2`, "AddV2", [magnitude, emitter.float32(`${name}/one`, [1], [])], FLOAT);
    return emitter.node(name, "RealDiv", [x, divisor], FLOAT);
  },
  gelu(emitter, name, x) {
    const scaled = emitter.node(`${name}/Mul`, "Mul", [x, emitter.float32(`${name}/scale`, [Math.SQRT1_2], [])], FLOAT);
    const shifted = [emitter.node(`${name}/Erf`, "Erf", [scaled], FLOAT), emitter.float32(`${name}/one`, [1], [])];
    const halved = emitter.node(`${name}/half_x`, "Mul", [x, emitter.float32(`${name}/half`, [0.5], [])], FLOAT);
    return emitter.node(name, "Mul", [halved, emitter.node(`${name}/AddV2`, "AddV2", shifted, FLOAT)], FLOAT);
  },
  mish(emitter, name, x) {
    const softplus = emitter.node(`${name}/Softplus`, "Softplus", [x], FLOAT);
    return emitter.node(name, "Mul", [x, emitter.node(`${name}/Tanh`, "Tanh", [softplus], FLOAT)], FLOAT);
  },
};

function emitHardSigmoid(emitter: Emitter, name: string, x: string): string {
  const scaled = emitter.node(`${name}/Mul`, "Mul", [x, emitter.float32(`${name}/slope`, [0.2], [])], FLOAT);
  const shifted = emitter.node(`${name}/AddV2`, "AddV2", [scaled, emitter.float32(`${name}/shift`, [0.5], [])], FLOAT);
  const bounds = [emitter.float32(`${name}/low`, [0], []), emitter.float32(`${name}/high`, [1], [])];
  return emitter.node(name, "ClipByValue", [shifted, ...bounds], FLOAT);
}

function emitSwish(emitter: Emitter, name: string, x: string): string {
  return emitter.node(name, "Mul", [x, emitter.node(`${name}/Sigmoid`, "Sigmoid", [x], FLOAT)], FLOAT);
}

/**
 * Emit an activation by its Keras name, for a layer of its own or as an option of another layer.
 * @param options arguments of the function, such as `negative_slope`.
 * @throws Untranslatable for an unknown activation.
 */
export function emitActivation(
  emitter: Emitter,
  name: string,
  x: Symbolic,
  activation: unknown,
  options: JsonObject = {},
): Symbolic {
  const layer = activationLayer(activation);
  if (layer !== undefined) return emitActivation(emitter, name, x, layer.name, layer.options);
  const known = nameOfActivation(activation);
  if (known === "linear") return x;
  const isPlain = Object.keys(options).length === 0;
  const isHardOfKeras3 = emitter.kerasMajor === 3 && known === "hard_sigmoid";
  const formula = isHardOfKeras3 ? hardSigmoidOfKeras3 : FORMULAS.get(known);
  const isOwn = Object.hasOwn(ACTIVATIONS, known) && isPlain && !isHardOfKeras3;
  if (!isOwn && formula === undefined) throw new Untranslatable(`activation ${known.slice(0, 60)}`);
  if (x.dtype !== "float32") throw new Untranslatable(`activation of ${x.dtype}`);
  if (isOwn) return { ...x, reference: ACTIVATIONS[known]!(emitter, name, x.reference) };
  const composer = new Composer(emitter, name);
  return { ...x, ...composer.named(formula!(composer, x, options)) };
}

/** The layers without weights that may be given as an activation, and the options that mean the same for the function. */
const LAYERS: ReadonlyMap<string, readonly [name: string, options: readonly string[]]> = new Map([
  ["ReLU", ["relu", ["negative_slope", "max_value", "threshold"]]],
  ["LeakyReLU", ["leaky_relu", ["negative_slope", "alpha"]]],
  ["ELU", ["elu", ["alpha"]]],
  ["Softmax", ["softmax", ["axis"]]],
]);

/** Read `{ class_name: "LeakyReLU", config }`. */
function activationLayer(activation: unknown): { name: unknown; options: JsonObject } | undefined {
  const { class_name: className, config } = asJsonObject(activation);
  if (className === "Activation") return { name: asJsonObject(config).activation, options: {} };
  const [name, keys] = LAYERS.get(asText(className)) ?? [];
  if (name === undefined || keys === undefined) return undefined;
  const given = asJsonObject(config);
  const options = keys.flatMap((key) => (given[key] === undefined || given[key] === null ? [] : [[key, given[key]]]));
  // The layer's own default is not that of the function.
  if (name === "leaky_relu" && options.length === 0) return { name, options: { negative_slope: 0.3 } };
  return { name, options: Object.fromEntries(options) as JsonObject };
}

/** The config holds a name, or `{ class_name, config }`, or nothing, which means "linear". */
export function nameOfActivation(activation: unknown): string {
  if (typeof activation === "string") return activation;
  if (activation === undefined || activation === null) return "linear";
  const { class_name: className, config } = asJsonObject(activation);
  const isPlain = typeof className === "string" && Object.keys(asJsonObject(config)).length === 0;
  return isPlain ? className : JSON.stringify(activation);
}

export function emitLeakyRelu(emitter: Emitter, name: string, x: Symbolic, alpha: number): Symbolic {
  return { ...x, reference: emitter.node(name, "LeakyRelu", [x.reference], { ...FLOAT, alpha: attrs.float(alpha) }) };
}
