// Oracle: TF.js's own layers on the same backend.
import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops";
import { getBackend, setBackend } from "@tensorflow/tfjs-core";
import * as tf from "@tensorflow/tfjs-layers";
import { beforeAll, describe, expect, it } from "vitest";
import type { ModelArtifacts } from "../../../../src/model/artifacts.js";
import { inspectModel } from "../../../../src/model/inspect-model.js";
import { translateLayers } from "../../../../src/model/keras/translate-layers.js";
import { locateWeights } from "../../../../src/model/locate-weights.js";
import { readLayers } from "../../../../src/model/read-layers.js";
import { graphToWire } from "../../../../src/model/wire-graph.js";
import { relativeDifference } from "../../../fixtures/close.js";
import { artifactsOf } from "../../../fixtures/keras-artifacts.js";
import { publicModels, readPublicModel } from "../../../fixtures/public-models.js";
import { noiseFor, runWire } from "../../../fixtures/run-wires.js";
import { useWasm } from "../../../fixtures/wasm-in-node.js";

beforeAll(useWasm);

function translate(artifacts: ModelArtifacts) {
  const reading = readLayers(artifacts);
  const { wire } = inspectModel(artifacts, true);
  const stored = locateWeights(artifacts.weightSpecs, wire.weightData);
  return { translation: translateLayers(artifacts, reading, stored), reading, wire };
}

async function compare(artifacts: ModelArtifacts, itemCount = 2) {
  const { translation, reading, wire } = translate(artifacts);
  if (!translation.ok) throw new Error(translation.reason);
  const { graph } = translation;
  const inputs = noiseFor(reading.inputs, itemCount);
  // TF.js's WASM backend has no negative maxima of volumes.
  const backend = getBackend();
  await setBackend("cpu");
  const expected = await runWire(wire, inputs);
  await setBackend(backend);
  const keys = Object.fromEntries(graph.inputs.map(({ name, tensorName }) => [name, tensorName]));
  const graphWire = graphToWire(graph, wire.weightData);
  const named = {
    ...graphWire,
    inputs: graphWire.inputs.map((each, i) => ({ ...each, name: graph.inputs[i]!.tensorName })),
  };
  const byKey = Object.fromEntries(Object.entries(inputs).map(([name, tensor]) => [keys[name]!, tensor]));
  const received = await runWire(named, byKey);
  for (const { name, tensorName } of graph.outputs) {
    void tensorName;
    const a = received[name]!;
    const b = expected[name]!;
    expect(a.shape).toEqual(b.shape);
    let largest = 0;
    let difference = 0;
    for (let i = 0; i < b.data.length; i++) {
      largest = Math.max(largest, Math.abs(Number(b.data[i])));
      difference = Math.max(difference, Math.abs(Number(a.data[i]) - Number(b.data[i])));
    }
    expect(largest).toBeGreaterThan(0);
    expect(difference / largest).toBeLessThanOrEqual(1e-5);
    const declared = graph.outputs.find((each) => each.name === name)!.shape!;
    expect(declared.slice(1)).toEqual(b.shape.slice(1));
  }
}

const { layers } = tf;
const picture = { inputShape: [9, 8, 3] };
const series = { inputShape: [11, 4] };
const volume = { inputShape: [5, 6, 4, 2] };

