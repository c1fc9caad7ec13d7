import { ShardError } from "../core/errors.js";
import { inspectInSteps, type InspectedModel } from "../model/inspect.js";
import { isKeras, type PrepareKeras } from "../model/prepare-model.js";
import { throwIfAborted } from "../protocol/abort.js";
import { inSlices } from "./in-slices.js";
import { loadArtifacts } from "./load-artifacts.js";
import type { SharderOptions } from "./options.js";

/** A format of models: which sources are of it, and how one is loaded and read. */
interface ModelFormat {
  readonly takes: (model: SharderOptions["model"]) => boolean;
  /** @param shareWeights whether the weights go into one SharedArrayBuffer for all workers. */
  readonly read: (options: SharderOptions, shareWeights: boolean) => Promise<InspectedModel>;
}

/** TF.js graph and layers models. */
const TFJS: ModelFormat = {
  takes: () => true,
  read: async (options, shareWeights) => {
    const artifacts = await loadArtifacts(options, shareWeights);
    const optimize = options.optimize ?? true;
    const prepareKeras = isKeras(artifacts) ? await loadKeras(options.signal) : undefined;
    const steps = inspectInSteps(artifacts, shareWeights, optimize, options.inputs ?? {}, prepareKeras);
    return inSlices(steps, options.signal);
  },
};

/** The first that takes a source reads it. A new format is a line here, and a member of `WireModel`. */
const FORMATS: readonly ModelFormat[] = [TFJS];

/**
 * Load and read the model of `options.model`, whatever its format.
 * @throws ShardError as the reader of its format: "model-not-found", "model-malformed", "weights-truncated" and others.
 */
export function readModel(options: SharderOptions, shareWeights: boolean): Promise<InspectedModel> {
  const format = FORMATS.find(({ takes }) => takes(options.model)) ?? TFJS;
  return format.read(options, shareWeights);
}

/**
 * A quarter of the library, and most models are graphs: it is loaded with the first Keras model.
 * @throws ShardError "backend-unavailable" if the script can't be loaded, "aborted"
 */
async function loadKeras(signal: AbortSignal | undefined): Promise<PrepareKeras> {
  try {
    return (await import("../model/prepare-keras.js")).prepareKeras;
  } catch (cause) {
    throwIfAborted(signal);
    throw new ShardError(
      "backend-unavailable",
      `Expected to load the script that reads Keras models, received a failure (${String(cause)}): check the connection, and that the host serves all scripts of the build.`,
      { cause },
    );
  }
}
