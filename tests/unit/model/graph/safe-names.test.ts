// Nodes, inputs, outputs and layers that are named like a property of every object compute what they do under other names.
import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops";
import { setBackend } from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { ShardError } from "../../../../src/core/errors.js";
import type { ModelArtifacts } from "../../../../src/model/artifacts.js";
import { inspectModel } from "../../../../src/model/inspect-model.js";
import type { Outputs } from "../../../../src/protocol/tensors.js";
import { startEngine } from "../../../fixtures/engine-sharder.js";
import { kerasNet } from "../../../fixtures/keras-net.js";
import { randomGraph } from "../../../fixtures/random-graph.js";
import { randomNet } from "../../../fixtures/random-net.js";
import { noiseFor, runStages, runWire } from "../../../fixtures/run-wires.js";

const TAKEN = Object.getOwnPropertyNames(Object.prototype);

beforeAll(async () => {
  await setBackend("cpu");
});

/** Rename wherever JSON mentions a name, as a key or as a value: alone, as a reference, or as the first part of a path. */
function renamed(value: unknown, names: ReadonlyMap<string, string>): unknown {
  const rename = (text: string, isKey: boolean): string => {
    const [, before, name, after] = /^(\^?)([^:/]*)(.*)$/s.exec(text)!;
    // A key of this name is refused, as it always was.
    return !names.has(name!) || (isKey && names.get(name!) === "__proto__")
      ? text
      : before! + names.get(name!)! + after!;
  };
  if (typeof value === "string") return rename(value, false);
  if (Array.isArray(value)) return value.map((each) => renamed(each, names));
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value) || value instanceof ArrayBuffer)
    return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [rename(key, true), renamed(each, names)]));
}

/** Each of the names, for other nodes of every seed. */
function namesFor(given: readonly string[], seed: number): Map<string, string> {
  const count = Math.min(given.length, TAKEN.length);
  return new Map(
    Array.from({ length: count }, (_, i) => [given[(i * 7 + seed) % given.length]!, TAKEN[(i + seed) % TAKEN.length]!]),
  );
}

const nodeNames = ({ modelTopology }: ModelArtifacts): string[] =>
  (modelTopology as { node: { name: string }[] }).node.map(({ name }) => name);

/** Whole and in stages, optimised and not: outputs in their order. */
async function runAll(artifacts: ModelArtifacts): Promise<unknown[]> {
  const all: unknown[] = [];
  for (const optimize of [false, true]) {
    const { info, wire, staged } = inspectModel(structuredClone(artifacts), true, optimize);
    const inputs = noiseFor(info.inputs, 3);
    const whole = await runWire(wire, inputs);
    all.push(info.outputs.map(({ name }) => whole[name]));
    if (staged === undefined) continue;
    const feeds = Object.fromEntries(Object.entries(inputs).map(([name, tensor]) => [staged.inputKeys[name]!, tensor]));
    const tensors = await runStages(staged.stages(staged.layers.map((_, layer) => layer).slice(1)), feeds);
    all.push(info.outputs.map(({ name }) => tensors[staged.outputKeys[name]!]));
  }
  return all;
}

const inOrder = (outputs: Outputs): unknown[] => Object.values(outputs);

describe("graphs whose nodes, inputs and outputs have such names", () => {
  it.each([2, 3, 5])("compute the same: %i", async (seed) => {
    const { artifacts } = randomGraph(seed);
    const names = namesFor([...new Set(nodeNames(artifacts))], seed);
    const other = renamed(artifacts, names) as ModelArtifacts;
    expect(nodeNames(other).filter((name) => TAKEN.includes(name)).length).toBeGreaterThan(0);
    expect(await runAll(other)).toEqual(await runAll(artifacts));
  });

  it.each(["batch", "layers"] as const)("compute the same in a sharder that splits by %s", async (split) => {
    const artifacts = randomNet({ seed: 1, sideInput: true });
    const names = new Map([
      ["image", "valueOf"],
      ["shift", "constructor"],
      ["features", "toString"],
    ]);
    const results: Outputs[] = [];
    for (const each of [artifacts, renamed(artifacts, names) as ModelArtifacts]) {
      const sharder = await startEngine(each, { split, ...(split === "layers" ? { cuts: [1] } : {}) });
      const inputs = noiseFor(sharder.model.inputs, 4, 8);
      results.push(await sharder.predict(inputs));
    }
    const [plain, other] = results.map(inOrder);
    expect(other).toEqual(plain);
  });
});

describe("Keras models whose layers have such names", () => {
  it.each([6])("compute the same: %i", async (seed) => {
    const artifacts = kerasNet(seed);
    const names = namesFor(["picture", "first", "second", "joined", "pooled"], seed);
    expect(await runAll(renamed(artifacts, names) as ModelArtifacts)).toEqual(await runAll(artifacts));
  });
});

describe("operations, classes and options with such names", () => {
  const places = ["op", "class_name", "activation", "padding", "type", "dtype", "data_format", "format"];

  function withValue(value: unknown, key: string, name: string): unknown {
    if (Array.isArray(value)) return value.map((each) => withValue(each, key, name));
    if (typeof value !== "object" || value === null || value instanceof ArrayBuffer) return value;
    return Object.fromEntries(
      Object.entries(value).map(([each, inner]) => [
        each,
        each === key && typeof inner === "string" ? name : withValue(inner, key, name),
      ]),
    );
  }

  it.each(places)("are refused or ignored, but never met with another error: %s", (key) => {
    for (const artifacts of [randomNet({ seed: 1 }), kerasNet(1), randomGraph(3).artifacts]) {
      for (const name of ["constructor", "__proto__", "toString"]) {
        try {
          inspectModel(withValue(artifacts, key, name) as ModelArtifacts, false, true);
        } catch (thrown) {
          expect(thrown, `${key}: ${name}`).toBeInstanceOf(ShardError);
        }
      }
    }
  });
});
