// Oracle: recurrences in plain loops (tests/fixtures/plain-recurrence.ts), and TF.js's own layers where they are right.
import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops";
import { memory, setBackend, tensor, type Tensor as TfTensor } from "@tensorflow/tfjs-core";
import * as tf from "@tensorflow/tfjs-layers";
import { beforeAll, describe, expect, it } from "vitest";
import { inspectModel } from "../../../../src/model/inspect.js";
import type { Tensor } from "../../../../src/protocol/tensors.js";
import { relativeDifference } from "../../../fixtures/close.js";
import { artifactsOf } from "../../../fixtures/keras-artifacts.js";
import { randomRecurrent } from "../../../fixtures/random-recurrent.js";
import { noiseFor, runStages, runWire } from "../../../fixtures/run-wires.js";
import { useWasm } from "../../../fixtures/wasm-in-node.js";

beforeAll(useWasm);

const TOLERANCE = 1e-5;

describe("a recurrent layer of Keras", () => {
  it.each(["wasm", "cpu"])("computes the same as plain loops, whole and cut, on %s", async (backend) => {
    await setBackend(backend);
    for (let seed = 1; seed <= 24; seed++) {
      const { artifacts, inputs, outputs } = randomRecurrent(seed);
      const { info, wire, staged } = inspectModel(artifacts, true, true);
      expect(wire.format, `seed ${seed}`).toBe("graph-model");
      const before = memory().numTensors;
      const whole = await runWire(wire, inputs);
      expect(memory().numTensors, `tensors left behind by seed ${seed}`).toBe(before);
      const keys = Object.fromEntries(Object.entries(inputs).map(([name, each]) => [staged!.inputKeys[name]!, each]));
      const cut = await runStages(staged!.stages(staged!.layers.map((_, index) => index).slice(1)), keys);
      for (const [index, { name }] of info.outputs.entries()) {
        expect(relativeDifference(whole[name]!, outputs[index]!), `${name} of seed ${seed}`).toBeLessThan(TOLERANCE);
        const key = staged!.outputKeys[name]!;
        expect(relativeDifference(cut[key]!, outputs[index]!), `${name} of seed ${seed}, cut`).toBeLessThan(TOLERANCE);
      }
    }
  });

  const { layers } = tf;
  const series = { inputShape: [5, 3] };
  const bidirectional = (layer: tf.layers.Layer, mergeMode: "sum" | "concat") =>
    layers.bidirectional({ layer: layer as tf.RNN, mergeMode, ...series });
  const cells = (): tf.RNNCell[] => [
    layers.lstmCell({ units: 4 }),
    layers.gruCell({ units: 2, recurrentActivation: "sigmoid", activation: "relu" }),
    layers.lstmCell({ units: 2 }),
  ];

  it.each<[string, () => tf.layers.Layer]>([
    ["LSTM", () => layers.lstm({ units: 4, ...series })],
    ["GRU backwards", () => layers.gru({ units: 4, goBackwards: true, returnSequences: true, ...series })],
    ["SimpleRNN", () => layers.simpleRNN({ units: 4, useBias: false, ...series })],
    ["RNN of one cell", () => layers.rnn({ cell: layers.lstmCell({ units: 4 }) as tf.RNNCell, ...series })],
    ["RNN of several cells", () => layers.rnn({ cell: cells(), ...series })],
    ["Bidirectional", () => bidirectional(layers.lstm({ units: 4 }), "concat")],
    ["Bidirectional with sequences", () => bidirectional(layers.gru({ units: 4, returnSequences: true }), "sum")],
    [
      "ConvLSTM2D",
      () => layers.convLstm2d({ filters: 2, kernelSize: 3, strides: 2, padding: "same", inputShape: [4, 6, 5, 2], returnSequences: true }),
    ],
    ["TimeDistributed", () => layers.timeDistributed({ layer: layers.lstm({ units: 2 }), inputShape: [3, 4, 2] })],
  ])("%s computes the same as TF.js's layer", async (_, make) => {
    await setBackend("cpu");
    const model = tf.sequential({ layers: [make()] });
    const { wire } = inspectModel(await artifactsOf(model), true, true);
    expect(wire.format).toBe("graph-model");
    const [[name, input]] = Object.entries(noiseFor(wire.inputs, 2)) as [[string, Tensor]];
    const [received] = Object.values(await runWire(wire, { [name]: input }));
    const expected = model.predict(tensor(input.data as Float32Array, [...input.shape])) as TfTensor;
    const values: Tensor = { dtype: "float32", shape: expected.shape, data: expected.dataSync<"float32">() };
    expect(relativeDifference(received!, values)).toBeLessThan(TOLERANCE);
  });
});
