import { show } from "../../malformed.js";
import { Composer } from "../composer.js";
import type { EmitLayer } from "../emit-layer.js";
import { type Symbolic, Untranslatable } from "../emitter.js";
import { PLAIN_CALL, TensorArgument, type LayerCall } from "../layer-call.js";
import type { LayerConfig } from "../layer-config.js";
import { OPERATION_PREFIX } from "../operations.js";
import { FunctionCall } from "./function-call.js";
import type { LibraryFunction } from "./function-table.js";
import { KERAS_OPS } from "./keras-library.js";
import { TENSORFLOW } from "./tensorflow-library.js";

/** Options of a layer that are no arguments of its function. */
const NO_ARGUMENTS = new Set(["name", "trainable", "function", "symbol"]);

/** A call of a function of `keras.ops`: its options are in the config, its tensors among the arguments. */
export const emitKerasOp: EmitLayer = (emitter, layer, _, name, call = PLAIN_CALL) => {
  const known = KERAS_OPS.get(layer.className.slice(OPERATION_PREFIX.length));
  if (known === undefined) throw new Untranslatable("an operation, or a custom layer, that can't be translated");
  const options = Object.entries(layer.config).filter(([key]) => !NO_ARGUMENTS.has(key));
  // The operands of einsum come one by one.
  const args = layer.className.endsWith(".Einsum") ? [call.args] : call.args;
  return emitFunction(new Composer(emitter, name), known, args, [...options, ...namedArguments(call)]);
};

/** A call of a TensorFlow function in Keras 2: TFOpLambda and SlicingOpLambda. */
export const emitTensorFlowFunction: EmitLayer = (emitter, layer, _, name, call = PLAIN_CALL) => {
  const title = functionOf(layer);
  const known = TENSORFLOW.get(title.replace(/^compat\.v\d\./, ""));
  if (known === undefined) throw new Untranslatable(`the TensorFlow function tf.${title.slice(0, 80)}`);
  return emitFunction(new Composer(emitter, name), known, call.args, namedArguments(call));
};

function functionOf({ config }: LayerConfig): string {
  const title = config.function ?? config.symbol;
  if (typeof title !== "string") throw new Untranslatable(`the function ${show(title, 60)}`);
  return title;
}

function namedArguments({ tensors, options }: LayerCall): [string, unknown][] {
  const passed = [...tensors].map(([key, tensor]): [string, unknown] => [key, new TensorArgument(tensor)]);
  return [...passed, ...Object.entries(options)];
}

function emitFunction(
  composer: Composer,
  { names, emit }: LibraryFunction,
  args: readonly unknown[],
  options: readonly (readonly [string, unknown])[],
): readonly Symbolic[] {
  const order = [...names.values()];
  if (args.length > order.length) throw new Untranslatable(`a call with ${args.length} arguments`);
  const values = new Map(args.map((value, index): [string, unknown] => [order[index]!, value]));
  for (const [key, value] of options) {
    if (key === "name" || value === undefined || value === null) continue;
    const own = names.get(key);
    // What is false is not asked for.
    if (own === undefined && value !== false) throw new Untranslatable(`the argument ${key} = ${show(value, 40)}`);
    if (own !== undefined) values.set(own, value);
  }
  const call = new FunctionCall(composer, values);
  const result = emit(call);
  const [first, ...others] = "reference" in result ? [result] : result;
  if (first === undefined) throw new Untranslatable("a call without a result");
  const named = composer.named(first);
  // Several outputs may be those of one node, which has another name now.
  const node = `${first.reference}:`;
  return [
    named,
    ...others.map((other) => {
      if (!other.reference.startsWith(node)) return other;
      return { ...other, reference: `${named.reference}:${other.reference.slice(node.length)}` };
    }),
  ];
}
