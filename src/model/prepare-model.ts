import { ShardError } from "../core/errors.js";
import type { TfjsWire, WireModel } from "../protocol/model-on-wire.js";
import type { StoredWeight } from "../protocol/weight-recipe.js";
import { isJsonObject, type ModelArtifacts, type WeightSpec } from "./artifacts.js";
import type { Graph } from "./graph/graph.js";
import { readGraphDef } from "./graph/read-graph-def.js";
import { stageLayers } from "./keras-cut/stage-layers.js";
import { isKerasTopology, normaliseConfig } from "./keras/normalise/normalise-config.js";
import { faultsOfTfjsLayers } from "./keras/tfjs-layers.js";
import { translateLayers } from "./keras/translate-layers.js";
import { refuseSubclass, unsupported } from "./keras/unsupported.js";
import { nameWeights } from "./keras/weight-names.js";
import { locateWeights } from "./locate-weights.js";
import { NOT_OPTIMISED, type OptimizationReport } from "./optimise/optimization-report.js";
import { optimiseGraph } from "./optimise/optimise-graph.js";
import { inlineTables } from "./plain/inline-tables.js";
import { moveInPlain } from "./plain/move-in-plain.js";
import { requireKnownOps } from "./plain/require-known-ops.js";
import type { ModelReading } from "./read-graph.js";
import { readLayers } from "./read-layers.js";
import { stageGraph, type StagedModel } from "./staged-model.js";
import { branchesOnValues } from "./value-branches.js";
import { graphToWire } from "./wire-graph.js";

/** A model that is ready for the workers, whole and in stages. */
export interface PreparedModel {
  readonly format: "graph-model" | "layers-model";
  readonly reading: Pick<ModelReading, "inputs" | "outputs" | "layerCount">;
  readonly wire: WireModel;
  readonly staged: StagedModel | undefined;
  readonly optimization: OptimizationReport;
  /** Such a model runs item by item: a batch would take the same branch for all of its items. */
  readonly branchesOnValues: boolean;
  /** Nothing in the file promises that every output has the batch as its axis 0: it is tried out first. */
  readonly needsBatchProbe: boolean;
}

/**
 * Graph models run as graphs, and most Keras models too.
 * @throws ShardError "model-malformed", "weights-truncated", "model-unsupported"
 */
export function prepareModel(
  artifacts: ModelArtifacts,
  specs: readonly WeightSpec[],
  weightData: ArrayBuffer | SharedArrayBuffer,
  optimize: boolean,
): PreparedModel {
  const format = formatOf(artifacts);
  if (format === "graph-model") {
    const graph = readGraphDef({ ...artifacts, weightData }, weightData);
    return prepareGraph(format, graph, weightData, optimize);
  }
  return prepareLayers(normaliseConfig(artifacts), specs, weightData, optimize);
}

/**
 * A Keras model runs as a graph if it is to be optimised, or if TF.js's own layers are not known to be right for it. It runs as TF.js
 * layers if it should run as it came and they are right.
 */
function prepareLayers(
  artifacts: ModelArtifacts,
  specs: readonly WeightSpec[],
  weightData: ArrayBuffer | SharedArrayBuffer,
  optimize: boolean,
): PreparedModel {
  const format = "layers-model";
  refuseSubclass(artifacts);
  const reading = readLayers(artifacts);
  const located = locateWeights(specs, weightData);
  // The optimizer's weights are not the model's own.
  for (const { name, group } of specs) if (group === "optimizer") located.delete(name);
  const stored = nameWeights(artifacts, located);
  const faults = faultsOfTfjsLayers(artifacts, reading, [...stored.keys()]);
  const translation = optimize || faults.length > 0 ? translateLayers(artifacts, reading, stored) : undefined;
  if (translation?.ok === true) {
    const prepared = prepareGraph(format, translation.graph, weightData, optimize);
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
  // Keras layers keep the batch as axis 0 by definition.
  const plain = { format, reading, wire, branchesOnValues: false, needsBatchProbe: false } as const;
  if (!("reason" in staged)) return { ...plain, staged, optimization };
  const notDone = [...optimization.notDone, { what: "cuts", reason: `the model stays in one piece: ${staged.reason}` }];
  return { ...plain, staged: undefined, optimization: { ...optimization, notDone } };
}

function prepareGraph(
  format: PreparedModel["format"],
  given: Graph,
  weightData: ArrayBuffer | SharedArrayBuffer,
  optimize: boolean,
): PreparedModel {
  const original = moveInPlain(inlineTables(given));
  requireKnownOps(original);
  const { graph, report } = optimize ? optimiseGraph(original, weightData) : { graph: original, report: NOT_OPTIMISED };
  const staged = stageGraph(graph, weightData);
  return {
    format,
    reading: { ...graph, layerCount: staged.layers.length },
    wire: publicNames(graphToWire(graph, weightData), graph),
    staged,
    optimization: report,
    branchesOnValues: branchesOnValues(graph),
    needsBatchProbe: needsBatchProbe(graph),
  };
}

/** A loop may run until the last item of a batch is done. */
const LOOP_OPS = /^(While|StatelessWhile|LoopCond)$/;

function needsBatchProbe({ outputs, nodes }: Graph): boolean {
  return outputs.some(({ shape }) => shape?.[0] !== -1) || nodes.some(({ op }) => LOOP_OPS.test(op));
}

/** Rename the bindings of a whole model to the public names of its inputs and outputs. */
function publicNames(wire: TfjsWire, { inputs, outputs }: Pick<ModelReading, "inputs" | "outputs">): TfjsWire {
  const rename = (bindings: TfjsWire["inputs"], names: TfjsWire["inputs"]): TfjsWire["inputs"] =>
    bindings.map((binding, index) => ({ ...binding, name: names[index]!.name }));
  return { ...wire, inputs: rename(wire.inputs, inputs), outputs: rename(wire.outputs, outputs) };
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

function formatOf(artifacts: ModelArtifacts): PreparedModel["format"] {
  const { modelTopology, format } = artifacts;
  if (typeof modelTopology === "object" && modelTopology !== null) {
    if ("node" in modelTopology) return "graph-model";
    if (isJsonObject(modelTopology) && isKerasTopology(modelTopology)) return "layers-model";
  }
  throw new ShardError(
    "model-malformed",
    `Expected a TF.js graph model or layers model, received a topology of neither kind (format: ${JSON.stringify(format)?.slice(0, 40) ?? "not given"}): ` +
      `convert the model with tensorflowjs_converter.`,
  );
}
