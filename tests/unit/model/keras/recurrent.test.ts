// Oracle: recurrences in plain loops (tests/fixtures/plain-recurrence.ts), and TF.js's own layers where they are right.
import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops";
import { memory, setBackend, tensor, type Tensor as TfTensor } from "@tensorflow/tfjs-core";
import * as tf from "@tensorflow/tfjs-layers";
import { beforeAll, describe, expect, it } from "vitest";
import type { ModelArtifacts, WeightSpec } from "../../../../src/model/artifacts.js";
import { inspectModel } from "../../../../src/model/inspect-model.js";
import type { Tensor } from "../../../../src/protocol/tensors.js";
import { relativeDifference } from "../../../fixtures/close.js";
import { artifactsOf } from "../../../fixtures/keras-artifacts.js";
import { randomRecurrent } from "../../../fixtures/random-recurrent.js";
import { noiseFor, runStages, runWire } from "../../../fixtures/run-wires.js";
import { useWasm } from "../../../fixtures/wasm-in-node.js";

beforeAll(useWasm);

const TOLERANCE = 1e-5;
type Cell = ReturnType<typeof tf.layers.lstmCell> | ReturnType<typeof tf.layers.gruCell>;

describe("a recurrent layer of Keras", () => {
  it.each(["wasm", "cpu"])("computes the same as plain loops, whole and cut, on %s", async (backend) => {
    await setBackend(backend);
    for (let seed = 1; seed <= 24; seed++) {
      const { artifacts, inputs, outputs } = randomRecurrent(seed);
      const { info, wire, staged, batch } = inspectModel(artifacts, true, true);
      expect([wire.format, batch.verdict], `seed ${seed}`).toEqual(["graph-model", "rows"]);
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
  const cells = (): Cell[] => [
    layers.lstmCell({ units: 4 }),
    layers.gruCell({ units: 2, recurrentActivation: "sigmoid", activation: "relu" }),
    layers.lstmCell({ units: 2 }),
  ];

  it.each<[string, () => tf.layers.Layer]>([
    ["LSTM", () => layers.lstm({ units: 4, ...series })],
    ["GRU backwards", () => layers.gru({ units: 4, goBackwards: true, returnSequences: true, ...series })],
    ["SimpleRNN", () => layers.simpleRNN({ units: 4, useBias: false, ...series })],
    ["RNN of one cell", () => layers.rnn({ cell: layers.lstmCell({ units: 4 }) as Cell, ...series })],
    ["RNN of several cells", () => layers.rnn({ cell: cells(), ...series })],
    ["Bidirectional", () => bidirectional(layers.lstm({ units: 4 }), "concat")],
    ["Bidirectional with sequences", () => bidirectional(layers.gru({ units: 4, returnSequences: true }), "sum")],
    [
      "ConvLSTM2D",
      () =>
        layers.convLstm2d({
          filters: 2,
          kernelSize: 3,
          strides: 2,
          padding: "same",
          inputShape: [4, 6, 5, 2],
          returnSequences: true,
        }),
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

  it("lists the states of stacked cells as whoever wrote the model does", async () => {
    await setBackend("cpu");
    const input = tf.input({ shape: [5, 3] });
    const outputs = layers.rnn({ cell: cells(), returnState: true }).apply(input) as tf.SymbolicTensor[];
    const model = tf.model({ inputs: input, outputs });
    const artifacts = await artifactsOf(model);
    const statesOf = async (modelTopology: object): Promise<Tensor[]> => {
      const { wire, info } = inspectModel({ ...artifacts, modelTopology }, true, true);
      const results = await runWire(wire, noiseFor(wire.inputs, 2));
      return info.outputs.slice(1).map(({ name }) => results[name]!);
    };
    const ofTfjs = await statesOf(artifacts.modelTopology as object);
    const ofKeras = await statesOf({ ...artifacts.modelTopology, keras_version: "2.19.0" });
    // The cells have two, one and two states.
    const [a, b, c, d, e] = ofKeras;
    expect(ofTfjs).toEqual([d, e, c, a, b]);
    expect(ofKeras.map(({ shape }) => shape[1])).toEqual([4, 4, 2, 2, 2]);
  });

  it("whose time comes first is not taken for one of rows", async () => {
    const artifacts = await artifactsOf(tf.sequential({ layers: [layers.lstm({ units: 4, ...series })] }));
    const text = JSON.stringify(artifacts.modelTopology);
    const modelTopology = JSON.parse(text.replace('"units":4', '"units":4,"time_major":true')) as object;
    expect(inspectModel({ ...artifacts, modelTopology }, true, true).batch.verdict).not.toBe("rows");
  });

  it.each(["LSTM", "GRU"] as const)("loads the weights of CuDNN%s", async (kind) => {
    await setBackend("cpu");
    const layer =
      kind === "LSTM"
        ? layers.lstm({ units: 2, recurrentActivation: "sigmoid", name: "memory", ...series })
        : layers.gru({ units: 2, recurrentActivation: "sigmoid", name: "memory", ...series });
    const artifacts = await artifactsOf(tf.sequential({ layers: [layer] }));
    const text = JSON.stringify(artifacts.modelTopology).replace('"reset_after":false', '"reset_after":true');
    const [kernel, recurrent, bias] = weightsOf(artifacts);
    const gates = kind === "LSTM" ? 4 : 3;
    const size = 2 * gates;
    const both = [...bias!, ...bias!.map((value) => value / 2)];
    const sum = bias!.map((value) => value * 1.5);
    const plain = [kernel!, recurrent!, kind === "LSTM" ? sum : both];
    const packed = [byGate(kernel!, 3, gates, false), byGate(recurrent!, 2, gates, true), both];
    const run = async (className: string, weights: number[][], biasShape: number[]): Promise<Tensor> => {
      const modelTopology = JSON.parse(text.replaceAll(`"${kind}"`, `"${className}"`)) as object;
      const shapes = [[3, size], [2, size], biasShape];
      const weightSpecs = shapes.map((shape, i) => ({ ...artifacts.weightSpecs[i]!, shape }));
      const weightData = Float32Array.from(weights.flat()).buffer;
      const { wire } = inspectModel({ ...artifacts, modelTopology, weightSpecs, weightData }, true, true);
      return Object.values(await runWire(wire, noiseFor(wire.inputs, 2)))[0]!;
    };
    const expected = await run(kind, plain, kind === "LSTM" ? [size] : [2, size]);
    const received = await run(`CuDNN${kind}`, packed, [2 * size]);
    expect(relativeDifference(received, expected)).toBeLessThan(TOLERANCE);
  });
});

function weightsOf({ weightSpecs, weightData }: ModelArtifacts): number[][] {
  let offset = 0;
  return (weightSpecs as WeightSpec[]).map(({ shape }) => {
    const count = shape.reduce((product, each) => product * each, 1);
    const values = [...new Float32Array(weightData as ArrayBuffer, 4 * offset, count)];
    offset += count;
    return values;
  });
}

/** Each gate's part of a kernel transposed, in cuDNN's order of values; the input's kernel keeps its shape. */
function byGate(kernel: readonly number[], rows: number, gates: number, isTransposed: boolean): number[] {
  const units = kernel.length / rows / gates;
  const result = [...kernel];
  for (let gate = 0; gate < gates; gate++) {
    const at = (row: number, column: number): number => row * gates * units + gate * units + column;
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < units; column++) {
        const place = column * rows + row;
        const target = isTransposed ? at(column, row) : at(Math.floor(place / units), place % units);
        result[target] = kernel[at(row, column)]!;
      }
    }
  }
  return result;
}
