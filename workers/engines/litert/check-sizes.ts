import { allocateTensor } from "../../../src/protocol/rows.js";
import type { TfliteBinding } from "../../../src/protocol/model-on-wire.js";
import { EngineBroken, type NamedInputs } from "../../runtime/engine.js";
import type { InputShapes } from "../../../src/model/translate/translate-graph.js";
import type { CompiledShape } from "./compile-model.js";
import { lackingOperation } from "./lacking-operation.js";
import type { Litert } from "./runtime.js";

/**
 * Run a model on zeros, for files whose operations compute sizes.
 *
 * LiteRT allocates its outputs before it knows such sizes. An output that turns out to be larger, or that is allocated anew, is left with
 * whatever was in memory. The first run reports nothing of that; the second one prints it.
 *
 * @throws ShardError "model-unsupported" for a file with operations that LiteRT lacks; EngineBroken "model-unsupported" if an output is not where LiteRT takes it to be: it may have written over its own memory.
 */
export async function requireStatedSizes(
  model: CompiledShape,
  inputs: readonly TfliteBinding[],
  shapes: InputShapes,
  litert: Litert,
): Promise<void> {
  const zeros: NamedInputs = Object.fromEntries(
    inputs.map(({ name, dtype }) => [name, allocateTensor(dtype, [...shapes[name]!])]),
  );
  let [printed, cause]: [string, unknown] = ["", undefined];
  for (let run = 0; run < 2 && printed === ""; run++) {
    try {
      await model.run(zeros);
    } catch (thrown) {
      if (thrown instanceof WebAssembly.RuntimeError) throw thrown;
      [printed, cause] = [String(thrown), thrown];
    }
    printed = litert.takeErrors() || printed;
  }
  if (printed === "") return;
  const lacking = lackingOperation(printed, cause);
  if (lacking !== undefined) throw lacking;
  throw new EngineBroken(
    "trapped",
    `Expected outputs of the sizes that the .tflite file states, received some that the model computes while it runs (${printed.slice(0, 200)}): convert the model with inputs of fixed sizes, a fixed batch among them.`,
    { code: "model-unsupported", cause },
  );
}