const CASES: [string, () => tf.layers.Layer[]][] = [
  ["Dense", () => [layers.dense({ units: 5, inputShape: [7], activation: "tanh" })]],
  ["Dense on a sequence", () => [layers.dense({ units: 5, activation: "softmax", ...series })]],
  ["Dense without bias", () => [layers.dense({ units: 5, inputShape: [7], useBias: false, activation: "relu" })]],
  ...(["same", "valid"] as const).flatMap((padding): [string, () => tf.layers.Layer[]][] => [
    [
      `Conv2D ${padding}`,
      () => [layers.conv2d({ filters: 4, kernelSize: 3, padding, activation: "relu", ...picture })],
    ],
    [
      `Conv2D strided ${padding}`,
      () => [layers.conv2d({ filters: 4, kernelSize: [3, 2], strides: 2, padding, ...picture })],
    ],
    [
      `Conv2D dilated ${padding}`,
      () => [layers.conv2d({ filters: 4, kernelSize: 2, dilationRate: 2, padding, ...picture })],
    ],
    [
      `DepthwiseConv2D ${padding}`,
      () => [layers.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2, padding, ...picture })],
    ],
    [
      `DepthwiseConv2D strided ${padding}`,
      () => [layers.depthwiseConv2d({ kernelSize: 3, strides: [2, 2], padding, activation: "relu6", ...picture })],
    ],
    [
      `SeparableConv2D ${padding}`,
      () => [layers.separableConv2d({ filters: 6, kernelSize: 3, padding, activation: "elu", ...picture })],
    ],
    [
      `Conv2DTranspose ${padding}`,
      () => [
        layers.conv2dTranspose({ filters: 2, kernelSize: 3, strides: 2, padding, activation: "sigmoid", ...picture }),
      ],
    ],
    [`Conv1D ${padding}`, () => [layers.conv1d({ filters: 3, kernelSize: 3, strides: 2, padding, ...series })]],
    [
      `MaxPooling2D ${padding}`,
      () => [layers.maxPooling2d({ poolSize: [3, 2], strides: [2, 1], padding, ...picture })],
    ],
    [`AveragePooling2D ${padding}`, () => [layers.averagePooling2d({ poolSize: 2, padding, ...picture })]],
    [`MaxPooling1D ${padding}`, () => [layers.maxPooling1d({ poolSize: 3, strides: 2, padding, ...series })]],
    [`AveragePooling1D ${padding}`, () => [layers.averagePooling1d({ poolSize: 2, padding, ...series })]],
  ]),
  ["Conv1D dilated", () => [layers.conv1d({ filters: 3, kernelSize: 2, dilationRate: 2, ...series })]],
  ["BatchNormalization", () => [layers.batchNormalization({ ...picture })]],
  [
    "BatchNormalization bare",
    () => [layers.batchNormalization({ scale: false, center: false, epsilon: 0.1, ...picture })],
  ],
  ["BatchNormalization of features", () => [layers.batchNormalization({ inputShape: [6] })]],
  ["LayerNormalization", () => [layers.layerNormalization({ ...series })]],
  ["ReLU", () => [layers.reLU({ ...picture })]],
  ["ReLU to 6", () => [layers.reLU({ maxValue: 6, ...picture })]],
  ["ReLU to 0.5", () => [layers.reLU({ maxValue: 0.5, ...picture })]],
  ["LeakyReLU", () => [layers.leakyReLU({ ...picture })]],
  ["LeakyReLU 0.1", () => [layers.leakyReLU({ alpha: 0.1, ...picture })]],
  ["PReLU", () => [layers.prelu({ ...picture })]],
  ["PReLU shared", () => [layers.prelu({ sharedAxes: [1, 2], ...picture })]],
  ["ELU", () => [layers.elu({ ...picture })]],
  ["Softmax", () => [layers.softmax({ axis: -1, ...series })]],
  ...(
    [
      "relu",
      "relu6",
      "elu",
      "selu",
      "sigmoid",
      "hardSigmoid",
      "tanh",
      "softplus",
      "softsign",
      "softmax",
      "swish",
      "mish",
      "linear",
    ] as const
  ).map((activation): [string, () => tf.layers.Layer[]] => [
    `Activation ${activation}`,
    () => [layers.activation({ activation, ...series })],
  ]),
  ["GlobalAveragePooling2D", () => [layers.globalAveragePooling2d({ ...picture })]],
  ["GlobalMaxPooling2D", () => [layers.globalMaxPooling2d({ ...picture })]],
  ["GlobalAveragePooling1D", () => [layers.globalAveragePooling1d({ ...series })]],
  ["GlobalMaxPooling1D", () => [layers.globalMaxPooling1d({ ...series })]],
  [
    "ZeroPadding2D",
    () => [
      layers.zeroPadding2d({
        padding: [
          [1, 2],
          [3, 4],
        ],
        ...picture,
      }),
    ],
  ],
  ["ZeroPadding2D plain", () => [layers.zeroPadding2d({ ...picture })]],
  [
    "Cropping2D",
    () => [
      layers.cropping2D({
        cropping: [
          [1, 2],
          [0, 3],
        ],
        ...picture,
      }),
    ],
  ],
  ["UpSampling2D", () => [layers.upSampling2d({ size: [2, 3], ...picture })]],
  ["UpSampling2D bilinear", () => [layers.upSampling2d({ interpolation: "bilinear", ...picture })]],
  ["Flatten, Reshape", () => [layers.flatten({ ...picture }), layers.reshape({ targetShape: [-1, 12] })]],
  ["Reshape with a batch of its own", () => [layers.reshape({ targetShape: [8, 27], ...picture })]],
  ["Permute", () => [layers.permute({ dims: [3, 1, 2], ...picture })]],
  ["RepeatVector", () => [layers.repeatVector({ n: 3, inputShape: [5] })]],
  ["Conv3D", () => [layers.conv3d({ filters: 3, kernelSize: 2, strides: [1, 2, 1], activation: "elu", ...volume })]],
  ["Conv3D same", () => [layers.conv3d({ filters: 3, kernelSize: [3, 2, 2], padding: "same", ...volume })]],
  ["MaxPooling3D", () => [layers.maxPooling3d({ poolSize: [2, 1, 2], ...volume } as never)]],
  [
    "AveragePooling3D",
    () => [layers.averagePooling3d({ poolSize: 2, strides: 1, padding: "same", ...volume } as never)],
  ],
  [
    "SeparableConv2D dilated",
    () => [layers.separableConv2d({ filters: 6, kernelSize: 2, dilationRate: 2, ...picture })],
  ],
  ["SeparableConv2D strided", () => [layers.separableConv2d({ filters: 6, kernelSize: 3, strides: 2, ...picture })]],
  ["LayerNormalization of two axes", () => [layers.layerNormalization({ axis: [1, 2], ...series })]],
  ["LayerNormalization of an inner axis", () => [layers.layerNormalization({ axis: 1, ...series })]],
  ["LayerNormalization bare", () => [layers.layerNormalization({ scale: false, center: false, ...series })]],
  ["Softmax of two axes", () => [layers.softmax({ axis: [1, 2], ...series })]],
  ["Softmax of a list of one", () => [layers.softmax({ axis: [-1], ...series })]],
  ["ThresholdedReLU", () => [layers.thresholdedReLU({ theta: 0.25, ...picture })]],
  ["Activation gelu", () => [layers.activation({ activation: "gelu" as never, ...series })]],
  ["Activation logSoftmax", () => [layers.activation({ activation: "logSoftmax" as never, ...series })]],
  ["Rescaling", () => [layers.rescaling({ scale: 2, offset: -0.25, ...picture })]],
  ["CenterCrop", () => [layers.centerCrop({ height: 4, width: 3, inputShape: [9, 9, 3] })]],
  ["CenterCrop by one", () => [layers.centerCrop({ height: 8, width: 7, ...picture })]],
  ["CenterCrop of odd differences", () => [layers.centerCrop({ height: 4, width: 5, ...picture })]],
  ["CenterCrop to a pixel", () => [layers.centerCrop({ height: 1, width: 1, ...picture })]],
  ["CenterCrop to the same size", () => [layers.centerCrop({ height: 9, width: 8, ...picture })]],
  ["CenterCrop of a smaller picture", () => [layers.centerCrop({ height: 12, width: 13, ...picture })]],
  [
    "TimeDistributed",
    () => [
      layers.timeDistributed({
        layer: layers.conv2d({ filters: 2, kernelSize: 3, activation: "relu" }),
        inputShape: [4, 6, 5, 3],
      }),
      layers.timeDistributed({ layer: layers.globalAveragePooling2d({}) as never }),
      layers.timeDistributed({ layer: layers.dense({ units: 3 }) }),
    ],
  ],
  ["Dropout", () => [layers.dropout({ rate: 0.5, ...picture }), layers.gaussianNoise({ stddev: 1 })]],
];

