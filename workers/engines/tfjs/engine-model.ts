import type { Tensor as TfTensor } from "@tensorflow/tfjs-core";
import { ShardError } from "../../../src/core/errors.js";
import type { WireModel } from "../../../src/protocol/model-on-wire.js";
import type { EngineModel, NamedInputs, NamedOutputs } from "../../runtime/engine.js";
import type { BackendTraits } from "./driver.js";
import { loadModel } from "./load-model.js";
import { fromTfTensor, Uploader } from "./tf-tensors.js";
import { waitForGpu } from "./wait-for-gpu.js";

/**
 * Load a model or a stage into the current backend of TF.js.
 * @throws ShardError "model-malformed", "weights-truncated", "model-unsupported"
 */
export async function loadEngineModel(
  wire: WireModel,
  traits: BackendTraits,
  uploader = new Uploader(traits),
): Promise<EngineModel> {
  const model = await loadModel(wire);

  /** Dispose of all tensors but weights. An output may be a weight. */
  const dispose = (tensors: readonly TfTensor[]): void => {
    for (const each of tensors) if (!model.weightIds.has(each.id)) each.dispose();
  };

  const withFeeds = async <T>(inputs: NamedInputs, use: (feeds: readonly TfTensor[]) => Promise<T>): Promise<T> => {
    const feeds: TfTensor[] = [];
    try {
      for (const { name, dtype } of wire.inputs) feeds.push(uploader.upload(requireInput(inputs, name), dtype));
      return await use(feeds);
    } finally {
      dispose(feeds);
    }
  };

  const readBack = async (results: readonly TfTensor[]): Promise<NamedOutputs> => {
    const tensors = await Promise.all(
      results.map((result) => fromTfTensor(result, traits.readBackAliases || model.weightIds.has(result.id))),
    );
    return Object.fromEntries(wire.outputs.map(({ name }, index) => [name, tensors[index]!]));
  };

  /** @returns ms until the outputs were computed. @param use called with the outputs; it is not timed. */
  const timeCall = async (
    feeds: readonly TfTensor[],
    use?: (results: readonly TfTensor[]) => Promise<void>,
  ): Promise<number> => {
    const startMs = performance.now();
    const results = await model.execute(feeds);
    try {
      const readingMs = traits.isSynchronous ? 0 : await waitForGpu(results[0]);
      const ms = performance.now() - startMs - readingMs;
      await use?.(results);
      return Math.max(0, ms);
    } finally {
      // An output may be an input that the next call needs.
      dispose(results.filter((result) => !feeds.some(({ id }) => id === result.id)));
    }
  };

  return {
    run: (inputs) =>
      withFeeds(inputs, async (feeds) => {
        const results = await model.execute(feeds);
        try {
          return await readBack(results);
        } finally {
          dispose(results);
        }
      }),

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

function requireInput(inputs: NamedInputs, name: string): NamedInputs[string] {
  const input = inputs[name];
  if (input !== undefined) return input;
  const received = Object.keys(inputs).join(", ") || "none";
  throw new ShardError("internal", `Expected the model's input "${name}", received ${received}.`);
}
