// Oracle: which of Keras' layers pass a mask on, and how they merge masks, as Keras 2.19 and Keras 3.15 do (`compute_mask`).
import { describe, expect, it } from "vitest";
import type { GraphNode } from "../../../../src/model/graph/graph.js";
import { asJsonObject } from "../../../../src/model/artifacts.js";
import { inspectModel } from "../../../../src/model/inspect-model.js";

type Keras = 2 | 3;
interface Layer {
  readonly class_name: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly from: readonly string[];
}

const layer = (class_name: string, from: readonly string[], config: Readonly<Record<string, unknown>> = {}): Layer => ({
  class_name,
  config,
  from,
});

/** The nodes of a model whose layers are named by their keys; the last one is an LSTM that is its output. */
function nodesOf(keras: Keras, layers: Readonly<Record<string, Layer>>, features: number): readonly GraphNode[] {
  const inputs = ["x", "y"];
  const entries = Object.entries({ ...layers, memory: layer("LSTM", [Object.keys(layers).at(-1)!], { units: 1 }) });
  const config = {
    name: "model",
    layers: [
      ...inputs.map((name) => ({
        class_name: "InputLayer",
        name,
        config: { name, dtype: "float32", batch_input_shape: [null, 4, 2] },
        inbound_nodes: [],
      })),
      ...entries.map(([name, { class_name, config: options, from }]) => ({
        class_name,
        name,
        config: { name, trainable: true, ...options },
        inbound_nodes: [from.map((source) => [source, 0, 0, {}])],
      })),
    ],
    input_layers: inputs.map((name) => [name, 0, 0]),
    output_layers: [["memory", 0, 0]],
  };
  const weightSpecs = [
    { name: "memory/kernel", shape: [features, 4], dtype: "float32" as const },
    { name: "memory/recurrent_kernel", shape: [1, 4], dtype: "float32" as const },
    { name: "memory/bias", shape: [4], dtype: "float32" as const },
  ];
  const modelTopology = {
    keras_version: keras === 3 ? "3.15.1" : "2.19.0",
    model_config: { class_name: "Functional", config },
  };
  const weightData = new ArrayBuffer(4 * (4 * features + 8));
  const { wire } = inspectModel({ format: "layers-model", modelTopology, weightSpecs, weightData }, false, true);
  return asJsonObject((wire as { artifacts?: { modelTopology?: object } }).artifacts?.modelTopology)
    .node as GraphNode[];
}

function isMasked(nodes: readonly GraphNode[]): boolean {
  return asJsonObject(nodes.find(({ op }) => op === "_SharderLstm")!.attr.has_mask).b === true;
}

describe("a mask", () => {
  it.each<[className: string, config: object, keras2: boolean, keras3: boolean]>([
    ["Activation", { activation: "relu" }, true, true],
    ["Dropout", { rate: 0.5 }, true, true],
    ["SpatialDropout1D", { rate: 0.5 }, true, true],
    ["GaussianNoise", { stddev: 1 }, true, true],
    ["ReLU", {}, true, true],
    ["LeakyReLU", {}, true, true],
    ["Rescaling", { scale: 2 }, false, true],
    ["MaxPooling1D", { pool_size: 2 }, false, false],
    ["Reshape", { target_shape: [4, 2] }, false, false],
    ["ZeroPadding1D", { padding: 1 }, false, false],
    ["UpSampling1D", { size: 2 }, false, false],
    ["Masking", { mask_value: 1 }, true, true],
  ])("passes %s if Keras lets it", (className, config, keras2, keras3) => {
    const chain = { masking: layer("Masking", ["x"]), next: layer(className, ["masking"], { ...config }) };
    expect([isMasked(nodesOf(2, chain, 2)), isMasked(nodesOf(3, chain, 2))]).toEqual([keras2, keras3]);
  });

  it.each<[keras: Keras, op: string, isKept: boolean]>([
    [2, "LogicalAnd", true],
    [3, "LogicalOr", false],
  ])("is merged with another one as in Keras %s", (keras, op, isKept) => {
    const one = { a: layer("Masking", ["x"]) };
    const both = { ...one, b: layer("Masking", ["y"]) };
    const sum = nodesOf(keras, { ...both, sum: layer("Add", ["a", "b"]) }, 2);
    expect(sum.filter((node) => node.op === op)).toHaveLength(1);
    const side = nodesOf(keras, { ...both, side: layer("Concatenate", ["a", "b"]) }, 4);
    expect(side.filter((node) => node.op === op)).toHaveLength(1);
    expect(isMasked(nodesOf(keras, { ...one, sum: layer("Add", ["a", "y"]) }, 2))).toBe(isKept);
  });
});