describe.each(["cpu", "wasm"])("a layer as a graph, on %s", (backend) => {
  beforeAll(async () => void (await setBackend(backend)));

  it.each(CASES)("%s computes what TF.js's layer does", async (_, make) => {
    await compare(await artifactsOf(tf.sequential({ layers: make() })));
  });

  it("Embedding looks up whole numbers", async () => {
    const x = tf.input({ shape: [6], dtype: "int32" });
    const y = layers.embedding({ inputDim: 300, outputDim: 4 }).apply(x) as tf.SymbolicTensor;
    await compare(await artifactsOf(tf.model({ inputs: x, outputs: y })));
  });

  it("Conv1D with causal padding, which TF.js's layer refuses, equals a plain one on a padded sequence", async () => {
    const plain = { filters: 3, kernelSize: 3, dilationRate: 2, activation: "tanh" } as const;
    const padded = await artifactsOf(tf.sequential({ layers: [layers.conv1d({ ...plain, inputShape: [15, 4] })] }));
    const causal = structuredClone(padded);
    const [layer] = (causal.modelTopology as { config: { layers: { config: Record<string, unknown> }[] } }).config
      .layers;
    Object.assign(layer!.config, { padding: "causal", batch_input_shape: [null, 11, 4] });
    const { translation, wire } = translate(causal);
    if (!translation.ok) throw new Error(translation.reason);
    const [input] = translation.graph.inputs;
    const key = input!.tensorName;
    const data = noiseFor([input!], 1)[input!.name]!.data as Float32Array;
    const graphWire = graphToWire(translation.graph, wire.weightData);
    const named = { ...graphWire, inputs: [{ ...graphWire.inputs[0]!, name: key }] };
    const received = await runWire(named, { [key]: { dtype: "float32", shape: [1, 11, 4], data } });
    const zeros = Float32Array.from([...Array.from({ length: 16 }, () => 0), ...data]);
    const plainWire = inspectModel(padded, true).wire;
    const { name } = plainWire.inputs[0]!;
    const expected = await runWire(plainWire, { [name]: { dtype: "float32", shape: [1, 15, 4], data: zeros } });
    const [a, b] = [Object.values(received)[0]!, Object.values(expected)[0]!];
    expect(a.shape).toEqual([1, 11, 3]);
    expect(relativeDifference(a, b)).toBeLessThanOrEqual(1e-5);
  });

  it.each([
    ["one value per channel", [1, 1, 3]],
    ["one value per pixel", [5, 4, 1]],
    ["fewer axes", [3]],
  ])("a merge stretches %s", async (_, shape) => {
    const a = tf.input({ shape: [5, 4, 3] });
    const b = tf.input({ shape });
    const scaled = layers.multiply().apply([a, b]) as tf.SymbolicTensor;
    const y = layers.average().apply([b, scaled]) as tf.SymbolicTensor;
    await compare(await artifactsOf(tf.model({ inputs: [a, b], outputs: [y, scaled] })));
  });

  it.each([
    [[6], [6], { axes: 1 }],
    [[6], [6], { axes: -1, normalize: true }],
    [[5, 6], [4, 6], { axes: 2 }],
    [[5, 6], [4, 6], { axes: [2, 2], normalize: true }],
    [[5, 6], [6, 4], { axes: [2, 1] }],
    [[5, 6], [5, 4], { axes: 1 }],
    [[5, 6], [4, 5], { axes: [1, 2] }],
  ] as [number[], number[], { axes: number | [number, number]; normalize?: boolean }][])(
    "Dot of %j and %j: %j",
    async (left, right, options) => {
      const [a, b] = [tf.input({ shape: left }), tf.input({ shape: right })];
      const y = layers.dot(options).apply([a, b]) as tf.SymbolicTensor;
      await compare(await artifactsOf(tf.model({ inputs: [a, b], outputs: y })));
    },
  );

  it.each(["add", "multiply", "maximum", "minimum", "average", "concatenate"] as const)("%s merges", async (merge) => {
    const a = tf.input({ shape: [5, 4, 3] });
    const b = tf.input({ shape: [5, 4, 3] });
    const c = layers.activation({ activation: "tanh" }).apply(a) as tf.SymbolicTensor;
    const y = layers[merge]({}).apply([a, b, c]) as tf.SymbolicTensor;
    await compare(await artifactsOf(tf.model({ inputs: [a, b], outputs: y })));
  });
});

