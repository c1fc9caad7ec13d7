// Functions of keras.ops and TensorFlow in Keras models. Oracle: their results, worked out by hand.
import "@tensorflow/tfjs-backend-cpu";
import { setBackend } from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import type { ModelArtifacts } from "../../../../src/model/artifacts.js";
import { inspectModel } from "../../../../src/model/inspect-model.js";
import { inputLayer, kerasThree, operation, tensorOf } from "../../../fixtures/keras-3.js";
import { runWire } from "../../../fixtures/run-wires.js";

beforeAll(async () => void (await setBackend("cpu")));

type Values = readonly number[];
const SLICE = (start: number | null, stop: number | null, step: number | null): object => ({
  class_name: "__slice__",
  config: { start, stop, step },
});
const x = tensorOf("x");

async function run(artifacts: ModelArtifacts, shape: readonly number[]) {
  const data = Float32Array.from({ length: shape.reduce((total, size) => total * size, 1) }, (_, index) => index + 1);
  const { wire } = inspectModel(artifacts, false, false);
  return runWire(wire, { x: { dtype: "float32", shape: [...shape], data } });
}

// x is [[1, 2, 3], [4, 5, 6]] for each of two items: 1 … 6 and 7 … 12.
describe("an operation of keras.ops", () => {
  it.each<[string, object, unknown[], readonly number[], Values]>([
    ["Subtract", {}, [10, x], [2, 2, 3], [9, 8, 7, 6, 5, 4, 3, 2, 1, 0, -1, -2]],
    ["Mean", { axis: [1, 2], keepdims: false }, [x], [2], [3.5, 9.5]],
    ["Max", { axis: -1, keepdims: true, initial: null }, [x], [2, 2, 1], [3, 6, 9, 12]],
    ["Var", { axis: 2, keepdims: false }, [x], [2, 2], [2 / 3, 2 / 3, 2 / 3, 2 / 3]],
    ["Argmax", { axis: 2, keepdims: false }, [x], [2, 2], [2, 2, 2, 2]],
    ["Cumsum", { axis: 2, dtype: null }, [x], [2, 2, 3], [1, 3, 6, 4, 9, 15, 7, 15, 24, 10, 21, 33]],
    ["Transpose", { axes: [0, 2, 1] }, [x], [2, 3, 2], [1, 4, 2, 5, 3, 6, 7, 10, 8, 11, 9, 12]],
    ["Reshape", { newshape: [-1, 6] }, [x], [2, 6], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]],
    ["ExpandDims", { axis: -1 }, [x], [2, 2, 3, 1], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]],
    [
      "Concatenate",
      { axis: 1 },
      [[x, x]],
      [2, 4, 3],
      [1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 7, 8, 9, 10, 11, 12],
    ],
    [
      "Stack",
      { axis: 3 },
      [[x, x]],
      [2, 2, 3, 2],
      [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12].flatMap((each) => [each, each]),
    ],
    ["GetItem", {}, [x, [SLICE(null, null, null), -1, SLICE(null, null, -2)]], [2, 2], [6, 4, 12, 10]],
    ["Take", { axis: 2 }, [x, [2, 0]], [2, 2, 2], [3, 1, 6, 4, 9, 7, 12, 10]],
    ["Matmul", {}, [x, [[1], [0], [-1]]], [2, 2, 1], [-2, -2, -2, -2]],
    ["Einsum", { subscripts: "bij,jk->bk" }, [x, [[1], [1], [0]]], [2, 1], [12, 36]],
    ["Clip", { x_min: 3, x_max: 5 }, [x], [2, 2, 3], [3, 3, 3, 4, 5, 5, 5, 5, 5, 5, 5, 5]],
    ["Sort", { axis: 1 }, [x], [2, 2, 3], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]],
    ["Median", { axis: 2, keepdims: false }, [x], [2, 2], [2, 5, 8, 11]],
    ["Tril", { k: 0 }, [x], [2, 2, 3], [1, 0, 0, 4, 5, 0, 7, 0, 0, 10, 11, 0]],
    ["Diff", { n: 1, axis: 1 }, [x], [2, 1, 3], [3, 3, 3, 3, 3, 3]],
    [
      "Repeat",
      { repeats: 2, axis: 1 },
      [x],
      [2, 4, 3],
      [1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6, 7, 8, 9, 7, 8, 9, 10, 11, 12, 10, 11, 12],
    ],
    [
      "TakeAlongAxis",
      { axis: 2 },
      [
        x,
        [
          [[0], [2]],
          [[-1], [1]],
        ],
      ],
      [2, 2, 1],
      [1, 6, 9, 11],
    ],
    ["Diagonal", { offset: 1, axis1: 1, axis2: 2 }, [x], [2, 2], [2, 6, 8, 12]],
    ["FloorDivide", {}, [x, 4], [2, 2, 3], [0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3]],
  ])("%s %j", async (className, config, args, shape, values) => {
    const layers = [inputLayer("x", [2, 3]), operation(className, "y", config, args)];
    const { y } = await run(kerasThree(layers, ["x", 0, 0], ["y", 0, 0]), [2, 2, 3]);
    expect(y!.shape).toEqual(shape);
    values.forEach((value, index) => expect(Number(y!.data[index])).toBeCloseTo(value, 5));
  });

  it("that is not known is refused by name", () => {
    const layers = [inputLayer("x", [3]), operation("Cholesky", "y", {}, [x])];
    const artifacts = kerasThree(layers, ["x", 0, 0], ["y", 0, 0]);
    expect(() => inspectModel(artifacts, false, true)).toThrow(/layer "y" \(keras\.ops\.Cholesky\)/);
  });

  it("with an argument that is not handled is refused by name", () => {
    const layers = [inputLayer("x", [3]), operation("Max", "y", { axis: 1, initial: 7 }, [x])];
    const artifacts = kerasThree(layers, ["x", 0, 0], ["y", 0, 0]);
    expect(() => inspectModel(artifacts, false, true)).toThrow(/layer "y" .*initial = 7/);
  });
});

