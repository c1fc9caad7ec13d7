// Files as Keras 2 and 3 write them, against what Keras computes with them.
import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops";
import { setBackend } from "@tensorflow/tfjs-core";
import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { inspectModel } from "../../../../src/model/inspect-model.js";
import { locateWeights } from "../../../../src/model/locate-weights.js";
import { readTensor } from "../../../fixtures/case-files.js";
import { rejected } from "../../../fixtures/caught.js";
import { relativeDifference } from "../../../fixtures/close.js";
import { kerasFile, readFiles } from "../../../fixtures/read-container.js";
import { runWire } from "../../../fixtures/run-wires.js";

interface KerasTopology {
  readonly model_config: {
    readonly config: { readonly layers: readonly { readonly config: { readonly vocabulary?: unknown } }[] };
    readonly note?: string;
  };
}

beforeAll(() => setBackend("cpu"));

describe("a model saved by", () => {
  it.each([
    ["Keras 3", "keras3", ".keras"],
    ["Keras 3 as HDF5", "keras3-legacy", ".h5"],
    ["Keras 2", "keras2", ".h5"],
    ["Keras 2 as .keras", "keras2-zip", ".keras"],
    ["Keras 3 with models called several times", "calls", ".keras"],
    ["Keras 2 with models called several times", "calls2", ".h5"],
  ])("%s gives what it gave there", async (_what, name, ending) => {
    const saved = JSON.parse(readFileSync(`tests/fixtures/keras-files/${name}.json`, "utf8"));
    const { info, wire } = inspectModel(await readFiles(kerasFile(name + ending)), false, true);
    const inputs = info.inputs.map((input, index) => [input.name, readTensor(saved.inputs[index])]);
    const outputs = await runWire(wire, Object.fromEntries(inputs));
    expect(info.outputs).toHaveLength(saved.outputs.length);
    for (const [index, output] of info.outputs.entries()) {
      expect(relativeDifference(outputs[output.name]!, readTensor(saved.outputs[index]))).toBeLessThan(1e-5);
    }
  });
});
it("puts vocabularies into the configs of their layers", async () => {
  const { modelTopology } = await readFiles(kerasFile("lookup.keras"));
  const { layers } = (modelTopology as KerasTopology).model_config.config;
  const vocabularies = layers.map(({ config }) => config.vocabulary);
  expect(vocabularies).toEqual([undefined, undefined, ["[UNK]", "cat", "dog", "bird"], [-1, 10, 30, 20]]);
});

it("reads what else HDF5 has: types, chunks, filters, links, cut lists of names", async () => {
  const { modelTopology, weightSpecs, weightData } = await readFiles(kerasFile("odd.h5"));
  expect((modelTopology as KerasTopology & { keras_version: string }).keras_version).toBe("2.15.0");
  expect((modelTopology as KerasTopology).model_config.note).toHaveLength(70_000);
  const located = locateWeights(weightSpecs, weightData as ArrayBuffer);
  const values = new Map(
    weightSpecs.map(({ name, dtype, quantization }) => {
      const { byteOffset, byteLength } = located.get(name)!;
      const bytes = (weightData as ArrayBuffer).slice(byteOffset, byteOffset + byteLength);
      const kinds = { float32: Float32Array, int32: Int32Array, bool: Uint8Array } as const;
      const Kind = quantization === undefined ? kinds[dtype as "int32"] : Uint16Array;
      return [name, [...new Kind(bytes)]];
    }),
  );
  const counting = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
  expect(Object.fromEntries(values)).toEqual({
    // Two weights of one name have their layers' names before them.
    "layer/layer/packed": counting(3000),
    "other/layer/packed": [2.5],
    "layer/growing": counting(30),
    "layer/big_endian": counting(5),
    // 0, 1, 2, 3 and 4 as half floats.
    "layer/half": [0, 0x3c00, 0x4000, 0x4200, 0x4400],
    "layer/double": [0, 0.25, 0.5, 0.75, 1],
    "layer/wide": [-2, -1, 0, 1, 2],
    "layer/byte": [250, 251, 252, 253, 254],
    "layer/flags": [1, 0, 1, 0, 1],
    "layer/number": [2.5],
    "layer/nothing": [],
    "layer/unwritten": [1.5, 1.5, 1.5, 1.5],
  });
  expect(weightSpecs.find(({ name }) => name === "layer/half")).toMatchObject({ quantization: { dtype: "float16" } });
  expect(weightSpecs.find(({ name }) => name === "layer/layer/packed")?.shape).toEqual([50, 60]);
});

describe("are refused:", () => {
  it("an HDF5 file without a config", async () => {
    await rejected("model-unsupported", readFiles(kerasFile("cyclic.h5")), "cyclic.h5", "model.save");
  });

  it("groups that contain themselves", async () => {
    const config = new File(['{"class_name": "Sequential", "config": {"layers": []}}'], "config.json");
    const weights = new File([kerasFile("cyclic.h5")], "model.weights.h5");
    await rejected("model-malformed", readFiles(config, weights), "model.weights.h5", "nested at most 64 deep");
  });

  it("half a file", async () => {
    const half = new File([kerasFile("keras2.h5").slice(0, 9_000)], "half.h5");
    await rejected("model-malformed", readFiles(half), "half.h5", "truncated");
  });

  it("two models", async () => {
    const files = [kerasFile("keras2.h5"), kerasFile("keras3.keras")];
    await rejected("model-not-found", readFiles(...files), "received 2", "keras2.h5", "keras3.keras");
  });
});
