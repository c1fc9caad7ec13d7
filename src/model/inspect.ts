import { ShardError } from "../core/errors.js";
import type { BatchMode, TensorSpec, WireModel } from "../protocol/model-on-wire.js";
import { asJsonObject, type ModelArtifacts, type WeightSpec } from "./artifacts.js";
import { readGraphDef } from "./graph/read-graph-def.js";
import { locateWeights } from "./locate-weights.js";
import { countComputing, type ModelReading } from "./read-graph.js";
import { readLayers } from "./read-layers.js";
import { checkWeightLength, readWeightSpecs } from "./weights.js";
import { graphToWire } from "./wire-graph.js";

/** What `sharder.model` shows. */
export interface ModelInfo {
  readonly format: "graph-model" | "layers-model";
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  /** Nodes or layers that compute: no constants, placeholders or input layers. */
  readonly layerCount: number;
  /** Bytes of the weights as stored, quantised or not. */
  readonly weightBytes: number;
  /** "item-by-item": axis 0 is fixed at 1, so each worker calls the model once per item. */
  readonly batchMode: BatchMode;
  readonly userDefinedMetadata: Readonly<Record<string, unknown>>;
}

export interface InspectedModel {
  readonly info: ModelInfo;
  readonly wire: WireModel;
}

/**
 * Read what the artifacts say of the model, and make them ready for the workers. Runs nothing.
 *
 * @param shareWeights put the weights in one SharedArrayBuffer for all workers (needs cross-origin isolation).
 * @throws ShardError "model-malformed", "weights-truncated", "model-unsupported"
 */
export function inspectModel(artifacts: ModelArtifacts, shareWeights: boolean): InspectedModel {
  const specs = readWeightSpecs(artifacts.weightSpecs, "weightSpecs");
  const weights = joinBuffers(artifacts.weightData, shareWeights);
  checkWeightLength(specs, weights.byteLength);

  const format = formatOf(artifacts);
  const joined = { ...artifacts, weightData: weights };
  const { reading, wire } =
    format === "graph-model" ? readGraphModel(joined, weights) : readLayersModel(joined, specs, weights);
  const info: ModelInfo = {
    format,
    inputs: reading.inputs.map(publicSpec),
    outputs: reading.outputs.map(publicSpec),
    layerCount: reading.layerCount,
    weightBytes: weights.byteLength,
    batchMode: batchModeOf(reading.inputs),
    userDefinedMetadata: asJsonObject(artifacts.userDefinedMetadata),
  };
  return { info, wire };
}

interface Read {
  readonly reading: Pick<ModelReading, "inputs" | "outputs" | "layerCount">;
  readonly wire: WireModel;
}

function readGraphModel(artifacts: ModelArtifacts, weightData: ArrayBuffer | SharedArrayBuffer): Read {
  const graph = readGraphDef(artifacts, weightData);
  return {
    reading: { ...graph, layerCount: countComputing(graph.nodes) },
    wire: publicNames(graphToWire(graph, weightData), graph),
  };
}

/** A whole model goes by the names that its user knows. */
function publicNames(wire: WireModel, { inputs, outputs }: Pick<ModelReading, "inputs" | "outputs">): WireModel {
  const rename = (bindings: WireModel["inputs"], names: WireModel["inputs"]): WireModel["inputs"] =>
    bindings.map((binding, index) => ({ ...binding, name: names[index]!.name }));
  return { ...wire, inputs: rename(wire.inputs, inputs), outputs: rename(wire.outputs, outputs) };
}

function readLayersModel(
  artifacts: ModelArtifacts,
  specs: readonly WeightSpec[],
  weightData: ArrayBuffer | SharedArrayBuffer,
): Read {
  const reading = readLayers(artifacts);
  const { modelTopology, userDefinedMetadata, generatedBy, convertedBy } = artifacts;
  const wire: WireModel = {
    format: "layers-model",
    artifacts: { modelTopology, userDefinedMetadata, generatedBy, convertedBy, format: artifacts.format },
    weights: Object.fromEntries(locateWeights(specs, weightData)),
    weightData,
    inputs: reading.inputs,
    outputs: reading.outputs,
    needsAsync: false,
    // Keras layers keep the batch as axis 0 by definition.
    needsBatchProbe: false,
  };
  return { reading, wire };
}

function formatOf(artifacts: ModelArtifacts): ModelInfo["format"] {
  const { modelTopology, format } = artifacts;
  if (typeof modelTopology === "object" && modelTopology !== null) {
    if ("node" in modelTopology) return "graph-model";
    if ("model_config" in modelTopology || "class_name" in modelTopology) return "layers-model";
  }
  throw new ShardError(
    "model-malformed",
    `Expected a TF.js graph model or layers model, received a topology of neither kind (format: ${JSON.stringify(format)?.slice(0, 40) ?? "not given"}): ` +
      `convert the model with tensorflowjs_converter.`,
  );
}

/**
 * Batched where some input leaves axis 0 free (or says nothing of its shape), item by item where
 * every input fixes axis 0 at 1.
 * @throws ShardError "model-unsupported" where axis 0 is fixed at anything else.
 */
function batchModeOf(inputs: readonly TensorSpec[]): BatchMode {
  if (inputs.some(({ shape }) => shape === undefined || shape[0] === -1)) return "batched";
  if (inputs.some(({ shape }) => shape?.[0] === 1)) return "item-by-item";
  const shapes = inputs.map(({ name, shape }) => `"${name}" ${JSON.stringify(shape)}`).join(", ");
  throw new ShardError(
    "model-unsupported",
    `Expected an input whose axis 0 is the batch (free, or fixed at 1), received ${shapes}: export the model with a free batch size.`,
  );
}

function publicSpec({ name, shape, dtype }: TensorSpec): TensorSpec {
  return { name, shape, dtype };
}

function joinBuffers(data: ModelArtifacts["weightData"], share: boolean): ArrayBuffer | SharedArrayBuffer {
  const isShared = typeof SharedArrayBuffer !== "undefined" && data instanceof SharedArrayBuffer;
  if (isShared || (data instanceof ArrayBuffer && !share)) return data;
  const parts = Array.isArray(data) ? data : [data];
  if (!parts.every((part) => part instanceof ArrayBuffer)) {
    throw new ShardError(
      "model-malformed",
      `Expected weightData as an ArrayBuffer, a SharedArrayBuffer or a list of ArrayBuffers, received ${typeof data}: pass the bytes themselves.`,
    );
  }
  const byteLength = parts.reduce((total, part) => total + part.byteLength, 0);
  const joined = share ? new SharedArrayBuffer(byteLength) : new ArrayBuffer(byteLength);
  const bytes = new Uint8Array(joined);
  let offset = 0;
  for (const part of parts) {
    bytes.set(new Uint8Array(part), offset);
    offset += part.byteLength;
  }
  return joined;
}
