import { ShardError } from "../core/errors.js";
import type { ModelArtifacts } from "../model/artifacts.js";
import { inspectInSteps, type InspectedModel } from "../model/inspect.js";
import { loadScript } from "../model/load/load-script.js";
import { isKeras, type PrepareKeras } from "../model/prepare-model.js";
import { absoluteServerUrl, isRemoteModel, type RemoteModel } from "./check-remote.js";
import { inSlices } from "./in-slices.js";
import { loadArtifacts } from "./load-artifacts.js";
import type { SharderOptions } from "./options.js";

/** A format of models: which files are of it, and how one is read once it is loaded. */
interface ModelFormat {
  readonly takes: (artifacts: ModelArtifacts) => boolean;
  /** @param shareWeights whether the weights go into one SharedArrayBuffer for all workers. */
  readonly read: (artifacts: ModelArtifacts, options: SharderOptions, shareWeights: boolean) => Promise<InspectedModel>;
}

/** A `.tflite` file. Its reader is loaded with the first of them. */
const TFLITE: ModelFormat = {
  takes: ({ format }) => format === "tflite",
  read: async (artifacts, { inputs = {}, signature, signal }, shareWeights) => {
    const { inspectTflite } = await loadScript(
      "reads TensorFlow Lite models",
      signal,
      () => import("../model/tflite/inspect-tflite.js"),
    );
    return inspectTflite(artifacts, shareWeights, inputs, signature);
  },
};

/** An `.onnx` file. Its reader is loaded with the first of them. */
const ONNX: ModelFormat = {
  takes: ({ format }) => format === "onnx",
  read: async (artifacts, { inputs = {}, signature, signal }, shareWeights) => {
    refuseSignature(signature, "an .onnx file");
    const { inspectOnnx } = await loadScript(
      "reads ONNX models",
      signal,
      () => import("../model/onnx/inspect-onnx.js"),
    );
    return inspectOnnx(artifacts, shareWeights, inputs);
  },
};

/** TF.js graph and layers models. */
const TFJS: ModelFormat = {
  takes: () => true,
  read: async (artifacts, options, shareWeights) => {
    refuseSignature(options.signature, "a TF.js model");
    const optimize = options.optimize ?? true;
    const prepareKeras = isKeras(artifacts) ? await loadKeras(options.signal) : undefined;
    const steps = inspectInSteps(artifacts, shareWeights, optimize, options.inputs ?? {}, prepareKeras);
    return inSlices(steps, options.signal);
  },
};

/** The first that takes a file reads it. A new format is a line here, and a member of `WireModel`. */
const FORMATS: readonly ModelFormat[] = [TFLITE, ONNX, TFJS];

/**
 * Load and read the model of `options.model`, whatever its format.
 * @throws ShardError as the reader of its format: "model-not-found", "model-malformed", "weights-truncated" and others.
 */
export async function readModel(options: SharderOptions, shareWeights: boolean): Promise<InspectedModel> {
  if (isRemoteModel(options.model)) return readRemote(options.model, options);
  const artifacts = await loadArtifacts(options, shareWeights);
  const format = FORMATS.find(({ takes }) => takes(artifacts)) ?? TFJS;
  return format.read(artifacts, options, shareWeights);
}

/** A model that only a server has. What asks it is loaded with the first of them. */
async function readRemote(
  { remote, headers, names }: RemoteModel,
  { inputs = {}, signature, signal }: SharderOptions,
): Promise<InspectedModel> {
  refuseSignature(signature, "a model of a server");
  const { inspectRemote } = await loadScript(
    "reads what servers say",
    signal,
    () => import("../model/remote/inspect-remote.js"),
  );
  return inspectRemote({ url: absoluteServerUrl(remote), headers, names }, inputs, signal);
}

function refuseSignature(signature: string | undefined, what: string): void {
  if (signature === undefined) return;
  throw new ShardError(
    "invalid-options",
    `Expected "signature" for a .tflite file only, received "${signature.slice(0, 80)}" for ${what}: leave it out.`,
  );
}

/** A quarter of the library, and most models are graphs: it is loaded with the first Keras model. @throws as `loadScript` */
async function loadKeras(signal: AbortSignal | undefined): Promise<PrepareKeras> {
  const { prepareKeras } = await loadScript("reads Keras models", signal, () => import("../model/prepare-keras.js"));
  return prepareKeras;
}
