// Oracle: the formulas of keras.activations, written out for numbers.
import "@tensorflow/tfjs-backend-cpu";
import { setBackend } from "@tensorflow/tfjs-core";
import { beforeAll, expect, it } from "vitest";
import { inspectModel } from "../../../../src/model/inspect-model.js";
import type { Tensor } from "../../../../src/protocol/tensors.js";
import { relativeDifference } from "../../../fixtures/close.js";
import { called, inputLayer, kerasThree, tensorOf } from "../../../fixtures/keras-3.js";
import { runWire } from "../../../fixtures/run-wires.js";

beforeAll(async () => void (await setBackend("cpu")));

const X = [-4, -1.5, -0.4, -0, 0.3, 0.9, 2, 7];
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const clip = (x: number, least: number, most: number): number => Math.min(Math.max(x, least), most);
const hardSigmoid = (x: number): number => clip(x + 3, 0, 6) / 6;
const softplus = (x: number): number => Math.log1p(Math.exp(x));
const asLayer = (className: string, config: object): object => ({
  class_name: className,
  config: { name: "a", ...config },
});

/** Of the normal distribution, by its series. */
function gelu(x: number): number {
  const z = x / Math.SQRT2;
  let [sum, term] = [z, z];
  for (let n = 1; n < 120; n++) {
    term *= (-z * z) / n;
    sum += term / (2 * n + 1);
  }
  return 0.5 * x * (1 + (2 / Math.sqrt(Math.PI)) * sum);
}

it.each<[unknown, (x: number) => number]>([
  ["relu6", (x) => clip(x, 0, 6)],
  ["leaky_relu", (x) => (x > 0 ? x : 0.2 * x)],
  ["elu", (x) => (x > 0 ? x : Math.expm1(x))],
  ["celu", (x) => (x > 0 ? x : Math.expm1(x))],
  ["exponential", Math.exp],
  ["gelu", gelu],
  ["silu", (x) => x * sigmoid(x)],
  ["swish", (x) => x * sigmoid(x)],
  ["mish", (x) => x * Math.tanh(softplus(x))],
  ["hard_sigmoid", hardSigmoid],
  ["hard_silu", (x) => x * hardSigmoid(x)],
  ["hard_swish", (x) => x * hardSigmoid(x)],
  ["hard_tanh", (x) => clip(x, -1, 1)],
  ["hard_shrink", (x) => (Math.abs(x) > 0.5 ? x : 0)],
  ["soft_shrink", (x) => Math.sign(x) * Math.max(Math.abs(x) - 0.5, 0)],
  ["tanh_shrink", (x) => x - Math.tanh(x)],
  ["log_sigmoid", (x) => Math.log(sigmoid(x))],
  ["softsign", (x) => x / (1 + Math.abs(x))],
  ["squareplus", (x) => (x + Math.sqrt(x * x + 4)) / 2],
  ["sparse_plus", (x) => (x <= -1 ? 0 : x < 1 ? (x + 1) ** 2 / 4 : x)],
  ["sparse_sigmoid", (x) => clip((x + 1) / 2, 0, 1)],
  [{ class_name: "function", config: "softplus" }, softplus],
  [asLayer("LeakyReLU", { negative_slope: 0.1, trainable: true }), (x) => (x > 0 ? x : 0.1 * x)],
  [asLayer("ELU", { alpha: 0.5, trainable: true }), (x) => (x > 0 ? x : 0.5 * Math.expm1(x))],
  [
    asLayer("ReLU", { negative_slope: 0.25, max_value: 5, threshold: 0.5, trainable: true }),
    (x) => (x > 0.5 ? Math.min(x, 5) : 0.25 * (x - 0.5)),
  ],
])("%j", async (activation, formula) => {
  const layers = [inputLayer("x", [X.length]), called("Activation", "y", { activation }, [tensorOf("x")])];
  const { wire } = inspectModel(kerasThree(layers, ["x", 0, 0], ["y", 0, 0]), false, true);
  const { y } = await runWire(wire, { x: { dtype: "float32", shape: [1, X.length], data: Float32Array.from(X) } });
  const expected: Tensor = { dtype: "float32", shape: [1, X.length], data: Float32Array.from(X, formula) };
  expect(relativeDifference(y!, expected)).toBeLessThan(1e-6);
});

it("of vectors: glu and log_softmax", async () => {
  const layers = [
    inputLayer("x", [4]),
    called("Activation", "gated", { activation: "glu" }, [tensorOf("x")]),
    called("Activation", "logs", { activation: "log_softmax" }, [tensorOf("x")]),
  ];
  const outputs = [
    ["gated", 0, 0],
    ["logs", 0, 0],
  ];
  const { wire } = inspectModel(kerasThree(layers, ["x", 0, 0], outputs), false, true);
  const data = Float32Array.of(1, 2, 0, -1);
  const { gated, logs } = await runWire(wire, { x: { dtype: "float32", shape: [1, 4], data } });
  const total = Math.log([...data].reduce((sum, value) => sum + Math.exp(value), 0));
  expect(gated!.shape).toEqual([1, 2]);
  [0.5, 2 * sigmoid(-1)].forEach((value, index) => expect(gated!.data[index]).toBeCloseTo(value, 6));
  data.forEach((value, index) => expect(logs!.data[index]).toBeCloseTo(value - total, 5));
});
