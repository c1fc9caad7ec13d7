import { ShardError } from "../../../src/core/errors.js";
import { asOutOfMemory, saysAllocationFailed } from "../../../src/protocol/allocation-failure.js";
import { asSentence, messageOf } from "../../../src/protocol/error-record.js";
import type { InputShapes } from "../../../src/model/translate/translate-graph.js";
import type { TfliteBinding } from "../../../src/protocol/model-on-wire.js";
import { EngineBroken, type EngineModel, type NamedInputs } from "../../runtime/engine.js";
import { requireStatedSizes } from "./check-sizes.js";
import { compileFor, type CompileSettings, type CompiledShape } from "./compile-model.js";
import { lackingOperation } from "./lacking-operation.js";
import type { ModelSource } from "./model-source.js";

/** Compiled shapes that are kept: enough for the powers of two that a job's shards have. Each holds the file and its weights once more. */
const MAX_COMPILED = 8;
const MAX_COMPILED_BYTES = 512 * 2 ** 20;

/**
 * Load a model. It is compiled for each shape of its inputs, and those used last are kept.
 * @throws ShardError "model-malformed" if LiteRT can't take it, "model-unsupported", "out-of-memory"; EngineBroken
 */
export async function loadSource(source: ModelSource, settings: CompileSettings): Promise<EngineModel> {
  const { litert } = settings;
  const mostCompiled = Math.max(1, Math.min(MAX_COMPILED, Math.floor(MAX_COMPILED_BYTES / source.byteLength)));
  /** By shapes; the one used last is the last. */
  const compiled = new Map<string, CompiledShape>();

  const keyOf = (shapes: InputShapes): string => JSON.stringify(source.inputs.map(({ name }) => shapes[name]));

  const discard = (key: string): void => {
    compiled.get(key)?.delete();
    compiled.delete(key);
  };

  const compiledFor = async (shapes: InputShapes): Promise<CompiledShape> => {
    const key = keyOf(shapes);
    const known = compiled.get(key);
    compiled.delete(key);
    for (const oldest of compiled.keys()) {
      if (compiled.size < mostCompiled) break;
      discard(oldest);
    }
    const found = known ?? (await compileFor(source, shapes, settings));
    compiled.set(key, found);
    if (source.computesShapes && known === undefined) await requireStatedSizes(found, source.inputs, shapes, litert);
    return found;
  };

  if (settings.accelerator === "webgpu") requireForGpu(source);
  litert.takeErrors();
  try {
    if (source.trialShapes !== undefined) await compiledFor(source.trialShapes);
  } catch (thrown) {
    const failure = loadFailure(thrown, litert.takeErrors(), source.isTranslated);
    throw settings.accelerator === "webgpu" && source.computesShapes ? refusedByGpu(failure) : failure;
  }

  return {
    onlyReadsInputs: true,
    async run(inputs) {
      const shapes = shapesOf(source.inputs, inputs);
      litert.takeErrors();
      try {
        const model = await compiledFor(shapes);
        const outputs = await model.run(inputs);
        // It reports some failures in print alone, and gives whatever was in its memory: an output that is too small, for one.
        const printed = litert.takeErrors();
        if (printed === "") return outputs;
        throw runFailure(printed, printed);
      } catch (thrown) {
        // A call that fails leaves a compiled model that fails again. What is in a heap after a trap is left alone.
        if (!(thrown instanceof WebAssembly.RuntimeError || thrown instanceof EngineBroken)) discard(keyOf(shapes));
        throw runFailure(thrown, litert.takeErrors());
      }
    },
    dispose() {
      for (const key of compiled.keys()) discard(key);
    },
  };
}

