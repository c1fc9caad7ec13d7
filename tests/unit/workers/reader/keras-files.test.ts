// Files as Keras 2 and 3 write them, against what Keras computes with them.
import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops";
import { setBackend } from "@tensorflow/tfjs-core";
import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import type { ModelArtifacts } from "../../../../src/model/artifacts.js";
import { dequantise } from "../../../../src/model/dequantise.js";
import { inspectModel } from "../../../../src/model/inspect.js";
import { locateWeights } from "../../../../src/model/locate-weights.js";
import { readTensor } from "../../../fixtures/case-files.js";
import { rejected } from "../../../fixtures/caught.js";
import { relativeDifference } from "../../../fixtures/close.js";
import { kerasFile, readFiles } from "../../../fixtures/read-container.js";
import { runWire } from "../../../fixtures/run-wires.js";

beforeAll(() => setBackend("cpu"));

describe("a model saved by", () => {
  it.each([
    ["Keras 3", "keras3", ".keras"],
    ["Keras 3 as HDF5", "keras3-legacy", ".h5"],
    ["Keras 2", "keras2", ".h5"],
    ["Keras 2 as .keras", "keras2-zip", ".keras"],
    ["Keras 3 with vocabularies", "lookup", ".keras"],
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
void dequantise; void locateWeights; void rejected; 
export type X = ModelArtifacts;
