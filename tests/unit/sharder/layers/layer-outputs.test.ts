// The results of a split by layers for models with unusual outputs, compared with the whole model on one worker.
import { expect, it } from "vitest";
import type { ModelArtifacts } from "../../../../src/model/artifacts.js";
import type { Inputs } from "../../../../src/sharder/inputs/prepare-inputs.js";
import { startLayers } from "../../../fixtures/adding-sharder.js";
import { startEngine } from "../../../fixtures/engine-sharder.js";
import { dims, graph, node, placeholder, signed } from "../../model/graph-json.js";

async function whole(model: ModelArtifacts, inputs: Inputs) {
  const sharder = await startEngine(model);
  return sharder.predict(inputs);
}

const T = { T: { type: "DT_FLOAT" } };
const batchOf = (count: number) => ({
  dtype: "float32" as const,
  shape: [count, 2],
  data: Float32Array.from({ length: 2 * count }, (_, i) => i),
});
const chain = [node("a", "Neg", ["x"], T), node("b", "Abs", ["a"], T)];

const CASES: [name: string, model: ModelArtifacts, inputs: Inputs][] = [
  [
    "a side input that is passed through",
    {
      modelTopology: graph([placeholder("x", dims(-1, 2)), placeholder("s", dims(3)), ...chain]),
      signature: {
        inputs: { x: signed("x:0", dims(-1, 2)), s: signed("s:0", dims(3)) },
        outputs: { y: signed("b:0", dims(-1, 2)), s: signed("s:0", dims(3)) },
      },
      weightSpecs: [],
      weightData: new ArrayBuffer(0),
    },
    { x: batchOf(6), s: { dtype: "float32", shape: [3], data: Float32Array.of(7, 8, 9) } },
  ],
  [
    "bytes that are passed through as the model's int32",
    {
      modelTopology: graph([
        placeholder("x", dims(-1, 2), "DT_INT32"),
        node("a", "Neg", ["x"], { T: { type: "DT_INT32" } }),
        node("b", "Abs", ["a"], { T: { type: "DT_INT32" } }),
      ]),
      signature: {
        inputs: { x: signed("x:0", dims(-1, 2), "DT_INT32") },
        outputs: { y: signed("b:0", dims(-1, 2), "DT_INT32"), x: signed("x:0", dims(-1, 2), "DT_INT32") },
      },
      weightSpecs: [],
      weightData: new ArrayBuffer(0),
    },
    { x: { dtype: "uint8", shape: [5, 2], data: Uint8Array.from({ length: 10 }, (_, i) => i) } },
  ],
  [
    "scaled bytes that are passed through",
    {
      modelTopology: graph([placeholder("x", dims(-1, 2)), ...chain]),
      signature: {
        inputs: { x: signed("x:0", dims(-1, 2)) },
        outputs: { y: signed("b:0", dims(-1, 2)), x: signed("x:0", dims(-1, 2)) },
      },
      weightSpecs: [],
      weightData: new ArrayBuffer(0),
    },
    {
      x: {
        dtype: "uint8",
        shape: [5, 2],
        data: Uint8Array.from({ length: 10 }, (_, i) => i),
        scale: 1 / 255,
        offset: -0.5,
      },
    },
  ],
  [
    "constants, scalars and sums over all items",
    {
      modelTopology: graph([
        placeholder("x", dims(-1, 2)),
        node("axes", "Const", [], {
          dtype: { type: "DT_INT32" },
          value: { tensor: { dtype: "DT_INT32", tensorShape: dims(2), intVal: [0, 1] } },
        }),
        node("c", "Const", [], { dtype: { type: "DT_FLOAT" } }),
        ...chain,
        node("sum", "Sum", ["b", "axes"], { ...T, Tidx: { type: "DT_INT32" }, keep_dims: { b: false } }),
        node("zero", "Mul", ["a", "b"], T),
      ]),
      signature: {
        inputs: { x: signed("x:0", dims(-1, 2)) },
        outputs: { sum: signed("sum:0", dims()), c: signed("c:0", dims(3)), zero: signed("zero:0", dims(-1, 2)) },
      },
      weightSpecs: [
        { name: "c", shape: [3], dtype: "float32" },
        { name: "axes", shape: [2], dtype: "int32" },
      ],
      weightData: new Uint8Array([
        ...new Uint8Array(Float32Array.of(1, 2, 3).buffer),
        ...new Uint8Array(Int32Array.of(0, 1).buffer),
      ]).buffer,
    },
    { x: batchOf(7) },
  ],
];

it.each(CASES)("%s", async (_, model, inputs) => {
  const expected = await whole(model, inputs);
  for (const cuts of [undefined, [1]]) {
    const { sharder } = await startLayers(0, { model }, { ...(cuts ? { cuts } : {}) });
    for (let run = 0; run < 2; run++) expect(await sharder.predict(inputs)).toEqual(expected);
    await sharder.dispose();
  }
});
