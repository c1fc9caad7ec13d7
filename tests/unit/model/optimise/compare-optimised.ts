import type { ModelArtifacts } from "../../../../src/model/artifacts.js";
import { readGraphDef } from "../../../../src/model/graph/read-graph-def.js";
import type { Graph } from "../../../../src/model/graph/graph.js";
import { inspectModel } from "../../../../src/model/inspect-model.js";
import { translateLayers } from "../../../../src/model/keras/translate-layers.js";
import { locateWeights } from "../../../../src/model/locate-weights.js";
import { optimiseGraph } from "../../../../src/model/optimise/optimise-graph.js";
import { readLayers } from "../../../../src/model/read-layers.js";
import { allAtOnce } from "../../../../src/core/steps.js";
import { stageInSteps } from "../../../../src/model/staged-model.js";
import type { Tensor } from "../../../../src/protocol/tensors.js";
import { relativeDifference } from "../../../fixtures/close.js";
import { noiseFor, runStages, runWire } from "../../../fixtures/run-wires.js";

function graphOf(artifacts: ModelArtifacts, weightData: ArrayBuffer | SharedArrayBuffer): Graph {
  if ("node" in artifacts.modelTopology) return readGraphDef(artifacts, weightData);
  const stored = locateWeights(artifacts.weightSpecs, weightData);
  const translation = translateLayers(artifacts, readLayers(artifacts), stored);
  if (!translation.ok) throw new Error(translation.reason);
  return translation.graph;
}

/** TF.js's results for the original model, on the current backend. */
export async function runOriginal(artifacts: ModelArtifacts, itemCount: number, size = 64) {
  const { info, wire } = inspectModel(artifacts, true);
  return runWire(wire, noiseFor(info.inputs, itemCount, size));
}

/** A step of about eight roundings of a float32, as a model adds up on its way. */
const NUDGE = 2 ** -20;
const NUDGES: readonly ((index: number) => number)[] = [
  () => NUDGE,
  () => -NUDGE,
  (index) => (index % 2 === 0 ? NUDGE : -NUDGE),
];

/**
 * How far the original's own results move, relative to the largest, when its inputs move by a millionth: what no order of
 * computing can do better than. A model that divides by something close to zero, or jumps at a threshold, has a large one.
 * Source: conditioning, e.g. Higham, Accuracy and Stability of Numerical Algorithms, §1.6.
 */
export async function sensitivity(artifacts: ModelArtifacts, itemCount: number, size = 64): Promise<number> {
  const { info, wire } = inspectModel(artifacts, true);
  const inputs = noiseFor(info.inputs, itemCount, size);
  const wanted = await runWire(wire, inputs);
  const moved: number[] = [];
  for (const nudge of NUDGES) {
    const nudged = Object.entries(inputs).map(([name, tensor]): [string, Tensor] => [
      name,
      tensor.dtype === "float32"
        ? { ...tensor, data: tensor.data.map((value, index) => value * (1 + nudge(index))) }
        : tensor,
    ]);
    const received = await runWire(wire, Object.fromEntries(nudged));
    moved.push(...info.outputs.map(({ name }) => relativeDifference(received[name]!, wanted[name]!)));
  }
  return Math.max(...moved);
}

/**
 * Returns the largest difference of any output, relative to its largest value, and the optimiser's report.
 * @param expected used instead of the current backend's results for the original model.
 */
export async function compareOptimised(
  artifacts: ModelArtifacts,
  itemCount: number,
  size = 64,
  expected?: Readonly<Record<string, Tensor>>,
) {
  const { info, wire } = inspectModel(artifacts, true);
  const { graph, report } = optimiseGraph(graphOf(artifacts, wire.weightData), wire.weightData);
  const staged = allAtOnce(stageInSteps(graph, wire.weightData));
  const inputs = noiseFor(info.inputs, itemCount, size);
  const wanted = expected ?? (await runWire(wire, inputs));
  const byKey = Object.fromEntries(Object.entries(inputs).map(([name, tensor]) => [staged.inputKeys[name]!, tensor]));
  const received = await runStages(staged.stages([]), byKey);
  const differences = info.outputs.map(({ name }) =>
    relativeDifference(received[staged.outputKeys[name]!]!, wanted[name]!),
  );
  return { difference: Math.max(...differences), report, graph, ops: graph.nodes.map(({ op }) => op) };
}
