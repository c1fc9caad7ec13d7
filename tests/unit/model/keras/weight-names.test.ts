// Names of weights in files of Keras 3. Oracle: the paths that Keras 3.15 gives to the weights of these layers.
import { expect, it } from "vitest";
import type { StoredWeight } from "../../../../src/protocol/weight-recipe.js";
import { nameWeights } from "../../../../src/model/keras/weight-names.js";
import { called, inputLayer, kerasThree } from "../../../fixtures/keras-3.js";

const layer = (className: string, config: object): object => ({ class_name: className, config });
const lstm = (name: string): object => layer("LSTM", { name, units: 3 });

/** @returns the new names, in the order of the files' names. */
function namesOf(layers: readonly object[], files: readonly string[]): string[] {
  const artifacts = kerasThree([inputLayer("x", [4]), ...layers], ["x", 0, 0], ["x", 0, 0]);
  const weights = files.map((name, index): [string, StoredWeight] => [
    name,
    { kind: "stored", shape: [1], dtype: "float32", quantization: undefined, byteOffset: 4 * index, byteLength: 4 },
  ]);
  const named = nameWeights(artifacts, new Map(weights));
  const byOffset = new Map([...named].map(([name, { byteOffset }]) => [byteOffset, name]));
  return files.map((_, index) => byOffset.get(4 * index)!);
}

it.each<[string, readonly object[], Readonly<Record<string, string>>]>([
  [
    "counts layers of one class, whatever they are called",
    [called("Dense", "dense_1", {}, []), called("ReLU", "r", {}, []), called("Dense", "dense", {}, [])],
    {
      "layers/dense/vars/0": "dense_1/kernel",
      "layers/dense/vars/1": "dense_1/bias",
      "layers/dense_1/vars/0": "dense/kernel",
    },
  ],
  [
    "leaves out operations, which have no place in the file",
    [{ class_name: "keras.ops.Add", config: {} }, called("PReLU", "prelu", {}, [])],
    { "layers/p_re_lu/vars/0": "prelu/alpha" },
  ],
  [
    "knows which parts a normalisation has",
    [called("BatchNormalization", "bn", { scale: false, center: true }, [])],
    {
      "layers/batch_normalization/vars/0": "bn/beta",
      "layers/batch_normalization/vars/1": "bn/moving_mean",
      "layers/batch_normalization/vars/2": "bn/moving_variance",
    },
  ],
  [
    "opens models, wrappers and attention",
    [
      called("Sequential", "seq", { layers: [layer("Conv2DTranspose", { name: "up" })] }, []),
      called("TimeDistributed", "td", { layer: layer("Dense", { name: "each" }) }, []),
      called("MultiHeadAttention", "mha", {}, []),
      called("GroupQueryAttention", "gqa", {}, []),
    ],
    {
      "layers/sequential/layers/conv2d_transpose/vars/1": "seq/up/bias",
      "layers/time_distributed/layer/vars/0": "td/each/kernel",
      "layers/multi_head_attention/query_dense/vars/0": "mha/query/kernel",
      "layers/multi_head_attention/output_dense/vars/1": "mha/attention_output/bias",
      "layers/grouped_query_attention/_key_dense/vars/0": "gqa/key/kernel",
    },
  ],
  [
    "opens recurrent layers, with their cells and directions",
    [
      called("GRU", "gru", { units: 2 }, []),
      called("Bidirectional", "both", { layer: lstm("lstm"), backward_layer: lstm("other") }, []),
      called("Bidirectional", "mirror", { layer: lstm("lstm") }, []),
      called(
        "RNN",
        "rnn",
        {
          cell: layer("StackedRNNCells", {
            name: "stack",
            cells: [layer("LSTMCell", { name: "a" }), layer("LSTMCell", { name: "b" })],
          }),
        },
        [],
      ),
    ],
    {
      "layers/gru/cell/vars/1": "gru/gru_cell/recurrent_kernel",
      "layers/bidirectional/forward_layer/cell/vars/0": "both/forward_lstm/lstm_cell/kernel",
      "layers/bidirectional/backward_layer/cell/vars/2": "both/other/lstm_cell/bias",
      "layers/bidirectional_1/backward_layer/cell/vars/0": "mirror/backward_lstm/lstm_cell/kernel",
      "layers/rnn/cell/cells/lstm_cell_1/vars/0": "rnn/stack/b/kernel",
    },
  ],
])("%s", (_, layers, expected) => {
  expect(namesOf(layers, Object.keys(expected))).toEqual(Object.values(expected));
});

it("leaves other names as they are", () => {
  const names = ["dense/kernel", "layers/unknown_layer/vars/0"];
  expect(namesOf([called("Dense", "dense", {}, [])], names)).toEqual(names);
});
