// Models from TensorFlow's converter with control flow, lists, tables, attention and recurrent layers, on TF.js's CPU and WASM
// backends. Whole models are compared with TensorFlow's own results, and their stages with the whole model, bit for bit.
import "@tensorflow/tfjs-backend-cpu";
import { ready, setBackend } from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import type { Tensor } from "../../../../src/protocol/tensors.js";
import { convertedModels, readConvertedModel } from "../../../fixtures/converted-models.js";
import { expectCutsExact } from "../../../fixtures/cut-plans.js";
import { useWasm } from "../../../fixtures/wasm-in-node.js";

/** float16 and uint8 weights are rounded when the model is converted. */
const TOLERANCES: Readonly<Record<string, number>> = {
  "quantised-float16": 1e-3,
  "quantised-uint8": 2e-2,
  "quantised-uint16": 1e-4,
};

function expectClose(received: Tensor, expected: Tensor, tolerance: number): void {
  expect({ dtype: received.dtype, shape: received.shape }).toEqual({ dtype: expected.dtype, shape: expected.shape });
  if (expected.dtype !== "float32") return expect(received.data).toEqual(expected.data);
  const largest = Math.max(...expected.data.map(Math.abs));
  const worst = Math.max(...expected.data.map((value, index) => Math.abs(value - Number(received.data[index]))));
  expect(worst / largest).toBeLessThanOrEqual(tolerance);
}

/** The parts that must stay together: loops and branches of TensorFlow 1, lists and arrays with the nodes that use them. */
const ATOMIC_PARTS: Readonly<Record<string, readonly string[]>> = {
  branch: ["atomic part of 7 nodes"],
  lists: ["atomic part of 44 nodes"],
  "lists-v2": ["atomic part of 4 nodes"],
  loop: ["atomic part of 24 nodes"],
  recurrent: ["atomic part of 58 nodes"],
  "recurrent-v2": ["atomic part of 4 nodes"],
  "tensor-arrays": ["atomic part of 39 nodes"],
};

/** Models whose parts the optimiser replaces by single nodes. */
const RECOGNISED = new Set(["recurrent"]);

const CASES = convertedModels.flatMap((name) => [true, false].map((optimize) => ({ name, optimize })));

describe("a model from TensorFlow's converter", () => {
  beforeAll(async () => {
    await setBackend("cpu");
    await ready();
  });

  it.each(CASES)("$name equals its stages, optimised: $optimize", async ({ name, optimize }) => {
    const { artifacts, inputs, outputs } = readConvertedModel(name);
    const { staged, whole } = await expectCutsExact(artifacts, { optimize, inputs });
    const atomicParts = staged.layers.map(({ op }) => op).filter((op) => op.startsWith("atomic"));
    // The optimiser changes the number of nodes in some parts.
    if (optimize) expect(atomicParts.length).toBe(RECOGNISED.has(name) ? 0 : (ATOMIC_PARTS[name] ?? []).length);
    else expect(atomicParts).toEqual(ATOMIC_PARTS[name] ?? []);
    expect(staged.layers.length).toBeGreaterThan(3);
    expect(Object.keys(whole).toSorted()).toEqual(Object.keys(outputs).toSorted());
    for (const [key, expected] of Object.entries(outputs)) expectClose(whole[key]!, expected, TOLERANCES[name] ?? 1e-5);
  });
});

/** Models that WASM can run only after optimisation: it has no Einsum kernel, and adds no bias of several axes. */
const NOT_ON_WASM = new Set(["transformer", "lists", "recurrent", "tensor-arrays"]);

describe("a model from TensorFlow's converter, on WASM", () => {
  beforeAll(useWasm);

  it.each(CASES.filter(({ name, optimize }) => optimize || !NOT_ON_WASM.has(name)))(
    "$name equals its stages, optimised: $optimize",
    async ({ name, optimize }) => {
      const { artifacts, inputs, outputs } = readConvertedModel(name);
      const { whole } = await expectCutsExact(artifacts, { optimize, inputs, singleCount: 2 });
      for (const [key, expected] of Object.entries(outputs))
        expectClose(whole[key]!, expected, TOLERANCES[name] ?? 1e-4);
    },
  );
});
