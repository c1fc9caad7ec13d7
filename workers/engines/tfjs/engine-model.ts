import { memory, type Tensor as TfTensor } from "@tensorflow/tfjs-core";
import { ShardError } from "../../../src/core/errors.js";
import { isTfjsWire, type TfjsWire, type WireModel } from "../../../src/protocol/model-on-wire.js";
import { elementCountOf } from "../../../src/protocol/tensors.js";
import type { WeightRecipe } from "../../../src/protocol/weight-recipe.js";
import type { EngineModel, NamedInputs, NamedOutputs } from "../../runtime/engine.js";
import type { BackendTraits, WatchCall } from "./driver.js";
import { guardCall } from "./guard-call.js";
import { loadModel, unknownFormat } from "./load-model.js";
import { asTensor, fromTfTensor, Uploader } from "./tf-tensors.js";
import { waitForGpu } from "./wait-for-gpu.js";

/**
 * Load a model or a stage into the current backend of TF.js. Whatever fails here or in a call leaves nothing behind.
 * @throws ShardError "model-malformed", "weights-truncated", "model-unsupported", "out-of-memory"; EngineBroken
 */
export async function loadEngineModel(
  wire: WireModel,
  traits: BackendTraits,
  watch: WatchCall = (call) => call(),
  uploader = new Uploader(traits),
): Promise<EngineModel> {
  if (!isTfjsWire(wire)) throw unknownFormat(wire);
  checkRoom(wire, traits);
  const model = await guardCall(watch, () => loadModel(wire));

  /** Dispose of all tensors but weights, after a call that succeeded. An output may be a weight. */
  const dispose = (tensors: readonly TfTensor[]): void => {
    for (const each of tensors) if (!model.weightIds.has(each.id)) each.dispose();
  };

  const withFeeds = <T>(
    inputs: NamedInputs,
    use: (feeds: readonly TfTensor[], release: () => void) => Promise<T>,
  ): Promise<T> =>
    guardCall(watch, async (release) => {
      const feeds: TfTensor[] = [];
      for (const { name, dtype } of wire.inputs) feeds.push(uploader.upload(requireInput(inputs, name), dtype));
      const value = await use(feeds, release);
      dispose(feeds);
      return value;
    });

  const readBack = async (results: readonly TfTensor[]): Promise<NamedOutputs> => {
    const tensors = await Promise.all(
      results.map((result) => fromTfTensor(result, traits.readBackAliases || model.weightIds.has(result.id))),
    );
    return Object.fromEntries(wire.outputs.map(({ name }, index) => [name, tensors[index]!]));
  };

  /** As `readBack`, but numbers stay where they are if the backend lets them be read there. */
  const look = async (
    view: NonNullable<BackendTraits["view"]>,
    results: readonly TfTensor[],
  ): Promise<NamedOutputs> => {
    const copied = new Map<TfTensor, NamedOutputs[string]>();
    for (const result of results) if (view(result) === undefined) copied.set(result, await fromTfTensor(result, true));
    // Nothing is computed from here on, so that the heap can't move.
    const tensors = results.map((result) => copied.get(result) ?? asTensor(result, view(result)!));
    return Object.fromEntries(wire.outputs.map(({ name }, index) => [name, tensors[index]!]));
  };

  /** @returns ms until the outputs were computed. @param use called with the outputs; it is not timed. */
  const timeCall = async (
    feeds: readonly TfTensor[],
    use?: (results: readonly TfTensor[]) => Promise<void>,
  ): Promise<number> => {
    const startMs = performance.now();
    const results = await model.execute(feeds);
    const readingMs = traits.isSynchronous ? 0 : await waitForGpu(results[0]);
    const ms = performance.now() - startMs - readingMs;
    await use?.(results);
    // An output may be an input that the next call needs.
    dispose(results.filter((result) => !feeds.some(({ id }) => id === result.id)));
    return Math.max(0, ms);
  };

  const runAndUse =
    (view: NonNullable<BackendTraits["view"]>): NonNullable<EngineModel["runAndUse"]> =>
    (inputs, use) =>
      withFeeds(inputs, async (feeds) => {
        const results = await model.execute(feeds);
        const value = use(await look(view, results));
        dispose(results);
        return value;
      });

  return {
    onlyReadsInputs: traits.copiesUploads,

    run: (inputs, onSubmitted) =>
      withFeeds(inputs, async (feeds, release) => {
        const results = await model.execute(feeds);
        // It submits all that has been put off.
        const reading = readBack(results);
        if (!traits.isSynchronous && onSubmitted !== undefined) {
          release();
          onSubmitted();
        }
        const outputs = await reading;
        dispose(results);
        return outputs;
      }),

    ...(traits.view === undefined ? {} : { runAndUse: runAndUse(traits.view) }),

    measure: (inputs, runCount) =>
      withFeeds(inputs, async (feeds) => {
        // This call uploads what TF.js has deferred, compiles and allocates.
        await timeCall(feeds);
        let quickestMs = Infinity;
        for (let call = 1; call < runCount; call++) quickestMs = Math.min(quickestMs, await timeCall(feeds));
        let outputs: NamedOutputs = {};
        const lastMs = await timeCall(feeds, async (results) => {
          outputs = await readBack(results);
        });
        return { ms: Math.min(quickestMs, lastMs), outputs };
      }),

    dispose: () => model.dispose(),
  };
}

/** Before anything is copied or expanded, which would take as much memory again. @throws ShardError "out-of-memory" */
function checkRoom({ weights }: TfjsWire, { maxTensorBytes = Infinity }: BackendTraits): void {
  const neededBytes = Object.values(weights).reduce((total, weight) => total + expandedBytes(weight), 0);
  const heldBytes = memory().numBytes;
  if (heldBytes + neededBytes <= maxTensorBytes) return;
  const [needed, held, most] = [neededBytes, heldBytes, maxTensorBytes].map((bytes) => Math.ceil(bytes / 2 ** 20));
  throw new ShardError(
    "out-of-memory",
    `Expected weights of at most ${most} MB in one worker, received ${needed} MB beside ${held} MB: split the model by layers over more workers.`,
  );
}

/** Quantised weights are expanded when they are loaded. */
function expandedBytes({ shape, dtype }: WeightRecipe): number {
  const elementBytes = dtype === "bool" ? 1 : dtype === "complex64" ? 8 : dtype === "string" ? 0 : 4;
  return elementCountOf(shape) * elementBytes;
}

function requireInput(inputs: NamedInputs, name: string): NamedInputs[string] {
  const input = inputs[name];
  if (input !== undefined) return input;
  const received = Object.keys(inputs).join(", ") || "none";
  throw new ShardError("internal", `Expected the model's input "${name}", received ${received}.`);
}
