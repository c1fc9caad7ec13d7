// TF.js as an engine, on the backends that run in Node. The contract suite tests what every engine does.
import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-backend-wasm";
import { memory, setBackend } from "@tensorflow/tfjs-core";
import * as layers from "@tensorflow/tfjs-layers";
import { afterEach, describe, expect, it } from "vitest";
import type { ModelArtifacts } from "../../../src/model/artifacts.js";
import { inspectModel } from "../../../src/model/inspect-model.js";
import type { WireModel } from "../../../src/protocol/model-on-wire.js";
import type { InputTensor, Tensor } from "../../../src/protocol/tensors.js";
import { cpuDriver } from "../../../workers/engines/tfjs/cpu.js";
import type { BackendTraits, WatchCall } from "../../../workers/engines/tfjs/driver.js";
import { loadEngineModel } from "../../../workers/engines/tfjs/engine-model.js";
import { tfjsEngine } from "../../../workers/engines/tfjs/engine.js";
import type { EngineModel } from "../../../workers/runtime/engine.js";
import { rejected } from "../../fixtures/caught.js";
import { artifactsOf } from "../../fixtures/keras-artifacts.js";
import { kerasNet } from "../../fixtures/keras-net.js";
import { randomNet } from "../../fixtures/random-net.js";
import { counting } from "../../fixtures/tensors.js";
import { freshWasm, useWasm } from "../../fixtures/wasm-in-node.js";
import { dims, graph, node, placeholder, signed } from "../model/graph-json.js";

/** The traits that the drivers of these backends declare. */
const traitsOf: Record<string, BackendTraits> = {
  cpu: cpuDriver.traits,
  wasm: { readBackAliases: false, copiesUploads: true, isSynchronous: true },
};
const watchOf: Record<string, WatchCall> = {};
const backends = Object.keys(traitsOf);

const open: EngineModel[] = [];
afterEach(() => {
  for (const model of open.splice(0)) model.dispose();
});

async function load(backend: string, artifacts: ModelArtifacts): Promise<EngineModel> {
  if (backend === "wasm") watchOf[backend] ??= (await freshWasm()).watch;
  if (backend === "wasm") await useWasm();
  else await setBackend(backend);
  const { wire } = inspectModel(structuredClone(artifacts), true, false);
  const model = await loadEngineModel(wire, traitsOf[backend]!, watchOf[backend]);
  open.push(model);
  return model;
}

const T = { T: { type: "DT_FLOAT" } };
const [a, b] = [placeholder("a", dims(-1, 2)), placeholder("b", dims(-1, 2))];

/** A model that also returns its first input unchanged. */
const subtraction: ModelArtifacts = {
  modelTopology: graph([a, b, node("y", "Sub", ["a", "b"], T)]),
  signature: { outputs: { y: signed("y:0", dims(-1, 2)), same: signed("a:0", dims(-1, 2)) } },
  weightSpecs: [],
  weightData: new ArrayBuffer(0),
};

/** y = a · aᵀ for a column a. */
const outerProduct: ModelArtifacts = {
  modelTopology: graph([
    placeholder("a", dims(-1, 1)),
    node("y", "MatMul", ["a", "a"], { ...T, transpose_a: { b: false }, transpose_b: { b: true } }),
  ]),
  signature: { outputs: { y: signed("y:0", dims(-1, -1)) } },
  weightSpecs: [],
  weightData: new ArrayBuffer(0),
};

const floats = (...values: number[]): Tensor => ({
  dtype: "float32",
  shape: [values.length / 2, 2],
  data: Float32Array.from(values),
});
const bytes = (scale: number, ...values: number[]): InputTensor => ({
  dtype: "uint8",
  shape: [values.length / 2, 2],
  data: Uint8Array.from(values),
  scale,
});
const inShared = ({ shape, data }: Tensor & { dtype: "float32" }): Tensor => {
  const shared = new Float32Array(new SharedArrayBuffer(data.byteLength));
  shared.set(data);
  return { dtype: "float32", shape, data: shared as unknown as Float32Array<ArrayBuffer> };
};

