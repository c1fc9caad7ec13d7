// Models that take pictures and sequences of any size. Oracle: TF.js's own layers on the same backend.
import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops";
import { setBackend } from "@tensorflow/tfjs-core";
import * as tf from "@tensorflow/tfjs-layers";
import { beforeAll, describe, expect, it } from "vitest";
import { artifactsOf } from "../../../fixtures/keras-artifacts.js";
import { useWasm } from "../../../fixtures/wasm-in-node.js";
import { compareOptimised } from "../optimise/compare-optimised.js";

beforeAll(useWasm);

const { layers } = tf;

/** An encoder and a decoder with a skip connection, as in segmentation networks. */
function unet(): tf.LayersModel {
  const x = tf.input({ shape: [null, null, 3] });
  const apply = (layer: tf.layers.Layer, input: tf.SymbolicTensor | tf.SymbolicTensor[]) =>
    layer.apply(input) as tf.SymbolicTensor;
  const fine = apply(layers.conv2d({ filters: 4, kernelSize: 3, padding: "same", activation: "relu" }), x);
  const coarse = apply(layers.batchNormalization(), apply(layers.maxPooling2d({ poolSize: 2 }), fine));
  const raised = apply(layers.conv2dTranspose({ filters: 3, kernelSize: 3, strides: 2, padding: "same" }), coarse);
  const stretched = apply(layers.upSampling2d({ size: [2, 2], interpolation: "bilinear" }), coarse);
  const joined = apply(layers.concatenate(), [fine, raised, stretched]);
  return tf.model({ inputs: x, outputs: apply(layers.dense({ units: 2, activation: "softmax" }), joined) });
}

const models: [string, () => tf.LayersModel][] = [
  ["a U-Net", unet],
  [
    "a transposed convolution without padding, then padded",
    () =>
      tf.sequential({
        layers: [
          layers.conv2dTranspose({ filters: 2, kernelSize: [3, 4], strides: 2, inputShape: [null, null, 3] }),
          layers.zeroPadding2d(),
        ],
      }),
  ],
  [
    "a sequence of any length",
    () =>
      tf.sequential({
        layers: [
          layers.dense({ units: 5, activation: "relu", inputShape: [null, 4] }),
          layers.layerNormalization(),
          layers.conv1d({ filters: 3, kernelSize: 3, activation: "elu" }),
          layers.dense({ units: 5, useBias: false }),
          layers.globalAveragePooling1d({}),
          layers.dense({ units: 2, activation: "sigmoid" }),
        ],
      }),
  ],
];

describe.each(["wasm", "cpu"])("on %s", (backend) => {
  beforeAll(async () => void (await setBackend(backend)));

  it.each(models)("%s", async (_, make) => {
    const artifacts = await artifactsOf(make());
    for (const size of [8, 14]) {
      expect((await compareOptimised(artifacts, 2, size)).difference).toBeLessThanOrEqual(1e-5);
    }
  });
});
