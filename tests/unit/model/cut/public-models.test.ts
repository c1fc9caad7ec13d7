// Whole against cut, on TF.js's WASM backend in Node: bit for bit.
import { beforeAll, describe, expect, it } from "vitest";
import "@tensorflow/tfjs-backend-cpu";
import { readGraphDef } from "../../../../src/model/graph/read-graph-def.js";
import { inspectModel } from "../../../../src/model/inspect.js";
import { stageGraph } from "../../../../src/model/staged-model.js";
import { publicModels, readPublicModel } from "../../../fixtures/public-models.js";
import { noiseFor, runStages, runWire } from "../../../fixtures/run-wires.js";
import { useWasm } from "../../../fixtures/wasm-in-node.js";

beforeAll(useWasm);

const graphModels = publicModels.filter((name) => "node" in readPublicModel(name).modelTopology);

/** Evenly spread cuts, the first and the last among them. */
function sample(layerCount: number, count: number): number[] {
  const places = Array.from({ length: count }, (_, i) => 1 + Math.round((i * (layerCount - 2)) / (count - 1)));
  return [...new Set(places)];
}

describe.skipIf(graphModels.length === 0)("every public graph model", () => {
  it.each(graphModels)("%s equals its stages, wherever it is cut", { timeout: 120_000 }, async (name) => {
    const artifacts = readPublicModel(name);
    const { info, wire } = inspectModel(artifacts, true);
    const graph = readGraphDef({ ...artifacts, weightData: wire.weightData }, wire.weightData);
    const staged = stageGraph(graph, wire.weightData);
    const inputs = noiseFor(info.inputs, 1, 64);
    const whole = await runWire(wire, inputs);
    const byKey = Object.fromEntries(
      Object.entries(inputs).map(([input, tensor]) => [staged.inputKeys[input]!, tensor]),
    );
    const layerCount = staged.layers.length;
    expect(layerCount).toBeGreaterThan(1);
    const plans = [...sample(layerCount, 5).map((cut) => [cut]), sample(layerCount, 5).slice(1, -1)];
    for (const cuts of plans) {
      const tensors = await runStages(staged.stages(cuts), byKey);
      for (const { name: output } of info.outputs) {
        expect(tensors[staged.outputKeys[output]!], `${output} of ${name} cut at ${cuts.join()}`).toEqual(
          whole[output],
        );
      }
    }
  });
});