describe("TF.js as an engine", () => {
  it("reports its device, and the kernels in which the page looks up a model's operations", async () => {
    const report = await tfjsEngine(cpuDriver).start({ workerId: "x" }, () => {});
    expect(report).toMatchObject({ device: "JavaScript", isSoftware: false, wantsPowersOfTwo: false });
    expect(report.kernels).toEqual(expect.arrayContaining(["Conv2D", "Sub"]));
  });

  it("names an unknown format when it refuses it", async () => {
    const { wire } = inspectModel(structuredClone(subtraction), true);
    const other = { ...wire, format: "tflite" } as unknown as WireModel;
    await rejected("model-unsupported", tfjsEngine(cpuDriver).load(other), "tflite", "graph-model");
  });
});

describe.each(backends)("a TF.js model on %s", (backend) => {
  it("converts the bytes of several inputs of one call to numbers", async () => {
    const model = await load(backend, subtraction);
    const { y, same } = await model.run({ a: bytes(2, 10, 20, 30, 40), b: bytes(1, 1, 2, 3, 4) });
    expect(y).toEqual(floats(19, 38, 57, 76));
    expect(same).toEqual(floats(20, 40, 60, 80));
  });

  it("reads shared memory without changing it, even if an output is an input", async () => {
    const model = await load(backend, subtraction);
    const shared = inShared(floats(5, 6) as Tensor & { dtype: "float32" });
    for (const call of [(inputs: Parameters<EngineModel["run"]>[0]) => model.run(inputs), measured(model)]) {
      const { y, same } = await call({ a: shared, b: floats(1, 2) });
      expect([y, same]).toEqual([floats(4, 4), floats(5, 6)]);
      if (same?.dtype !== "float32") throw new Error("expected floats");
      expect(same.data.buffer).toBeInstanceOf(ArrayBuffer);
      same.data.fill(0);
      expect([...shared.data]).toEqual([5, 6]);
    }
  });

  it("leaks nothing, whichever input is wrong", async () => {
    const model = await load(backend, subtraction);
    const before = memory().numTensors;
    await rejected("internal", model.run({ a: floats(1, 2) }));
    await rejected("internal", model.measure!({ a: floats(1, 2) }, 2));
    const misfit: InputTensor = { dtype: "float32", shape: [7], data: Float32Array.of(1) };
    await expect(model.run({ a: floats(1, 2), b: misfit })).rejects.toThrow(/shape|size/i);
    await expect(model.measure!({ a: floats(1, 2), b: counting("float32", [2, 3]) }, 2)).rejects.toThrow(/shape/i);
    expect(memory().numTensors).toBe(before);
  });

  it("answers out-of-memory for a product that no memory holds, leaves nothing behind, and computes again", async () => {
    const model = await load(backend, outerProduct);
    const column = (length: number): Tensor => ({
      dtype: "float32",
      shape: [length, 1],
      data: new Float32Array(length).fill(2),
    });
    const before = memory().numTensors;
    await rejected("out-of-memory", model.run({ a: column(150_000) }), "room");
    expect(memory().numTensors).toBe(before);
    expect(await model.run({ a: column(1) })).toEqual({
      y: { dtype: "float32", shape: [1, 1], data: Float32Array.of(4) },
    });
  });

  it.each([randomNet({ seed: 7, residual: true, pooledOutput: true }), kerasNet(7)])(
    "measures to the outputs of a run, and leaves nothing behind: %#",
    async (artifacts) => {
      const model = await load(backend, artifacts);
      const before = memory().numTensors;
      const name = inspectModel(structuredClone(artifacts), true).info.inputs[0]!.name;
      const input = () => ({ [name]: counting("float32", [2, 8, 8, 3]) });
      for (const runCount of [1, 3]) {
        const { ms, outputs } = await model.measure!(input(), runCount);
        expect(ms).toBeGreaterThan(0);
        expect(ms).toBeLessThan(10_000);
        expect(outputs).toEqual(await model.run(input()));
        expect(memory().numTensors).toBe(before);
      }
    },
  );
});

function measured(model: EngineModel): EngineModel["run"] {
  return async (inputs) => (await model.measure!(inputs, 2)).outputs;
}

it("a stateful layer starts every call anew, since the call before was of other items", async () => {
  await setBackend("cpu");
  const lstm = layers.layers.lstm({ units: 3, stateful: true, batchInputShape: [2, 4, 1] });
  const model = await load("cpu", await artifactsOf(layers.sequential({ layers: [lstm] })));
  const inputs = { [`${lstm.name}_input`]: counting("float32", [2, 4, 1]) };
  const first = await model.run(inputs);
  const before = memory().numTensors;
  for (let run = 0; run < 3; run++) expect(await model.run(inputs)).toEqual(first);
  expect(memory().numTensors).toBe(before);
});
