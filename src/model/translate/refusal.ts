import { ShardError } from "../../core/errors.js";

/** A model, or a node of it, that can't be written for TensorFlow Lite. @param what the node and the reason, or what the model has. */
export function untranslatable(what: string): ShardError {
  return new ShardError(
    "model-unsupported",
    `Expected a model that can be written whole for TensorFlow Lite, received ${what}: use workers of the engine "tfjs" for it.`,
  );
}

/** Inputs whose sizes a node does not take. Others may fit, where the model leaves sizes free. */
export function misfit(what: string): ShardError {
  return new ShardError(
    "model-failed",
    `Expected inputs of sizes that the model takes, received ${what}: reshape the inputs.`,
  );
}

/** What a refused node is called. */
export function nodeName({ name, op }: { readonly name: string; readonly op: string }): string {
  return `${op.replace(/^_/, "").slice(0, 60)} "${name.slice(0, 120)}"`;
}