describe("a model as a graph", () => {
  beforeAll(async () => void (await setBackend("cpu")));

  it("with shared layers, branches, skips and several outputs", async () => {
    const a = tf.input({ shape: [6, 6, 3], name: "left" });
    const b = tf.input({ shape: [6, 6, 3], name: "right" });
    const shared = layers.conv2d({ filters: 4, kernelSize: 3, padding: "same", activation: "relu", name: "shared" });
    const first = shared.apply(a) as tf.SymbolicTensor;
    const second = shared.apply(b) as tf.SymbolicTensor;
    const sum = layers.add().apply([first, second]) as tf.SymbolicTensor;
    const branch = layers.conv2d({ filters: 2, kernelSize: 1 }).apply(sum) as tf.SymbolicTensor;
    const joined = layers.concatenate().apply([sum, branch, first]) as tf.SymbolicTensor;
    const flat = layers.globalAveragePooling2d({}).apply(joined) as tf.SymbolicTensor;
    await compare(await artifactsOf(tf.model({ inputs: [a, b], outputs: [flat, second, first] })));
  });

  it("nested as Teachable Machine nests them, and a nested model used twice", async () => {
    const inner = tf.sequential({
      layers: [
        layers.conv2d({ filters: 4, kernelSize: 3, inputShape: [8, 8, 3], useBias: false }),
        layers.batchNormalization(),
        layers.reLU({ maxValue: 6 }),
        layers.globalAveragePooling2d({}),
      ],
    });
    const head = tf.sequential({
      layers: [
        layers.dense({ units: 5, inputShape: [4], activation: "relu" }),
        layers.dense({ units: 3, activation: "softmax" }),
      ],
    });
    await compare(await artifactsOf(tf.sequential({ layers: [inner, head] })));
    const a = tf.input({ shape: [8, 8, 3] });
    const b = tf.input({ shape: [8, 8, 3] });
    const both = layers.add().apply([inner.apply(a), inner.apply(b)] as tf.SymbolicTensor[]) as tf.SymbolicTensor;
    await compare(await artifactsOf(tf.model({ inputs: [a, b], outputs: both })));
  });
});

const kerasModels = publicModels.filter((name) => !("node" in readPublicModel(name).modelTopology));

describe.skipIf(kerasModels.length === 0)("every public Keras model", () => {
  beforeAll(async () => void (await setBackend("wasm")));

  it.each(kerasModels)("%s", { timeout: 120_000 }, async (name) => {
    await compare(readPublicModel(name), 1);
  });
});
