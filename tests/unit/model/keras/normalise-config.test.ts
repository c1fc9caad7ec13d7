// Configs as Keras 3 and TF.js in its own style write them. The oracle is what they mean, computed by hand, or the same model in the
// form of Keras 2.
import "@tensorflow/tfjs-backend-cpu";
import { setBackend } from "@tensorflow/tfjs-core";
import * as tf from "@tensorflow/tfjs-layers";
import { beforeAll, describe, expect, it } from "vitest";
import type { ModelArtifacts } from "../../../../src/model/artifacts.js";
import { inspectModel } from "../../../../src/model/inspect-model.js";
import { normaliseConfig } from "../../../../src/model/keras/normalise/normalise-config.js";
import { called, inputLayer, kerasThree, operation, tensorOf } from "../../../fixtures/keras-3.js";
import { artifactsOf } from "../../../fixtures/keras-artifacts.js";
import { noiseFor, runWire } from "../../../fixtures/run-wires.js";

beforeAll(async () => void (await setBackend("cpu")));

const X = Float32Array.of(1, -2, 3, 4, 5, -6);
const x = { dtype: "float32", shape: [2, 3], data: X } as const;

async function run(artifacts: ModelArtifacts, optimize: boolean) {
  const { wire, info } = inspectModel(artifacts, false, optimize);
  return { received: await runWire(wire, { [info.inputs[0]!.name]: x }), info };
}

describe.each([true, false])("a config of Keras 3, optimised: %s", (optimize) => {
  it("tells a layer from an operation of the same name, and takes constants and nested tensors", async () => {
    const layers = [
      inputLayer("x", [3]),
      operation("Multiply", "multiply", {}, [tensorOf("x"), 2]),
      called("Add", "add", {}, [[tensorOf("x"), tensorOf("multiply")]]),
      operation("Add", "add_1", {}, [1, tensorOf("add")]),
    ];
    const { received } = await run(kerasThree(layers, ["x", 0, 0], ["add_1", 0, 0]), optimize);
    expect([...received["add_1"]!.data]).toEqual([...X].map((value) => 3 * value + 1));
  });

  it("names outputs in a dict by their keys, in the order of the keys", async () => {
    const layers = [
      inputLayer("x", [3]),
      operation("Negative", "negative", {}, [tensorOf("x")]),
      operation("Sum", "sum", { axis: 1, keepdims: true }, [tensorOf("x")]),
    ];
    const outputs = { total: ["sum", 0, 0], flipped: ["negative", 0, 0] };
    const { received, info } = await run(kerasThree(layers, { x: ["x", 0, 0] }, outputs), optimize);
    expect(info.outputs.map(({ name }) => name)).toEqual(["flipped", "total"]);
    expect([...received["total"]!.data]).toEqual([2, 3]);
    expect([...received["flipped"]!.data]).toEqual([...X].map((value) => -value));
  });

  it("takes the second output of an operation, and arguments by name", async () => {
    const layers = [
      inputLayer("x", [3]),
      operation("TopK", "top", { k: 2, sorted: true }, [tensorOf("x")]),
      called("Concatenate", "both", { axis: -1 }, [], { inputs: [tensorOf("top"), tensorOf("x")] }),
    ];
    const outputs = [
      ["top", 0, 1],
      ["both", 0, 0],
    ];
    const { received } = await run(kerasThree(layers, ["x", 0, 0], outputs), optimize);
    expect([...received["top:1"]!.data]).toEqual([2, 0, 1, 0]);
    expect([...received["both"]!.data]).toEqual([3, 1, 1, -2, 3, 5, 4, 4, 5, -6]);
  });

  it("uses Keras 3's hard sigmoid and slope", async () => {
    const layers = [
      inputLayer("x", [3]),
      called("LeakyReLU", "leaky", { negative_slope: 0.5 }, [tensorOf("x")]),
      called("Activation", "hard", { activation: "hard_sigmoid" }, [tensorOf("leaky")]),
    ];
    const { received } = await run(kerasThree(layers, ["x", 0, 0], ["hard", 0, 0]), optimize);
    [4 / 6, 2 / 6, 1, 1, 1, 0].forEach((value, index) => expect(received["hard"]!.data[index]).toBeCloseTo(value, 6));
  });

  it("finds a model within the model by the number that Keras 3 gives to its first call", async () => {
    const inner = {
      class_name: "Sequential",
      name: "inner",
      config: {
        name: "inner",
        layers: [
          { class_name: "InputLayer", config: { name: "y", batch_shape: [null, 3], dtype: "float32" } },
          {
            class_name: "Dense",
            config: { name: "dense", trainable: true, units: 1, activation: "linear", use_bias: false },
          },
        ],
      },
      inbound_nodes: [{ args: [tensorOf("x")], kwargs: { training: false } }],
    };
    const layers = [
      inputLayer("x", [3]),
      inner,
      called("Dense", "dense", { units: 1, activation: "linear", use_bias: false }, [tensorOf("inner")]),
    ];
    // Both layers are called "dense".
    const weights = {
      "layers/sequential/layers/dense/vars/0": { shape: [3, 1], values: [1, 10, 100] },
      "layers/dense/vars/0": { shape: [1, 1], values: [2] },
    };
    const { received } = await run(kerasThree(layers, ["x", 0, 0], ["dense", 0, 0], weights), optimize);
    expect([...received["dense"]!.data]).toEqual([2 * (1 - 20 + 300), 2 * (4 + 50 - 600)]);
  });
});

