import { allAtOnce, type Steps } from "../../core/steps.js";
import { asJsonObject, isJsonObject, type JsonObject, type ModelArtifacts } from "../artifacts.js";
import { dropControls, dropFunctionControls } from "../lower/drop-controls.js";
import { locateWeights } from "../locate-weights.js";
import { readGraph, readNodes } from "../read-graph.js";
import { readWeightSpecs } from "../weights.js";
import { parseReference, type Graph } from "./graph.js";
import { sortInSteps } from "./sort-nodes.js";

/**
 * Read a graph model as a graph that can be rewritten and cut.
 *
 * @param weightData the artifacts' weight data, joined: all offsets count from its start.
 * @throws ShardError "model-malformed", "weights-truncated"
 */
export function readGraphDef(artifacts: ModelArtifacts, weightData: ArrayBuffer | SharedArrayBuffer): Graph {
  return allAtOnce(readGraphInSteps(artifacts, weightData));
}

/** As `readGraphDef`, in steps. */
export function* readGraphInSteps(
  artifacts: ModelArtifacts,
  weightData: ArrayBuffer | SharedArrayBuffer,
): Steps<Graph> {
  const { inputs, outputs } = readGraph(artifacts);
  yield;
  const topology: JsonObject = { ...artifacts.modelTopology };
  const metadata = asJsonObject(artifacts.userDefinedMetadata);
  const signature = asJsonObject(metadata.signature ?? artifacts.signature);
  const { modelInitializer } = artifacts;
  const outputNodes = outputs.map(({ tensorName }) => parseReference(tensorName).node);
  const reached = dropControls(readNodes(artifacts.modelTopology), outputNodes);
  yield;
  const nodes = yield* sortInSteps(reached);
  yield;
  const weights = locateWeights(readWeightSpecs(artifacts.weightSpecs, "weightSpecs"), weightData);
  yield;
  return {
    nodes,
    weights,
    inputs,
    outputs,
    library: dropFunctionControls(isJsonObject(topology.library) ? topology.library : undefined),
    versions: isJsonObject(topology.versions) ? topology.versions : undefined,
    initializer: isJsonObject(modelInitializer)
      ? {
          topology: modelInitializer,
          signature: isJsonObject(artifacts.initializerSignature) ? artifacts.initializerSignature : undefined,
          resourceInputs: resourceInputsOf(signature),
        }
      : undefined,
  };
}

/** Entries of the signature with a `resourceId`: their Placeholders take the hash tables that the initializer makes. */
function resourceInputsOf(signature: JsonObject): JsonObject {
  const entries = Object.entries(asJsonObject(signature.inputs));
  return Object.fromEntries(entries.filter(([, entry]) => asJsonObject(entry).resourceId !== undefined));
}