/** A functional model of Keras 2 whose only layer calls a function. */
function kerasTwo(className: string, title: string, inbound: unknown, further: object = {}): ModelArtifacts {
  const config = { name: "y", trainable: true, dtype: "float32", function: title, ...further };
  const layers = [
    { class_name: "InputLayer", name: "x", config: { name: "x", batch_input_shape: [null, 2, 3] }, inbound_nodes: [] },
    { class_name: className, name: "y", config, inbound_nodes: [inbound] },
  ];
  const model = { name: "net", layers, input_layers: [["x", 0, 0]], output_layers: [["y", 0, 0]] };
  const modelTopology = { keras_version: "2.15.0", model_config: { class_name: "Functional", config: model } };
  return { format: "layers-model", modelTopology, weightSpecs: [], weightData: new ArrayBuffer(0) };
}

describe("a function of TensorFlow", () => {
  it.each<[string, unknown, readonly number[], Values]>([
    [
      "math.subtract",
      ["_CONSTANT_VALUE", -1, 10, { y: ["x", 0, 0] }],
      [2, 2, 3],
      [9, 8, 7, 6, 5, 4, 3, 2, 1, 0, -1, -2],
    ],
    ["math.reduce_sum", ["x", 0, 0, { axis: [1], keepdims: false }], [2, 3], [5, 7, 9, 17, 19, 21]],
    [
      "concat",
      [
        [
          ["x", 0, 0, { axis: -1 }],
          ["x", 0, 0, { axis: -1 }],
        ],
      ][0],
      [2, 2, 6],
      [1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6],
    ],
    ["compat.v1.transpose", ["x", 0, 0, { perm: [0, 2, 1] }], [2, 3, 2], [1, 4, 2, 5, 3, 6, 7, 10, 8, 11, 9, 12]],
    [
      "linalg.matmul",
      ["x", 0, 0, { b: ["x", 0, 0], transpose_b: true }],
      [2, 2, 2],
      [14, 32, 32, 77, 194, 266, 266, 365],
    ],
    ["where", ["_CONSTANT_VALUE", -1, [true, false, true], { x: ["x", 0, 0], y: 0 }], [2, 2, 3], [1, 0, 3, 4, 0, 6]],
    ["cast", ["x", 0, 0, { dtype: "int32" }], [2, 2, 3], [1, 2, 3, 4, 5, 6]],
  ])("%s", async (title, inbound, shape, values) => {
    const { y } = await run(kerasTwo("TFOpLambda", title, inbound), [2, 2, 3]);
    expect(y!.shape).toEqual(shape);
    values.forEach((value, index) => expect(Number(y!.data[index])).toBeCloseTo(value, 5));
  });

  it("slices", async () => {
    const slice = (start: number | null, stop: number | null): object => ({ start, stop, step: null });
    const spec = { class_name: "__tuple__", items: [slice(null, null), slice(0, 1), slice(1, null)] };
    const inbound = ["x", 0, 0, { slice_spec: spec }];
    const { y } = await run(kerasTwo("SlicingOpLambda", "__operators__.getitem", inbound), [2, 2, 3]);
    expect(y).toEqual({ dtype: "float32", shape: [2, 1, 2], data: Float32Array.of(2, 3, 8, 9) });
  });

  it("that is not known is refused by name", () => {
    const artifacts = kerasTwo("TFOpLambda", "linalg.svd", ["x", 0, 0, {}]);
    expect(() => inspectModel(artifacts, false, true)).toThrow(
      'layer "y" (TFOpLambda): the TensorFlow function tf.linalg.svd',
    );
  });
});
