import type { Steps } from "../core/steps.js";
import { ShardError } from "../core/errors.js";
import type { TensorSpec, TfjsWire } from "../protocol/model-on-wire.js";
import { isJsonObject, type JsonObject, type ModelArtifacts, type WeightSpec } from "./artifacts.js";
import { analyseInSteps, drawsRandomNumbers, NOT_ANALYSED, type BatchAnalysis } from "./batch/analyse-batch.js";
import { batchLayoutOf, mayCarryItems } from "./batch/batch-layout.js";
import type { Graph } from "./graph/graph.js";
import { readGraphInSteps } from "./graph/read-graph-def.js";
import { withSafeNames } from "./graph/safe-names.js";
import { listCorrections, lowerGraph } from "./lower/lower-graph.js";
import { NOT_OPTIMISED, type OptimizationReport } from "./optimise/optimization-report.js";
import { optimiseInSteps } from "./optimise/optimise-graph.js";
import { inlineTables } from "./plain/inline-tables.js";
import { moveInPlain } from "./plain/move-in-plain.js";
import { requireKnownOps } from "./plain/require-known-ops.js";
import type { ModelReading } from "./read-graph.js";
import { stageInSteps, type StagedModel } from "./staged-model.js";
import { graphToWire } from "./wire-graph.js";

/** What the caller has declared about inputs, by name. */
export type DeclaredInputs = Readonly<Record<string, { readonly batched?: boolean }>>;

/** A model that is ready for the workers, whole and in stages. */
export interface PreparedModel {
  readonly format: "graph-model" | "layers-model";
  readonly reading: Pick<ModelReading, "inputs" | "outputs" | "layerCount">;
  readonly wire: TfjsWire;
  readonly staged: StagedModel<TfjsWire> | undefined;
  readonly optimization: OptimizationReport;
  /** What the operations say about how its outputs depend on the items of a batch. */
  readonly batch: BatchAnalysis;
}

/** Prepares a Keras model; the arguments are those of `prepareInSteps`. */
export type PrepareKeras = (
  artifacts: ModelArtifacts,
  specs: readonly WeightSpec[],
  weightData: ArrayBuffer | SharedArrayBuffer,
  optimize: boolean,
  declared: DeclaredInputs,
) => Steps<PreparedModel>;

/**
 * Graph models run as graphs, and most Keras models too.
 * @param declared what the caller has declared about inputs: whether axis 0 is the batch.
 * @param prepareKeras needed for models of which `isKeras` is true. It is large, so that a page loads it with the first of them.
 * @throws ShardError "model-malformed", "weights-truncated", "model-unsupported", "invalid-options" for a name that no input has.
 */
export function* prepareInSteps(
  artifacts: ModelArtifacts,
  specs: readonly WeightSpec[],
  weightData: ArrayBuffer | SharedArrayBuffer,
  optimize: boolean,
  declared: DeclaredInputs,
  prepareKeras?: PrepareKeras,
): Steps<PreparedModel> {
  const format = formatOf(artifacts);
  if (format === "graph-model") {
    const graph = yield* readGraphInSteps({ ...artifacts, weightData }, weightData);
    return yield* prepareGraph(format, { ...graph, inputs: declare(graph.inputs, declared) }, weightData, optimize);
  }
  if (prepareKeras === undefined) {
    throw new ShardError("internal", "Expected the reader of Keras models for a Keras model, received none.");
  }
  return yield* prepareKeras(artifacts, specs, weightData, optimize, declared);
}

/** A model may return constants or its inputs alone. */
const NOTHING_TO_CUT = { what: "cuts", reason: "the model stays in one piece: it computes nothing" };

/** @param format of the file that the graph came from. */
export function* prepareGraph(
  format: PreparedModel["format"],
  came: Graph,
  weightData: ArrayBuffer | SharedArrayBuffer,
  optimize: boolean,
): Steps<PreparedModel> {
  const given = withSafeNames(came);
  yield;
  const original = moveInPlain(inlineTables(lowerGraph(given)));
  yield;
  requireKnownOps(original);
  yield;
  const { graph, report } = optimize
    ? yield* optimiseInSteps(original, weightData)
    : { graph: original, report: NOT_OPTIMISED };
  const staged = yield* stageInSteps(graph, weightData);
  const batch = yield* analyseItems(given, weightData);
  const optimization = { ...report, corrections: listCorrections(original) };
  return {
    format,
    reading: { ...graph, layerCount: staged.layers.length },
    wire: publicNames(graphToWire(graph, weightData), graph),
    ...(staged.layers.length > 0
      ? { staged, optimization }
      : { staged: undefined, optimization: { ...optimization, notDone: [NOTHING_TO_CUT, ...report.notDone] } }),
    batch,
  };
}

/** Look at the graph as it came: its operations say more than what they are replaced by. */
function* analyseItems(graph: Graph, weightData: ArrayBuffer | SharedArrayBuffer): Steps<BatchAnalysis> {
  const layout = batchLayoutOf(graph.inputs);
  if (layout.kind !== "free") return drawsRandomNumbers(graph) ? { ...NOT_ANALYSED, isRandom: true } : NOT_ANALYSED;
  const batchedNames = graph.inputs.flatMap((spec) => (mayCarryItems(spec, layout) ? spec.name : []));
  return yield* analyseInSteps(graph, weightData, new Set(batchedNames));
}

/** Note which inputs have no batch axis. @throws ShardError "invalid-options" */
export function declare<Spec extends TensorSpec>(inputs: readonly Spec[], declared: DeclaredInputs): readonly Spec[] {
  const unknown = Object.keys(declared).find((name) => !inputs.some((input) => input.name === name));
  if (unknown === undefined) {
    return inputs.map((input) => (declared[input.name]?.batched === false ? { ...input, batched: false } : input));
  }
  throw new ShardError(
    "invalid-options",
    `Expected "inputs" to name inputs of the model (${inputs.map(({ name }) => `"${name}"`).join(", ") || "it has none"}), received "${unknown.slice(0, 80)}": correct the name.`,
  );
}

/** Rename the bindings of a whole model to the public names of its inputs and outputs. */
function publicNames(wire: TfjsWire, { inputs, outputs }: Pick<ModelReading, "inputs" | "outputs">): TfjsWire {
  const rename = (bindings: TfjsWire["inputs"], names: TfjsWire["inputs"]): TfjsWire["inputs"] =>
    bindings.map((binding, index) => ({ ...binding, name: names[index]!.name }));
  return { ...wire, inputs: rename(wire.inputs, inputs), outputs: rename(wire.outputs, outputs) };
}

/** @throws ShardError "model-malformed" */
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

/** Whether these are the artifacts of a Keras model. */
export function isKeras({ modelTopology }: ModelArtifacts): boolean {
  return isJsonObject(modelTopology) && !("node" in modelTopology) && isKerasTopology(modelTopology);
}

/** Whether a topology is that of a Keras model, in either case. */
function isKerasTopology(topology: JsonObject): boolean {
  return ["model_config", "modelConfig", "class_name", "className"].some((key) => key in topology);
}
