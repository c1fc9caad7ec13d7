import type { Steps } from "../core/steps.js";
import type { TfjsWire } from "../protocol/model-on-wire.js";
import type { StoredWeight } from "../protocol/weight-recipe.js";
import type { ModelArtifacts, WeightSpec } from "./artifacts.js";
import { NOT_ANALYSED } from "./batch/analyse-batch.js";
import { stageLayers } from "./keras-cut/stage-layers.js";
import { normaliseConfig } from "./keras/normalise/normalise-config.js";
import { faultsOfTfjsLayers } from "./keras/tfjs-layers.js";
import { translateLayers } from "./keras/translate-layers.js";
import { refuseSubclass, unsupported } from "./keras/unsupported.js";
import { nameWeights } from "./keras/weight-names.js";
import { locateWeights } from "./locate-weights.js";
import { NOT_OPTIMISED } from "./optimise/optimization-report.js";
import { declare, prepareGraph, type DeclaredInputs, type PreparedModel } from "./prepare-model.js";
import type { ModelReading } from "./read-graph.js";
import { readLayers } from "./read-layers.js";

/**
 * A Keras model runs as a graph if it is to be optimised, or if TF.js's own layers are not known to be right for it. It runs as TF.js
 * layers if it should run as it came and they are right.
 */
export function* prepareKeras(
  given: ModelArtifacts,
  specs: readonly WeightSpec[],
  weightData: ArrayBuffer | SharedArrayBuffer,
  optimize: boolean,
  declared: DeclaredInputs,
): Steps<PreparedModel> {
  const format = "layers-model";
  const artifacts = normaliseConfig(given);
  refuseSubclass(artifacts);
  const read = readLayers(artifacts);
  const reading = { ...read, inputs: declare(read.inputs, declared) };
  const located = locateWeights(specs, weightData);
  // The optimizer's weights are not the model's own.
  for (const { name, group } of specs) if (group === "optimizer") located.delete(name);
  const stored = nameWeights(artifacts, located);
  const faults = faultsOfTfjsLayers(artifacts, reading, [...stored.keys()]);
  const translation = optimize || faults.length > 0 ? translateLayers(artifacts, reading, stored) : undefined;
  if (translation?.ok === true) {
    const inputs = declare(translation.graph.inputs, declared);
    yield;
    const prepared = yield* prepareGraph(format, { ...translation.graph, inputs }, weightData, optimize);
    const { corrections } = prepared.optimization;
    return { ...prepared, optimization: { ...prepared.optimization, corrections: [...faults, ...corrections] } };
  }
  if (translation !== undefined && faults.length > 0) throw unsupported(translation.reason, faults);
  const optimization =
    translation === undefined
      ? NOT_OPTIMISED
      : {
          ...NOT_OPTIMISED,
          notDone: [{ what: "the model", reason: `runs as TF.js layers: ${translation.reason}` }],
        };
  const wire = layersToWire(artifacts, reading, stored, weightData);
  const staged = stageLayers(artifacts, reading, stored, weightData);
  const plain = { format, reading, wire, batch: NOT_ANALYSED } as const;
  if (!("reason" in staged)) return { ...plain, staged, optimization };
  const notDone = [...optimization.notDone, { what: "cuts", reason: `the model stays in one piece: ${staged.reason}` }];
  return { ...plain, staged: undefined, optimization: { ...optimization, notDone } };
}

function layersToWire(
  { modelTopology, userDefinedMetadata, generatedBy, convertedBy, format }: ModelArtifacts,
  { inputs, outputs }: Pick<ModelReading, "inputs" | "outputs">,
  stored: ReadonlyMap<string, StoredWeight>,
  weightData: ArrayBuffer | SharedArrayBuffer,
): TfjsWire {
  return {
    format: "layers-model",
    artifacts: { modelTopology, userDefinedMetadata, generatedBy, convertedBy, format },
    weights: Object.fromEntries(stored),
    weightData,
    inputs,
    outputs,
  };
}
