import { ShardError } from "../../../src/core/errors.js";
import type { InputShapes } from "../../../src/model/translate/translate-graph.js";
import type { TfliteBinding } from "../../../src/protocol/model-on-wire.js";
import type { NamedInputs, NamedOutputs } from "../../runtime/engine.js";
import type { LitertDriver } from "./driver.js";
import type { ModelSource } from "./model-source.js";
import type { CompiledModel, Litert, LitertModel } from "./runtime.js";
import type { InputBuffer, TensorBuffers } from "./tensor-buffers.js";

export interface CompileSettings {
  readonly litert: Litert;
  readonly accelerator: LitertDriver["accelerator"];
  readonly threadCount: number;
  readonly buffers: TensorBuffers;
}

/** A model that LiteRT has compiled for inputs of certain shapes. */
export interface CompiledShape {
  run(inputs: NamedInputs): Promise<NamedOutputs>;
  delete(): void;
}

/** Where files begin in LiteRT's memory, so that their constants lie as they ask for it. */
const ALIGNMENT = 16;

/**
 * Compile a model for inputs of certain shapes.
 *
 * LiteRT can't change the sizes of a compiled model: what it does for another batch writes past the ends of its buffers, as of 2.5.3. So a
 * file of these sizes is written into its memory, and compiled anew.
 *
 * @param shapes without free sizes, one for each input.
 * @throws ShardError "out-of-memory", "model-malformed" where the signature is not as the page has read it; whatever LiteRT throws. What
 *         was allocated until then is released.
 */
export async function compileFor(
  source: ModelSource,
  shapes: InputShapes,
  settings: CompileSettings,
): Promise<CompiledShape> {
  const { litert, accelerator, threadCount, buffers } = settings;
  const { module, environment } = litert;
  const cleanUps: (() => void)[] = [];
  const deleteAll = (): void => {
    for (const cleanUp of cleanUps.splice(0).toReversed()) cleanUp();
  };
  try {
    const file = source.fileFor(shapes);
    const { byteLength } = file;
    const allocated = module._malloc(byteLength + ALIGNMENT);
    if (allocated === 0) throw noRoom(byteLength);
    cleanUps.push(() => module._free(allocated));
    const place = Math.ceil(allocated / ALIGNMENT) * ALIGNMENT;
    file.write(module.HEAPU8.subarray(place, place + byteLength));
    const model = module.loadModel(environment, place, byteLength);
    cleanUps.push(() => model.delete());
    const signature = findSignature(model, source);
    const compiled = await module.compileModel(environment, model, {
      accelerator,
      ...{ cpuOptions: { numThreads: threadCount }, gpuOptions: { precision: "fp32" }, webNNOptions: {} },
    });
    cleanUps.push(() => compiled.delete());
    const inputs = signature.inputs.map((binding, position): InputOf => {
      const kinds = kindsOf(compiled, signature.index, position);
      const buffer = buffers.input(binding, shapes[binding.name]!, kinds);
      cleanUps.push(() => buffer.delete());
      return { binding, buffer };
    });
    return { run: (given) => runCompiled(compiled, signature, inputs, given, buffers), delete: deleteAll };
  } catch (thrown) {
    // What WASM code has left in the middle is not touched again.
    if (!(thrown instanceof WebAssembly.RuntimeError)) deleteAll();
    throw thrown;
  }
}

interface InputOf {
  readonly binding: TfliteBinding;
  readonly buffer: InputBuffer;
}

async function runCompiled(
  compiled: CompiledModel,
  { index, outputs }: Signature,
  inputs: readonly InputOf[],
  given: NamedInputs,
  buffers: TensorBuffers,
): Promise<NamedOutputs> {
  for (const { binding, buffer } of inputs) buffer.write(given[binding.name]!);
  const results = await compiled.run(
    index,
    inputs.map(({ buffer }) => buffer.buffer),
  );
  const settled = await Promise.allSettled(results.map((result, position) => buffers.take(result, outputs[position]!)));
  return Object.fromEntries(
    settled.map((outcome, position) => {
      if (outcome.status === "rejected") throw outcome.reason;
      return [outputs[position]!.name, outcome.value];
    }),
  );
}

interface Signature {
  readonly index: number;
  /** In LiteRT's order. */
  readonly inputs: readonly TfliteBinding[];
  readonly outputs: readonly TfliteBinding[];
}

function findSignature(model: LitertModel, { signature, inputs, outputs }: ModelSource): Signature {
  for (let index = 0; index < model.getNumSignatures(); index++) {
    const found = model.getSignature(index);
    try {
      if (signature !== undefined && found.key() !== signature) continue;
      const isNamed = signature !== undefined;
      return {
        index,
        inputs: inOrder(listOf(found.inputNames()), inputs, isNamed),
        outputs: inOrder(listOf(found.outputNames()), outputs, isNamed),
      };
    } finally {
      found.delete();
    }
  }
  throw mismatch(`a signature "${signature ?? ""}"`, "none");
}

/** Without a signature, LiteRT has the tensors in the file's order. */
function inOrder(names: readonly string[], bindings: readonly TfliteBinding[], isNamed: boolean): TfliteBinding[] {
  if (names.length !== bindings.length) throw mismatch(`${bindings.length} names`, `${names.length}`);
  return names.map((name, position) => {
    const found = isNamed ? bindings.find(({ tensorName }) => tensorName === name) : bindings[position];
    if (found === undefined) throw mismatch(`one of ${bindings.map((each) => each.name).join(", ")}`, `"${name}"`);
    return found;
  });
}

function mismatch(expected: string, received: string): ShardError {
  return new ShardError(
    "model-malformed",
    `Expected ${expected} in the .tflite file, as it was read before, received ${received}: the file is damaged; download or convert it again.`,
  );
}

function kindsOf(compiled: CompiledModel, signature: number, position: number): number[] {
  const requirements = compiled.getInputBufferRequirements(signature, position);
  const kinds = listOf(requirements.supportedTypes()).map(({ value }) => value);
  requirements.delete();
  return kinds;
}

interface Vector<T> {
  size(): number;
  get(index: number): T;
  delete(): void;
}

function listOf<T>(vector: Vector<T>): T[] {
  const list = Array.from({ length: vector.size() }, (_, index) => vector.get(index));
  vector.delete();
  return list;
}

function noRoom(byteCount: number): ShardError {
  return new ShardError(
    "out-of-memory",
    `Expected room in LiteRT's memory for a file of ${Math.ceil(byteCount / 2 ** 20)} MB, but it failed: use a smaller model, or fewer models at once.`,
  );
}
