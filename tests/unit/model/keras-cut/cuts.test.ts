// Whole against cut, both as TF.js layers, on TF.js's CPU backend: bit for bit.
import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops";
import { ready, setBackend } from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { inspectModel } from "../../../../src/model/inspect.js";
import type { Tensor } from "../../../../src/protocol/tensors.js";
import { expectCutsExact } from "../../../fixtures/cut-plans.js";
import { artifactsOf } from "../../../fixtures/keras-artifacts.js";
import { kerasModels } from "../../../fixtures/keras-models.js";
import { noiseFor } from "../../../fixtures/run-wires.js";

beforeAll(async () => {
  await setBackend("cpu");
  await ready();
});

/** Layers into which each falls apart: all of them, but where masks hold several together. */
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
  "a mask that outlives its sequence": 4,
  "a Transformer encoder": 28,
  "whole numbers that are moved about before they are looked up": 5,
  "channels first, three dimensions, odd layers": 6,
};

/** Words, of which 0 is masked; steps of zeros. */
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

describe("a Keras model that stays one", () => {
  it.each(Object.keys(kerasModels))("%s equals its stages, wherever it is cut", async (name) => {
    const artifacts = await artifactsOf(kerasModels[name]!());
    const inputs = inputsFor(name, inspectModel(artifacts, true).info.inputs);
    const { staged, wire, whole } = await expectCutsExact(artifacts, { inputs });
    expect(wire.format).toBe("layers-model");
    expect(staged.layers.length).toBe(LAYER_COUNTS[name]);
    for (const { data } of Object.values(whole)) expect(new Set<number | string>(data).size).toBeGreaterThan(1);
  });
});
