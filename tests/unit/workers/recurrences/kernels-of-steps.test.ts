// What a step costs where the compiled kernels can't run: each kernel of TF.js is a command of its own for a GPU.
import "@tensorflow/tfjs-backend-cpu";
import { profile, setBackend } from "@tensorflow/tfjs-core";
import { layers, sequential } from "@tensorflow/tfjs-layers";
import { beforeAll, expect, it } from "vitest";
import { inspectModel } from "../../../../src/model/inspect-model.js";
import { artifactsOf } from "../../../fixtures/keras-artifacts.js";
import { noiseFor, runWire } from "../../../fixtures/run-wires.js";

beforeAll(() => setBackend("cpu"));

type Layer = ReturnType<typeof layers.lstm> | ReturnType<typeof layers.gru> | ReturnType<typeof layers.simpleRNN>;

const options = { units: 2, returnSequences: true, inputShape: [null, 3] };

/** How many kernels of TF.js one more step starts. */
async function kernelsPerStep(layer: Layer): Promise<number> {
  const { wire } = inspectModel(await artifactsOf(sequential({ layers: [layer] })), true, true);
  const countFor = async (length: number): Promise<number> => {
    const { kernels } = await profile(async () => {
      await runWire(wire, noiseFor(wire.inputs, 2, length));
      return [];
    });
    // Views cost nothing, and the op around a kernel is counted beside it.
    const free = ["Reshape", "ExpandDims", "Identity", "fusedMatMul__op"];
    return kernels.filter(({ name }) => !free.includes(name)).length;
  };
  return (await countFor(4)) - (await countFor(3));
}

it.each<[string, () => Layer, number]>([
  ["LSTM", () => layers.lstm({ ...options, recurrentActivation: "sigmoid" }), 12],
  ["GRU", () => layers.gru({ ...options, recurrentActivation: "sigmoid" }), 13],
  ["SimpleRNN", () => layers.simpleRNN(options), 2],
])("a step of a layer starts few kernels: %s", async (_, make, most) => {
  expect(await kernelsPerStep(make())).toBeLessThanOrEqual(most);
});
