// Compares whole Keras models with their stages, both as TF.js layers, bit for bit, on TF.js's CPU and WASM backends.
import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops";
import { getBackend, ready, setBackend } from "@tensorflow/tfjs-core";
import { input, layers, model, type SymbolicTensor } from "@tensorflow/tfjs-layers";
import { beforeAll, describe, expect, it } from "vitest";
import { inspectModel } from "../../../../src/model/inspect-model.js";
import type { Tensor } from "../../../../src/protocol/tensors.js";
import { expectCutsExact } from "../../../fixtures/cut-plans.js";
import { artifactsOf } from "../../../fixtures/keras-artifacts.js";
import { kerasModels } from "../../../fixtures/keras-models.js";
import { noiseFor } from "../../../fixtures/run-wires.js";
import { useWasm } from "../../../fixtures/wasm-in-node.js";

/** How many layers each model can be cut into: all of its layers, unless masks hold several together. */
const LAYER_COUNTS: Readonly<Record<string, number>> = {
  "a plain stack": 6,
  "a residual net": 17,
  "inception branches": 11,
  "several inputs, and an output that leaves early": 7,
  "a layer shared by two branches": 5,
  "a shared layer whose calls come in another order than they stand in": 7,
  "models within models": 10,
  "an LSTM stack": 4,
  "a GRU of free length with a bidirectional LSTM": 4,
  "an encoder and a decoder that begins with its state": 3,
  "words under a mask": 3,
  "a mask that outlives its sequence": 14,
  "a Transformer encoder": 28,
  "whole numbers that are moved about before they are looked up": 5,
  "channels first, three dimensions, odd layers": 19,
};

/** Noise, except for models of words (whole numbers, of which 0 is masked) and for one model, which gets steps of zeros. */
function inputsFor(name: string, specs: Parameters<typeof noiseFor>[0]): Record<string, Tensor> {
  const inputs = noiseFor(specs, 3, 6);
  for (const { data } of Object.values(inputs)) {
    if (data instanceof Float32Array && /words|Transformer/.test(name)) {
      data.forEach((value, index) => (data[index] = Math.max(0, Math.floor(19 * value))));
    }
    if (data instanceof Float32Array && name === "a mask that outlives its sequence") data.fill(0, 3, 9);
  }
  return inputs;
}

/** TF.js's layers pass the first layer's mask to every later one, and its WASM kernel is wrong for maxima of volumes. */
const GRAPHS = new Set(["a mask that outlives its sequence", "channels first, three dimensions, odd layers"]);

const BACKENDS = { cpu: useCpu, wasm: useWasm };

async function useCpu(): Promise<void> {
  await setBackend("cpu");
  await ready();
}

describe.each(Object.entries(BACKENDS))("a Keras model that runs as layers, on %s", (backend, use) => {
  beforeAll(use);

  it.each(Object.keys(kerasModels))("%s equals its stages, wherever it is cut", async (name) => {
    const artifacts = await artifactsOf(kerasModels[name]!());
    const inputs = inputsFor(name, inspectModel(artifacts, true).info.inputs);
    const singleCount = backend === "cpu" ? 60 : 2;
    const { staged, wire, whole } = await expectCutsExact(artifacts, { inputs, singleCount });
    expect(getBackend()).toBe(backend);
    expect(wire.format).toBe(GRAPHS.has(name) ? "graph-model" : "layers-model");
    expect(staged.layers.length).toBe(LAYER_COUNTS[name]);
    for (const { data } of Object.values(whole)) expect(new Set<number | string>(data).size).toBeGreaterThan(1);
  });
});

describe("a Keras model", () => {
  beforeAll(useCpu);

  it("may return an input as an output", async () => {
    const x = input({ shape: [4], name: "x" });
    const y = layers.dense({ units: 3 }).apply(layers.reLU().apply(x)) as SymbolicTensor;
    const { staged } = await expectCutsExact(await artifactsOf(model({ inputs: x, outputs: [y, x] })));
    expect(staged.stages([1]).map(({ outputs }) => outputs.includes("x:0"))).toEqual([true, false]);
  });

  it("that was saved with its optimizer drops the optimizer's weights", async () => {
    const artifacts = await artifactsOf(kerasModels["an LSTM stack"]!());
    const group = "optimizer" as const;
    const weightSpecs = [...artifacts.weightSpecs, { name: "iter", shape: [], dtype: "int32" as const, group }];
    const weightData = [artifacts.weightData as ArrayBuffer, Int32Array.of(9).buffer];
    const { wire } = await expectCutsExact({ ...artifacts, weightSpecs, weightData }, { singleCount: 1 });
    expect(Object.keys(wire.weights)).not.toContain("iter");
  });

  it("gives each stage the weights of its layers, and those of a shared layer to every stage that calls it", async () => {
    const { staged } = inspectModel(await artifactsOf(kerasModels["a layer shared by two branches"]!()), true);
    const names = staged!.stages([1, 3]).map(({ wire }) => Object.keys(wire.weights));
    expect(names).toEqual([
      ["shared/kernel", "shared/bias"],
      ["shared/kernel", "shared/bias"],
      ["shared/kernel", "shared/bias"],
    ]);
    const stack = inspectModel(await artifactsOf(kerasModels["an LSTM stack"]!()), true).staged!;
    const counts = stack.stages([1, 2, 3]).map(({ wire }) => Object.keys(wire.weights).length);
    expect(counts).toEqual([3, 3, 3, 2]);
    expect(stack.layers.map(({ weights }) => Object.values(weights).reduce((sum, bytes) => sum + bytes, 0))).toEqual([
      4 * (4 * 24 + 6 * 24 + 24),
      4 * (6 * 20 + 5 * 20 + 20),
      4 * (5 * 16 + 4 * 16 + 16),
      4 * (4 * 3 + 3),
    ]);
  });

  it("is refused if a call has tensors that its layer doesn't take", async () => {
    const artifacts = await artifactsOf(kerasModels["a residual net"]!());
    const modelTopology = structuredClone(artifacts.modelTopology) as {
      config: { layers: { inbound_nodes: unknown[][][] }[] };
    };
    modelTopology.config.layers[1]!.inbound_nodes[0]![0]![3] = { initial_state: [["input1", 0, 0]] };
    expect(() => inspectModel({ ...artifacts, modelTopology }, true)).toThrow("called with the option initial_state");
  });
});
