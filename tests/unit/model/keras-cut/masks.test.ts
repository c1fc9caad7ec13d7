// Oracle: which of TF.js's own layers pass a mask on.
import "@tensorflow/tfjs-backend-cpu";
import { layers } from "@tensorflow/tfjs-layers";
import { describe, expect, it } from "vitest";
import { givesMask, makesMask } from "../../../../src/model/keras-cut/masks.js";

const masked = { key: "words:0", shape: [null, 4, 3], dtype: "float32", isMasked: true } as const;
const plain = { ...masked, isMasked: false };

const sequence = { units: 2, returnSequences: true };
const LAYERS = [
  ...[layers.dense({ units: 2 }), layers.activation({ activation: "tanh" }), layers.dropout({ rate: 0.1 })],
  ...[
    layers.spatialDropout1d({ rate: 0.1 }),
    layers.flatten(),
    layers.reshape({ targetShape: [6] }),
    layers.permute({ dims: [2, 1] }),
  ],
  ...[
    layers.repeatVector({ n: 2 }),
    layers.reLU(),
    layers.leakyReLU(),
    layers.prelu(),
    layers.elu(),
    layers.thresholdedReLU(),
  ],
  ...[
    layers.softmax({}),
    layers.batchNormalization(),
    layers.layerNormalization(),
    layers.gaussianNoise({ stddev: 1 }),
  ],
  ...[
    layers.gaussianDropout({ rate: 0.1 }),
    layers.alphaDropout({ rate: 0.1 }),
    layers.add(),
    layers.multiply(),
    layers.average(),
  ],
  ...[layers.maximum(), layers.minimum(), layers.concatenate(), layers.conv1d({ filters: 2, kernelSize: 2 })],
  ...[
    layers.maxPooling1d({}),
    layers.averagePooling1d({}),
    layers.globalMaxPooling1d({}),
    layers.globalAveragePooling1d({}),
  ],
  ...[
    layers.conv2d({ filters: 2, kernelSize: 2 }),
    layers.zeroPadding2d({}),
    layers.upSampling2d({}),
    layers.rescaling({ scale: 2 }),
  ],
  ...[layers.lstm(sequence), layers.gru(sequence), layers.simpleRNN(sequence)],
  layers.timeDistributed({ layer: layers.dense({ units: 2 }) }),
];

describe("a mask", () => {
  it.each(LAYERS.map((layer): [string, (typeof LAYERS)[number]] => [layer.getClassName(), layer]))(
    "follows %s exactly if TF.js's layer supports masking",
    (className, layer) => {
      const config = { return_sequences: true };
      expect(givesMask(className, config, [masked, plain])).toBe(layer.supportsMasking);
      expect(givesMask(className, config, [plain])).toBe(false);
    },
  );

  it("ends where a sequence does, and where vectors are multiplied", () => {
    expect(givesMask("LSTM", { return_sequences: false }, [masked])).toBe(false);
    const layer = { class_name: "LSTM", config: { return_sequences: false } };
    expect(givesMask("Bidirectional", { layer }, [masked])).toBe(false);
    expect(givesMask("Bidirectional", { layer: { ...layer, config: { return_sequences: true } } }, [masked])).toBe(
      true,
    );
    // `supportsMasking` is set, but the mask that it computes is null.
    expect(givesMask("Dot", {}, [masked])).toBe(layers.dot({ axes: 1 }).computeMask([], []) !== null);
  });

  it("starts in a Masking layer or an Embedding that masks zeros, however deeply nested", () => {
    expect(makesMask("Masking", {})).toBe(true);
    expect(makesMask("Embedding", { mask_zero: true })).toBe(true);
    expect(makesMask("Embedding", { mask_zero: false })).toBe(false);
    const layersOf = (config: object) => ({
      layers: [{ class_name: "Sequential", config: [{ class_name: "Embedding", config }] }],
    });
    expect(makesMask("Model", layersOf({ mask_zero: true }))).toBe(true);
    expect(makesMask("Model", layersOf({}))).toBe(false);
  });
});
