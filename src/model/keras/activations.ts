import { attrs, type Emitter, FLOAT, type Symbolic, Untranslatable } from "./emitter.js";

type Emit = (emitter: Emitter, name: string, x: string) => string;

const unary =
  (op: string): Emit =>
  (emitter, name, x) =>
    emitter.node(name, op, [x], FLOAT);

/** As TF.js's layers compute them. */
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
 * An activation by its Keras name, as an option of another layer or a layer of its own.
 * @throws Untranslatable for one that it does not know.
 */
export function emitActivation(emitter: Emitter, name: string, x: Symbolic, activation: unknown): Symbolic {
  if (activation === undefined || activation === null || activation === "linear") return x;
  if (typeof activation !== "string" || !Object.hasOwn(ACTIVATIONS, activation)) {
    throw new Untranslatable(`activation ${String(JSON.stringify(activation)).slice(0, 60)}`);
  }
  if (x.dtype !== "float32") throw new Untranslatable(`activation of ${x.dtype}`);
  return { ...x, reference: ACTIVATIONS[activation]!(emitter, name, x.reference) };
}

export function emitLeakyRelu(emitter: Emitter, name: string, x: Symbolic, alpha: number): Symbolic {
  return { ...x, reference: emitter.node(name, "LeakyRelu", [x.reference], { ...FLOAT, alpha: attrs.float(alpha) }) };
}