it("computes with float32 where Keras computes with half the bits", () => {
  const policy = { class_name: "DTypePolicy", config: { name: "mixed_float16" } };
  const layers = [inputLayer("x", [3]), called("ReLU", "relu", { dtype: policy }, [tensorOf("x")])];
  const { modelTopology } = normaliseConfig(kerasThree(layers, ["x", 0, 0], ["relu", 0, 0]));
  expect(JSON.stringify(modelTopology)).toContain('"dtype":"float32"');
  expect(JSON.stringify(modelTopology)).not.toContain("float16");
});

it("refuses weights that Keras has quantised", () => {
  const policy = { class_name: "QuantizedDTypePolicy", config: { name: "int8_from_float32" } };
  const layers = [inputLayer("x", [3]), called("Dense", "dense", { units: 2, dtype: policy }, [tensorOf("x")])];
  const artifacts = kerasThree(layers, ["x", 0, 0], ["dense", 0, 0]);
  expect(() => inspectModel(artifacts, false, true)).toThrow('layer "dense" of dtype "int8_from_float32"');
});

function toCamelCase(value: unknown, key = ""): unknown {
  const camel = (text: string): string => text.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
  if (Array.isArray(value)) return value.map((each) => toCamelCase(each));
  if (typeof value === "string") return /^(name|class_name)$/.test(key) ? value : camel(value);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([each, inner]) => [camel(each), toCamelCase(inner, each)]));
}

it("reads a camel-case config as the same model", async () => {
  const { layers } = tf;
  const input = { inputShape: [8, 8, 3], dataFormat: "channelsLast" as const };
  const model = tf.sequential({
    layers: [
      layers.conv2d({ filters: 4, kernelSize: 3, activation: "hardSigmoid", ...input }),
      layers.averagePooling2d({ poolSize: [2, 2] }),
      layers.flatten(),
      layers.dense({ units: 2, useBias: false }),
    ],
  });
  const artifacts = await artifactsOf(model);
  const camel = { ...artifacts, modelTopology: toCamelCase(artifacts.modelTopology) as object };
  for (const optimize of [true, false]) {
    const [plain, other] = [artifacts, camel].map((each) => inspectModel(each, false, optimize)) as [
      ReturnType<typeof inspectModel>,
      ReturnType<typeof inspectModel>,
    ];
    expect(other.staged?.layers.length).toBe(plain.staged?.layers.length);
    const inputs = noiseFor(plain.info.inputs, 2);
    expect(await runWire(other.wire, inputs)).toEqual(await runWire(plain.wire, inputs));
  }
});
