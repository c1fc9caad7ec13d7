// Oracle: TF.js's own results for the original model, on its WASM and CPU backends.
import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops";
import { setBackend } from "@tensorflow/tfjs-core";
import * as tf from "@tensorflow/tfjs-layers";
import { beforeAll, describe, expect, it } from "vitest";
import { artifactsOf } from "../../../fixtures/keras-artifacts.js";
import { publicModels, readPublicModel } from "../../../fixtures/public-models.js";
import { useWasm } from "../../../fixtures/wasm-in-node.js";
import { compareOptimised } from "./compare-optimised.js";

beforeAll(useWasm);

const { layers } = tf;
const block = (activation: tf.layers.Layer | undefined, ...first: tf.layers.Layer[]): tf.layers.Layer[] => [
  ...first,
  layers.batchNormalization(),
  ...(activation === undefined ? [] : [activation]),
];
const picture = { inputShape: [9, 8, 3], useBias: false };
const activations: [string, () => tf.layers.Layer | undefined][] = [
  ["none", () => undefined],
  ["ReLU", () => layers.reLU()],
  ["ReLU6", () => layers.reLU({ maxValue: 6 })],
  ["ELU", () => layers.elu()],
  ["LeakyReLU", () => layers.leakyReLU({ alpha: 0.1 })],
  ["PReLU", () => layers.prelu({ sharedAxes: [1, 2] })],
  ["PReLU per pixel", () => layers.prelu()],
  ["sigmoid", () => layers.activation({ activation: "sigmoid" })],
  ["tanh", () => layers.activation({ activation: "tanh" })],
];

describe.each(["wasm", "cpu"])("on %s", (backend) => {
  beforeAll(async () => void (await setBackend(backend)));

  describe.each(activations)("followed by batch normalisation and %s", (_, activation) => {
    it.each([
      ["Conv2D", () => layers.conv2d({ filters: 5, kernelSize: 3, padding: "same", ...picture })],
      ["Conv2D with bias", () => layers.conv2d({ filters: 5, kernelSize: [3, 2], strides: 2, inputShape: [9, 8, 3] })],
      [
        "DepthwiseConv2D",
        () => layers.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2, padding: "same", ...picture }),
      ],
      ["SeparableConv2D", () => layers.separableConv2d({ filters: 4, kernelSize: 3, padding: "same", ...picture })],
    ] as [string, () => tf.layers.Layer][])("%s computes the same in one operation", async (__, first) => {
      const artifacts = await artifactsOf(tf.sequential({ layers: block(activation(), first()) }));
      const { difference, report, graph } = await compareOptimised(artifacts, 2);
      expect(difference).toBeLessThanOrEqual(1e-5);
      expect(report.done["batch-normalizations-folded"]).toBe(1);
      expect(graph.nodes.some(({ op }) => op.startsWith("FusedBatchNorm"))).toBe(false);
    });
  });

  it("Dense with bias and activation", async () => {
    for (const activation of ["relu", "sigmoid", "elu", "tanh", "softmax"] as const) {
      const artifacts = await artifactsOf(
        tf.sequential({
          layers: [layers.dense({ units: 5, inputShape: [7], activation }), layers.dense({ units: 2 })],
        }),
      );
      expect((await compareOptimised(artifacts, 3)).difference).toBeLessThanOrEqual(1e-5);
    }
  });

  it("doesn't change nodes that have several readers or are outputs", async () => {
    const x = tf.input({ shape: [8, 8, 3] });
    const first = layers.conv2d({ filters: 4, kernelSize: 3, padding: "same" }).apply(x) as tf.SymbolicTensor;
    const normalised = layers.batchNormalization().apply(first) as tf.SymbolicTensor;
    const sum = layers.add().apply([first, normalised]) as tf.SymbolicTensor;
    const relu = layers.reLU().apply(sum) as tf.SymbolicTensor;
    const model = tf.model({ inputs: x, outputs: [relu, normalised, first] });
    const { difference, report } = await compareOptimised(await artifactsOf(model), 2);
    expect(difference).toBeLessThanOrEqual(1e-5);
    expect(report.done["batch-normalizations-folded"]).toBe(0);
    expect(report.notDone.map(({ reason }) => reason)).toEqual([
      expect.stringMatching(/^the result of .*Conv2D.* is also read elsewhere$/),
      expect.stringMatching(/^it follows AddV2 .*only be fused into convolutions and dense layers/),
    ]);
  });

  it("a shared layer's weights are folded once for each of its uses", async () => {
    const a = tf.input({ shape: [8, 8, 3] });
    const b = tf.input({ shape: [8, 8, 3] });
    const shared = layers.conv2d({ filters: 4, kernelSize: 3, useBias: false });
    const branch = (input: tf.SymbolicTensor) =>
      layers.batchNormalization().apply(shared.apply(input) as tf.SymbolicTensor) as tf.SymbolicTensor;
    const sum = layers.add().apply([branch(a), branch(b)]) as tf.SymbolicTensor;
    const { difference, report } = await compareOptimised(
      await artifactsOf(tf.model({ inputs: [a, b], outputs: sum })),
      2,
    );
    expect(difference).toBeLessThanOrEqual(1e-5);
    expect(report.done["batch-normalizations-folded"]).toBe(2);
  });
});

describe.skipIf(publicModels.length === 0)("every public model", () => {
  beforeAll(async () => void (await setBackend("wasm")));

  it.each(publicModels)("%s, optimised, computes what TF.js computes", { timeout: 120_000 }, async (name) => {
    const { difference } = await compareOptimised(readPublicModel(name), 1);
    expect(difference).toBeLessThanOrEqual(1e-4);
  });
});
