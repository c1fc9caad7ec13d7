// Recurrent layers call operations as methods of tensors.
import "@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops";
import { loadGraphModel, type GraphModel } from "@tensorflow/tfjs-converter";
import { io, type NamedTensorMap, type Tensor as TfTensor } from "@tensorflow/tfjs-core";
import { loadLayersModel, type LayersModel } from "@tensorflow/tfjs-layers";
import { ShardError } from "../../../src/core/errors.js";
import { materialise } from "../../../src/model/materialise.js";
import { saysAllocationFailed } from "../../../src/protocol/allocation-failure.js";
import { asSentence, messageOf } from "../../../src/protocol/error-record.js";
import type { GraphWire, TfjsWire } from "../../../src/protocol/model-on-wire.js";
import { dropAdvice } from "./ops/quiet-console.js";
import { registerOwnOps } from "./ops/register-ops.js";
import { startCompiledFor } from "./recurrences/start-compiled.js";
import { isTrap } from "./trap.js";

registerOwnOps();
dropAdvice();

/** A model in this worker's engine. Its input and output tensors are in the order of the bindings. */
export interface LoadedModel {
  execute(inputs: readonly TfTensor[]): Promise<TfTensor[]>;
  /** Ids of the weights. An output may alias a weight, which must outlive the call. */
  readonly weightIds: ReadonlySet<number>;
  dispose(): void;
}

/**
 * Load a model or a stage into TF.js.
 * @throws ShardError "model-malformed" if TF.js can't interpret it (not for want of memory, and not for a trap), "weights-truncated", or "model-unsupported" for a format
 *         or a layer that TF.js lacks.
 */
export async function loadModel(model: TfjsWire): Promise<LoadedModel> {
  try {
    switch (model.format) {
      case "graph-model":
        await startCompiledFor(model);
        return graphRunner(await loadGraphModel(io.fromMemory(artifactsOf(model))), model);
      case "layers-model":
        return layersRunner(await loadLayersModel(io.fromMemory(artifactsOf(model))));
    }
  } catch (thrown) {
    if (thrown instanceof ShardError || saysAllocationFailed(thrown) || isTrap(thrown)) throw thrown;
    throw refused(model, thrown);
  }
}

function artifactsOf(model: TfjsWire): io.ModelArtifacts {
  const { weightSpecs, weightData } = materialise(model);
  return {
    ...(model.artifacts as unknown as io.ModelArtifacts),
    weightSpecs: weightSpecs as io.WeightsManifestEntry[],
    weightData,
  };
}

/** A page may send the format of another engine to this worker by mistake. */
export function unknownFormat(model: { readonly format: string }): ShardError {
  return new ShardError(
    "model-unsupported",
    `Expected a graph-model or a layers-model for TF.js, received "${model.format}": use workers of another engine for it ("litert" for .tflite files, "onnx" for .onnx files).`,
  );
}

function refused({ format }: TfjsWire, cause: unknown): ShardError {
  const reason = messageOf(cause);
  const [, className] = /^Unknown layer: ([^\s.]+)/.exec(reason) ?? [];
  if (className !== undefined) {
    return new ShardError(
      "model-unsupported",
      `Expected Keras layers that TF.js supports, received one of class "${className.slice(0, 80)}": convert the Keras model to a graph ` +
        `model (tensorflowjs_converter --output_format=tfjs_graph_model), which needs no layers.`,
      { cause },
    );
  }
  const isIncomplete = reason.includes("weights are not set");
  const advice = isIncomplete
    ? ` The converter leaves out the weights of layers with "/" in their names: then open the .h5 or .keras file itself, or convert it to a graph model.`
    : "";
  return new ShardError(
    "model-malformed",
    `Expected a ${format} that TF.js can load, but it refused: ${asSentence(reason)} Check that model.json and its weight files belong together.${advice}`,
    { cause },
  );
}

function graphRunner(graph: GraphModel, model: GraphWire): LoadedModel {
  const inputNames = model.inputs.map((input) => input.tensorName);
  const outputNames = model.outputs.map((output) => output.tensorName);
  const weightIds = new Set(Object.values(graph.weights).flatMap((tensors) => tensors.map((weight) => weight.id)));
  return {
    weightIds,
    async execute(inputs) {
      const feeds: NamedTensorMap = Object.fromEntries(inputNames.map((name, i) => [name, inputs[i]!]));
      const results = model.needsAsync
        ? await graph.executeAsync(feeds, outputNames)
        : graph.execute(feeds, outputNames);
      return Array.isArray(results) ? results : [results];
    },
    dispose: () => graph.dispose(),
  };
}

function layersRunner(layers: LayersModel): LoadedModel {
  return {
    weightIds: new Set(layers.weights.map((weight) => weight.read().id)),
    async execute(inputs) {
      // A stateful layer would go on from the call before, which was of other items.
      if (layers.stateful) layers.resetStates();
      // By default, TF.js would split the shard into batches of 32.
      const batchSize = Math.max(1, inputs[0]?.shape[0] ?? 1);
      const results = layers.predict(inputs.length === 1 ? inputs[0]! : [...inputs], { batchSize });
      return Array.isArray(results) ? results : [results];
    },
    dispose: () => {
      layers.dispose();
    },
  };
}
