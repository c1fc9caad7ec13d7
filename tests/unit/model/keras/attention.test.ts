// TF.js's layers library has neither of these layers. The oracle is their formula in TF.js's own operations, on its CPU backend.
import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { seededRandom } from "../../../../src/core/random.js";
import type { ModelArtifacts, WeightSpec } from "../../../../src/model/artifacts.js";
import { inspectModel } from "../../../../src/model/inspect-model.js";
import type { Tensor } from "../../../../src/protocol/tensors.js";
import { relativeDifference } from "../../../fixtures/close.js";
import { noiseFor, runWire } from "../../../fixtures/run-wires.js";
import { useWasm } from "../../../fixtures/wasm-in-node.js";

beforeAll(useWasm);

interface Layer {
  readonly className: string;
  readonly name: string;
  readonly config: object;
  readonly inbound: unknown;
}

/** A functional Keras model, as tf.keras writes it, with seeded weights. */
class KerasModel {
  readonly #layers: object[] = [];
  readonly weights = new Map<string, { shape: number[]; values: Float32Array }>();
  readonly #random = seededRandom(5);

  add({ className, name, config, inbound }: Layer): void {
    this.#layers.push({ class_name: className, name, config: { name, ...config }, inbound_nodes: inbound });
  }

  weigh(name: string, shape: number[]): tf.Tensor {
    const length = shape.reduce((product, size) => product * size, 1);
    const values = Float32Array.from({ length }, () => 2 * this.#random() - 1);
    this.weights.set(name, { shape, values });
    return tf.tensor(values, shape);
  }

  artifacts(inputs: string[], output: string): ModelArtifacts {
    const reference = (name: string) => [name, 0, 0];
    const config = {
      name: "model",
      layers: this.#layers,
      input_layers: inputs.map(reference),
      output_layers: [reference(output)],
    };
    const all = [...this.weights];
    return {
      format: "layers-model",
      modelTopology: { keras_version: "2.11.0", model_config: { class_name: "Functional", config } },
      weightSpecs: all.map(([name, { shape }]): WeightSpec => ({ name, shape, dtype: "float32" })),
      weightData: Float32Array.from(all.flatMap(([, { values }]) => [...values])).buffer,
    };
  }
}

const inputLayer = (name: string, shape: (number | null)[]): Layer => ({
  className: "InputLayer",
  name,
  config: { batch_input_shape: [null, ...shape], dtype: "float32" },
  inbound: [],
});

/** Compare the optimised model with the formula. */
async function check(artifacts: ModelArtifacts, formula: (inputs: Record<string, tf.Tensor>) => tf.Tensor) {
  await tf.setBackend("cpu");
  const { info, wire } = inspectModel(artifacts, false, true);
  expect(info.optimization.notDone).toEqual([]);
  const inputs = noiseFor(info.inputs, 2);
  const tensors = Object.entries(inputs).map(([name, { data, shape }]) => [
    name,
    tf.tensor(data as Float32Array, shape),
  ]);
  const result = formula(Object.fromEntries(tensors) as Record<string, tf.Tensor>);
  const data = (await result.data()) as Float32Array;
  const expected: Tensor = { dtype: "float32", shape: result.shape, data };
  expect(data.some((value) => Math.abs(value) > 0.01)).toBe(true);
  for (const backend of ["cpu", "wasm"]) {
    await tf.setBackend(backend);
    const outputs = await runWire(wire, inputs);
    expect(relativeDifference(Object.values(outputs)[0]!, expected), backend).toBeLessThanOrEqual(1e-5);
  }
}

describe("MultiHeadAttention", () => {
  it.each([
    { what: "itself", isCross: false, length: 8, options: {} },
    { what: "itself, of any length", isCross: false, length: null, options: {} },
    {
      what: "another sequence, with keys of its own",
      isCross: true,
      length: 8,
      options: { value_dim: 6, output_shape: [7] },
    },
  ])("attends to $what", async ({ isCross, length, options }) => {
    const model = new KerasModel();
    const [features, heads, keySize] = [5, 3, 4];
    const valueSize = isCross ? 6 : keySize;
    model.add(inputLayer("x", [length, features]));
    if (isCross) model.add(inputLayer("y", [9, 2]));
    if (isCross) model.add(inputLayer("z", [9, 3]));
    const passed = isCross ? { value: ["y", 0, 0], key: ["z", 0, 0], training: null } : { value: ["x", 0, 0] };
    const config = {
      num_heads: heads,
      key_dim: keySize,
      use_bias: true,
      attention_axes: null,
      output_shape: null,
      ...options,
    };
    model.add({ className: "MultiHeadAttention", name: "attention", config, inbound: [[["x", 0, 0, passed]]] });
    const dense = (part: string, from: number[], to: number[]) => ({
      kernel: model.weigh(`attention/${part}/kernel`, [...from, ...to]),
      bias: model.weigh(`attention/${part}/bias`, to),
    });
    const query = dense("query", [features], [heads, keySize]);
    const key = dense("key", [isCross ? 3 : features], [heads, keySize]);
    const value = dense("value", [isCross ? 2 : features], [heads, valueSize]);
    const output = dense("attention_output", [heads, valueSize], [isCross ? 7 : features]);
    await check(model.artifacts(isCross ? ["x", "y", "z"] : ["x"], "attention"), ({ x, y = x, z = x }) => {
      const project = (input: tf.Tensor, { kernel, bias }: typeof query) =>
        tf.add(tf.einsum("btd,dhk->bthk", input, kernel), bias);
      const scaled = tf.mul(project(x!, query), 1 / Math.sqrt(keySize));
      const scores = tf.einsum("bthk,bshk->bhts", scaled, project(z!, key));
      const mixed = tf.einsum("bhts,bshk->bthk", tf.softmax(scores), project(y!, value));
      return tf.add(tf.einsum("bthk,hkd->btd", mixed, output.kernel), output.bias);
    });
  });

  it("called with an argument that it doesn't take is refused by name", () => {
    const model = new KerasModel();
    model.add(inputLayer("x", [8, 5]));
    const inbound = [[["x", 0, 0, { value: ["x", 0, 0], attention_bias: ["x", 0, 0] }]]];
    model.add({ className: "MultiHeadAttention", name: "attention", config: { num_heads: 1, key_dim: 2 }, inbound });
    const inspect = (): unknown => inspectModel(model.artifacts(["x"], "attention"), false, true);
    expect(inspect).toThrow('layer "attention" called with the option attention_bias');
  });
});

describe("EinsumDense", () => {
  it.each([
    { equation: "abc,cde->abde", kernelShape: [4, 3, 2], biasAxes: "de", biasShape: [3, 2] },
    { equation: "abc,bd->adc", kernelShape: [11, 5], biasAxes: null, biasShape: [] },
  ])("$equation", async ({ equation, kernelShape, biasAxes, biasShape }) => {
    const model = new KerasModel();
    model.add(inputLayer("x", [11, 4]));
    const config = { equation, output_shape: null, bias_axes: biasAxes, activation: "tanh" };
    model.add({ className: "EinsumDense", name: "dense", config, inbound: [[["x", 0, 0, {}]]] });
    const kernel = model.weigh("dense/kernel", kernelShape);
    const bias = biasAxes === null ? tf.scalar(0) : model.weigh("dense/bias", biasShape);
    await check(model.artifacts(["x"], "dense"), ({ x }) => tf.tanh(tf.add(tf.einsum(equation, x!, kernel), bias)));
  });
});
