import { isRecurrentActivation, type RecurrentActivation } from "../recurrent-ops.js";
import { nameOfActivation } from "./activations.js";
import { type Emitter, Untranslatable } from "./emitter.js";

/** Other names of the same functions. */
const ALIASES: Readonly<Record<string, string>> = {
  hardSigmoid: "hard_sigmoid",
  swish: "silu",
  hard_swish: "hard_silu",
  exp: "exponential",
  logSoftmax: "log_softmax",
};

/** Read the activation of a recurrent layer. @throws Untranslatable for one that recurrent nodes don't have. */
export function readRecurrentActivation(emitter: Emitter, given: unknown): RecurrentActivation {
  const written = nameOfActivation(given);
  const name = Object.hasOwn(ALIASES, written) ? ALIASES[written]! : written;
  if (name === "hard_sigmoid") return emitter.kerasMajor === 3 ? "hard_sigmoid" : "hard_sigmoid_2";
  if (isRecurrentActivation(name) && name !== "hard_sigmoid_2") return name;
  throw new Untranslatable(`activation ${name.slice(0, 60)} of a recurrent layer`);
}
