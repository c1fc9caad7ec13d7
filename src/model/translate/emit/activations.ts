import { fusedOps } from "../../optimise/attributes.js";
import type { NodeCall } from "../node-call.js";
import { float, type Value } from "../value.js";
import { combine } from "./combine.js";

/** Activations that are one operator each. */
const OPERATORS = { Relu: "RELU", Relu6: "RELU6", Elu: "ELU", Sigmoid: "LOGISTIC", Tanh: "TANH" } as const;

function isActivation(name: string): name is keyof typeof OPERATORS {
  return Object.hasOwn(OPERATORS, name);
}

/**
 * Write an activation by the name that fused nodes and single ones have.
 * @param slope of a Prelu. @throws ShardError "model-unsupported"
 */
export function activate(call: NodeCall, x: Value, name: string, slope?: Value): Value {
  const same = { shape: x.shape };
  call.requireElement(x, "float32");
  if (isActivation(name)) return call.emit(OPERATORS[name], [x], same);
  switch (name) {
    case "LeakyRelu": {
      const alpha = call.attrFloat(call.node.op === "LeakyRelu" ? "alpha" : "leakyrelu_alpha", 0.2);
      return call.emit("LEAKY_RELU", [x], same, { alpha });
    }
    case "Prelu":
      return slope === undefined ? call.refuse("no slopes") : call.emit("PRELU", [x, slope], same);
    case "_FusedHardSwish":
      return call.emit("HARD_SWISH", [x], same);
    case "Selu": {
      const [scale, alpha] = [1.0507009873554805, 1.6732632423543772];
      const below = call.emit("ELU", [combine(call, "MINIMUM", x, float(0))], same);
      const sum = combine(call, "ADD", call.emit("RELU", [x], same), combine(call, "MUL", below, float(alpha)));
      return combine(call, "MUL", sum, float(scale));
    }
    case "Softplus": {
      // log(1 + exp(-|x|)) + max(x, 0), which stays finite.
      const decay = call.emit("EXP", [call.emit("NEG", [call.emit("ABS", [x], same)], same)], same);
      const log = call.emit("LOG", [combine(call, "ADD", decay, float(1))], same);
      return combine(call, "ADD", log, call.emit("RELU", [x], same));
    }
    default:
      return call.refuse(`the activation ${name.slice(0, 40)}`);
  }
}

/** What a fused node adds to its product: a bias, then an activation. */
export interface FusedParts {
  readonly bias: Value | undefined;
  readonly activation: string | undefined;
  readonly slope: Value | undefined;
}

/** @throws ShardError "model-unsupported" */
export function fusedParts(call: NodeCall): FusedParts {
  const names = fusedOps(call.node.attr).filter((name) => name !== "NoOp");
  const hasBias = names[0] === "BiasAdd";
  const [activation, ...others] = hasBias ? names.slice(1) : names;
  if (others.length > 0 || activation?.startsWith("FusedBatchNorm")) call.refuse(`${names.join(", ")} fused into it`);
  const [bias, slope] = hasBias ? call.inputs.slice(2) : [undefined, call.inputs[2]];
  return { bias, activation, slope };
}