/** On the GPU, LiteRT gives other values for elements of other types, without a word. @throws ShardError "model-unsupported" */
function requireForGpu({ inputs, outputs }: ModelSource): void {
  const other = [...inputs, ...outputs].find(({ element }) => element !== "float32" && element !== "int32");
  if (other === undefined) return;
  throw new ShardError(
    "model-unsupported",
    `Expected inputs and outputs of float32 or int32 for LiteRT on "webgpu", received "${other.name}" of ${other.element}: use { engine: "litert", backend: "wasm" } for this model.`,
  );
}

/** @throws ShardError "model-failed" for shapes that the file does not allow, "internal" for an input that is missing. */
function shapesOf(bindings: readonly TfliteBinding[], inputs: NamedInputs): InputShapes {
  return Object.fromEntries(
    bindings.map(({ name, shape }) => {
      const given = inputs[name]?.shape;
      if (given === undefined) {
        const received = Object.keys(inputs).join(", ") || "none";
        throw new ShardError("internal", `Expected the model's input "${name}", received ${received}.`);
      }
      if (shape === undefined) return [name, given];
      const fits = given.length === shape.length && shape.every((size, axis) => size === -1 || size === given[axis]);
      if (fits) return [name, given];
      throw new ShardError(
        "model-failed",
        `Expected "${name}" of shape [${shape.join(", ")}], received [${given.join(", ")}]: reshape the input.`,
      );
    }),
  );
}

function loadFailure(thrown: unknown, printed: string, isTranslated: boolean): unknown {
  if (thrown instanceof ShardError) return thrown;
  if (saysAllocationFailed(thrown)) return asOutOfMemory(thrown);
  if (isTranslated) return refusedTranslation(thrown, printed);
  const lacking = thrown instanceof WebAssembly.RuntimeError ? undefined : lackingOperation(printed, thrown);
  if (lacking !== undefined) return lacking;
  const message = `Expected a .tflite file that LiteRT can load, but it refused: ${reasonOf(thrown, printed)} Convert the model again, without operations of other libraries (SELECT_TF_OPS, custom ones).`;
  // Its memory may be in any state.
  if (thrown instanceof WebAssembly.RuntimeError) {
    return new EngineBroken("trapped", message, { cause: thrown, code: "model-malformed" });
  }
  return new ShardError("model-malformed", message, { cause: thrown });
}

/** The model is sound, but what it was written as is not what LiteRT takes. */
function refusedTranslation(cause: unknown, printed: string): ShardError {
  const code = "model-unsupported";
  const message = `Expected a translation of the TF.js model that LiteRT can load, but it refused: ${reasonOf(cause, printed)} Use workers of the engine "tfjs" for this model.`;
  // Its memory may be in any state.
  if (cause instanceof WebAssembly.RuntimeError) return new EngineBroken("trapped", message, { cause, code });
  return new ShardError(code, message, { cause });
}

/** LiteRT compiles no operations that compute sizes for the GPU; the file itself may be sound. */
function refusedByGpu(failure: unknown): unknown {
  if (!(failure instanceof ShardError) || failure instanceof EngineBroken || failure.code !== "model-malformed") {
    return failure;
  }
  return new ShardError(
    "model-unsupported",
    'Expected operations that LiteRT has on "webgpu", received some that compute sizes: use { engine: "litert", backend: "wasm" } for this model, or convert it with a fixed batch.',
    { cause: failure },
  );
}

function runFailure(thrown: unknown, printed: string): unknown {
  if (thrown instanceof ShardError || thrown instanceof WebAssembly.RuntimeError) return thrown;
  if (saysAllocationFailed(thrown)) return asOutOfMemory(thrown);
  return new ShardError(
    "model-failed",
    `Expected LiteRT to run the model, but it failed: ${reasonOf(thrown, printed)}`,
    {
      cause: thrown,
    },
  );
}

/** What it prints says more than what it throws. */
function reasonOf(thrown: unknown, printed: string): string {
  const lines = printed.split("\n").filter((line) => line !== "");
  return asSentence(lines.length === 0 ? messageOf(thrown) : lines.slice(0, 2).join("; "));
}
