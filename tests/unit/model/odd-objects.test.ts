// Objects that can be made neither text nor a number, wherever a file may hold something.
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { ShardError } from "../../../src/core/errors.js";
import type { ModelArtifacts } from "../../../src/model/artifacts.js";
import { inspectModel } from "../../../src/model/inspect-model.js";
import { convertedModels, readConvertedModel } from "../../fixtures/converted-models.js";
import { sampleOf } from "../../fixtures/sample-of.js";

const odd = (): unknown => ({ toString: 1, valueOf: null });
const inList = (): unknown => [odd()];

/** Every way to put `value` in the place of one part of `root`. */
function* replaceEach(root: unknown, value: () => unknown): Generator<unknown> {
  yield value();
  if (typeof root !== "object" || root === null) return;
  for (const [key, part] of Object.entries(root)) {
    for (const changed of replaceEach(part, value)) {
      yield Array.isArray(root) ? root.with(Number(key), changed) : { ...root, [key]: changed };
    }
  }
}

interface KerasEntry {
  readonly name: string;
  readonly topology: ModelArtifacts["modelTopology"];
  readonly weights: readonly { name: string; shape: number[]; dtype: "float32" | "int32"; data: number[] }[];
}

const keras: KerasEntry[] = JSON.parse(readFileSync("tests/fixtures/keras-layers/keras-layers.json", "utf8"));
const models: (readonly [string, () => ModelArtifacts])[] = [
  ...keras.map(
    ({ name, topology, weights }) =>
      [
        name,
        (): ModelArtifacts => ({
          format: "layers-model",
          modelTopology: topology,
          weightSpecs: weights.map(({ name, shape, dtype }) => ({ name, shape, dtype })),
          weightData: new ArrayBuffer(4 * weights.reduce((sum, { data }) => sum + data.length, 0)),
        }),
      ] as const,
  ),
  ...convertedModels.map((name) => [name, () => readConvertedModel(name).artifacts] as const),
];

it.each(sampleOf(models, 20))("are refused or make no difference in %s", { timeout: 120_000 }, (_, make) => {
  const { modelTopology, ...rest } = make();
  const thrown: string[] = [];
  let count = 0;
  for (const value of [odd, inList]) {
    for (const changed of replaceEach(modelTopology, value)) {
      count++;
      try {
        inspectModel({ ...rest, modelTopology: changed as ModelArtifacts["modelTopology"] }, false);
      } catch (error) {
        if (!(error instanceof ShardError)) thrown.push((error as Error).stack!.split("\n").slice(0, 6).join(" "));
      }
    }
  }
  expect([...new Set(thrown)]).toEqual([]);
  expect(count).toBeGreaterThan(100);
});
