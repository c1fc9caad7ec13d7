// Recurrent layers call operations as methods of tensors.
import "@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops";
import { loadGraphModel, type GraphModel } from "@tensorflow/tfjs-converter";
import { io, type NamedTensorMap, type Tensor as TfTensor } from "@tensorflow/tfjs-core";
import { loadLayersModel, type LayersModel } from "@tensorflow/tfjs-layers";
import { ShardError } from "../../src/core/errors.js";
import { materialise } from "../../src/model/materialise.js";
import { messageOf } from "../../src/protocol/error-record.js";
import type { WireModel } from "../../src/protocol/model-on-wire.js";

/** A model in this worker's engine. Tensors in and out are in the order of the bindings. */
export interface LoadedModel {
  execute(inputs: readonly TfTensor[]): Promise<TfTensor[]>;
  /** Weights that an output may alias: these must outlive the call. */
  readonly weightIds: ReadonlySet<number>;
  dispose(): void;
}

/**
 * Hand the artifacts to TF.js.
 * @throws ShardError "model-malformed" where TF.js can't make sense of them.
 */
export async function loadModel(model: WireModel): Promise<LoadedModel> {
  try {
    const { weightSpecs, weightData } = materialise(model);
    const artifacts: io.ModelArtifacts = {
      ...(model.artifacts as unknown as io.ModelArtifacts),
      weightSpecs: weightSpecs as io.WeightsManifestEntry[],
      weightData,
    };
    return model.format === "graph-model"
      ? graphRunner(await loadGraphModel(io.fromMemory(artifacts)), model)
      : layersRunner(await loadLayersModel(io.fromMemory(artifacts)));
  } catch (thrown) {
    if (thrown instanceof ShardError) throw thrown;
    throw new ShardError(
      "model-malformed",
      `Expected a ${model.format} that TF.js can load, it refused: ${messageOf(thrown)} Check that model.json and its weight files belong together.`,
      { cause: thrown },
    );
  }
}

function graphRunner(graph: GraphModel, model: WireModel): LoadedModel {
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
      // TF.js would cut the shard into batches of 32 by itself.
      const batchSize = Math.max(1, inputs[0]?.shape[0] ?? 1);
      const results = layers.predict(inputs.length === 1 ? inputs[0]! : [...inputs], { batchSize });
      return Array.isArray(results) ? results : [results];
    },
    dispose: () => {
      layers.dispose();
    },
  };
}
