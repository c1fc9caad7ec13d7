// Layers of Keras 2 and 3, with options that TF.js ignores or lacks, against Keras' own results, whole and cut.
// Fixture: tests/fixtures/keras-layers/make.py.
import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops";
import { readFileSync } from "node:fs";
import { beforeAll, expect, it } from "vitest";
import type { ModelArtifacts, WeightSpec } from "../../../../src/model/artifacts.js";
import { readTensor } from "../../../fixtures/case-files.js";
import { useWasm } from "../../../fixtures/wasm-in-node.js";
import { runCase } from "../../cases/run-case.js";

type Stored = Parameters<typeof readTensor>[0];

interface Entry {
  readonly name: string;
  readonly topology: object;
  readonly weights: (Stored & { readonly name: string })[];
  readonly inputs: Record<string, Stored>;
  readonly outputs: Stored[];
}

const entries: Entry[] = JSON.parse(readFileSync("tests/fixtures/keras-layers/keras-layers.json", "utf8"));

function artifactsOf({ topology, weights }: Entry): ModelArtifacts {
  const specs = weights.map(({ name, shape, dtype }) => ({ name, shape, dtype }) as WeightSpec);
  const values = weights.flatMap((weight) => {
    const { data } = readTensor(weight);
    return data instanceof Float32Array || data instanceof Int32Array ? [new Uint8Array(data.buffer.slice(0))] : [];
  });
  const bytes = new Uint8Array(values.reduce((total, { length }) => total + length, 0));
  let offset = 0;
  for (const each of values) {
    bytes.set(each, offset);
    offset += each.length;
  }
  return { modelTopology: topology, weightSpecs: specs, weightData: bytes.buffer };
}

beforeAll(useWasm);

it.each(entries.map((entry): [string, Entry] => [entry.name, entry]))("%s", async (name, entry) => {
  const artifacts = artifactsOf(entry);
  const inputs = Object.fromEntries(Object.entries(entry.inputs).map(([key, stored]) => [key, readTensor(stored)]));
  const outputs = entry.outputs.map((stored, index): [string, ReturnType<typeof readTensor>] => [
    `output ${index}`,
    readTensor(stored),
  ]);
  // Both versions give much the same graphs, so one backend each is enough.
  const backend = name.startsWith("Keras 2") ? "wasm" : "cpu";
  const { verdict, detail } = await runCase({ name, artifacts, inputs, outputs, refused: undefined }, backend, true);
  expect(`${verdict} ${detail}`).toBe("right ");
});

it("covers both versions of Keras", () => {
  for (const version of ["Keras 2", "Keras 3"]) {
    expect(entries.filter(({ name }) => name.startsWith(version)).length).toBeGreaterThan(45);
  }
});
