import fc from "fast-check";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { ShardError } from "../../../src/core/errors.js";
import type { ModelArtifacts } from "../../../src/model/artifacts.js";
import { inspectModel } from "../../../src/model/inspect-model.js";
import { caught } from "../../fixtures/caught.js";
import { kerasNet } from "../../fixtures/keras-net.js";
import { randomNet } from "../../fixtures/random-net.js";
import { dims, graph, node, placeholder } from "./graph-json.js";

function withInputs(...shapes: (object | undefined)[]): ModelArtifacts {
  const nodes = shapes.map((shape, i) => placeholder(`in${i}`, shape));
  return {
    modelTopology: graph([
      ...nodes,
      node(
        "y",
        "AddN",
        nodes.map(({ name }) => name),
      ),
    ]),
    weightSpecs: [],
    weightData: new ArrayBuffer(0),
  };
}

describe("the batch mode", () => {
  it.each([
    [[dims(-1, 4)], "batched"],
    [[undefined], "batched"],
    [[dims(1, 4)], "item-by-item"],
    [[dims(1, 4), dims(-1, 4)], "batched"],
    [[dims(4), dims(1, 4)], "item-by-item"],
    [[dims(-1, 4), dims()], "batched"],
    [[dims(2, 4)], "groups"],
    [[dims(2, 4), dims(2)], "groups"],
    [[dims(2, 4), dims(3)], "whole"],
    [[dims()], "whole"],
    [[], "whole"],
  ] as const)("%j: %s", (shapes, mode) => {
    expect(inspectModel(withInputs(...shapes), false).info.batchMode).toBe(mode);
  });

  it("is whole if the caller declares that no input has a batch", () => {
    const model = withInputs(dims(-1), dims(-1, 4));
    const { info } = inspectModel(model, false, false, { in0: { batched: false }, in1: { batched: false } });
    expect(info).toMatchObject({ batchMode: "whole", batchReason: "no input has a batch axis" });
    expect(info.inputs[0]).toEqual({ name: "in0", dtype: "float32", shape: [-1], batched: false });
    caught("invalid-options", () => inspectModel(model, false, false, { in9: {} }), '"in0", "in1"', '"in9"');
  });
});

describe("weights", () => {
  const { weightData, ...rest } = randomNet({ seed: 1 });
  const bytes = new Uint8Array(weightData as ArrayBuffer);

  it("are joined, put into shared memory if requested, and never copied without need", () => {
    const pieces = [bytes.slice(0, 5), bytes.slice(5, 5), bytes.slice(5)].map(({ buffer }) => buffer);
    for (const share of [false, true]) {
      for (const data of [weightData, pieces]) {
        const { wire, info } = inspectModel({ ...rest, weightData: data }, share);
        expect(new Uint8Array(wire.weightData)).toEqual(bytes);
        expect(wire.weightData instanceof SharedArrayBuffer).toBe(share);
        expect(info.weightBytes).toBe(bytes.length);
      }
    }
    expect(inspectModel({ ...rest, weightData }, false).wire.weightData).toBe(weightData);
    expect(inspectModel({ ...rest, weightData: [weightData as ArrayBuffer] }, false).wire.weightData).toBe(weightData);
    const shared = inspectModel({ ...rest, weightData }, true).wire.weightData as SharedArrayBuffer;
    expect(inspectModel({ ...rest, weightData: shared }, true).wire.weightData).toBe(shared);
  });

  it.each([undefined, null, 5, bytes, [bytes], ["x"]])("of the wrong kind are refused: %#", (data) => {
    caught("model-malformed", () => inspectModel({ ...rest, weightData: data as never }, false), "weightData");
  });

  it("of the wrong length are refused", () => {
    caught("weights-truncated", () => inspectModel({ ...rest, weightData: bytes.slice(1).buffer }, false));
    caught("model-malformed", () => inspectModel({ ...rest, weightData: new ArrayBuffer(bytes.length + 1) }, false));
    caught(
      "model-malformed",
      () => inspectModel({ ...rest, weightSpecs: undefined as never, weightData }, false),
      "weightSpecs",
    );
  });
});

describe("what goes to the workers", () => {
  it("survives structured clone whatever the artifacts carry, and holds no training state", () => {
    // TF.js's loaders return functions along with the data.
    const loaded = {
      ...randomNet({ seed: 2 }),
      getWeightStream: () => undefined,
      trainingConfig: { optimizer_config: {} },
    };
    const { wire } = inspectModel(loaded, false);
    const { artifacts } = structuredClone(wire);
    expect(Object.keys(artifacts).sort()).toEqual(expect.arrayContaining(["modelTopology"]));
    expect(artifacts).not.toHaveProperty("trainingConfig");
    expect(artifacts).not.toHaveProperty("weightData");
  });

  it("keeps the initializer that fills the hash tables of a graph", () => {
    const signature = {
      inputs: { x: { name: "in0:0" }, table: { name: "t:0", resourceId: 1, dtype: "DT_RESOURCE" } },
      outputs: { o: { name: "y:0" } },
    };
    const parts = { modelInitializer: { node: [] }, initializerSignature: { outputs: {} } };
    const artifacts = { ...withInputs(dims(-1)), ...parts, signature };
    expect(inspectModel(artifacts, false).wire.artifacts).toMatchObject({
      ...parts,
      // Every entry is keyed by its own name, and the table by the id that the initializer gives it.
      signature: { inputs: { table: signature.inputs.table } },
    });
  });
});

it("refuses a topology of neither kind", () => {
  const bare = { weightSpecs: [], weightData: new ArrayBuffer(0) };
  for (const modelTopology of [{}, [], null, undefined, "x", { nodes: [] }]) {
    caught("model-malformed", () =>
      inspectModel({ ...bare, modelTopology: modelTopology as never, format: { toString: 1 } as never }, false),
    );
  }
});

it("metadata is an object, whatever the file has there", () => {
  expect(
    inspectModel({ ...withInputs(dims(-1)), userDefinedMetadata: "text" as never }, false).info.userDefinedMetadata,
  ).toEqual({});
  expect(
    inspectModel({ ...withInputs(dims(-1)), userDefinedMetadata: { a: 1 } }, false).info.userDefinedMetadata,
  ).toEqual({ a: 1 });
});

describe("any damage to a model is noticed or harmless", () => {
  /** What a damaged or hostile file may hold anywhere. */
  const junk = fc.oneof(
    fc.constantFrom<unknown>(
      null,
      true,
      -1,
      0,
      1.5,
      1e300,
      "",
      "x",
      "-1",
      "constructor",
      "__proto__",
      [],
      {},
      [[]],
      [null],
      { toString: 1, valueOf: null },
    ),
    fc.jsonValue(),
  );
  /** Replace, drop or double what a random walk into `root` reaches. */
  const damage = (root: unknown, steps: readonly number[], kind: number, value: unknown): unknown => {
    if (typeof root !== "object" || root === null || steps.length === 0) return value;
    const copy = (Array.isArray(root) ? [...(root as unknown[])] : { ...root }) as Record<string, unknown>;
    const keys = Object.keys(copy);
    if (keys.length === 0) return value;
    const key = keys[steps[0]! % keys.length]!;
    const isLeaf = steps.length === 1;
    if (isLeaf && Array.isArray(copy) && kind < 2)
      copy.splice(Number(key), 1 - kind, ...(kind === 0 ? [] : [copy[key]]));
    else if (isLeaf && kind === 0) delete copy[key];
    else if (isLeaf && kind === 1) copy[`${key}'`] = copy[key];
    else copy[key] = damage(copy[key], steps.slice(1), kind, value);
    return copy;
  };
  const nested = kerasNet(3).modelTopology as { model_config: { config: object } };
  const models: Record<string, () => ModelArtifacts> = {
    graph: () => randomNet({ seed: 1, pooledOutput: true, sideInput: true, residual: true }),
    layers: () => kerasNet(1),
    "layers as text": () => ({ ...kerasNet(1), modelTopology: { model_config: JSON.stringify(nested.model_config) } }),
    nested: () => ({
      ...kerasNet(1),
      modelTopology: { class_name: "Sequential", config: { name: "s", layers: [nested.model_config] } },
    }),
  };

  it.each(Object.entries(models))("%s", (_, make) => {
    const { weightData, ...json } = make();
    let survivors = 0;
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.array(fc.nat(50), { minLength: 1, maxLength: 9 }), fc.nat(4), junk), {
          minLength: 1,
          maxLength: 3,
        }),
        (wounds) => {
          let damaged: unknown = json;
          for (const [steps, kind, value] of wounds) damaged = damage(damaged, steps, kind, value);
          // `createSharder` itself refuses everything else.
          if (typeof damaged !== "object" || damaged === null || !("modelTopology" in damaged)) return;
          try {
            const { info, wire } = inspectModel({ ...(damaged as typeof json), weightData }, false);
            for (const { name, shape, dtype } of [...info.inputs, ...info.outputs]) {
              expect([typeof name, ["float32", "int32", "bool", "string"].includes(dtype)]).toEqual(["string", true]);
              expect(shape === undefined || shape.every((size) => Number.isInteger(size))).toBe(true);
            }
            expect(info.inputs.length * info.outputs.length).toBeGreaterThan(0);
            structuredClone(wire);
            survivors++;
          } catch (thrown) {
            if (!(thrown instanceof ShardError)) throw thrown;
            expect(thrown.code).toMatch(/^(model-malformed|model-unsupported|weights-truncated)$/);
            expect(thrown.message.length).toBeLessThan(1_500);
          }
        },
      ),
      { numRuns: 1_500 },
    );
    expect(survivors).toBeGreaterThan(20);
  });
});

/** Public models by others, which are not in the repository. */
const modelsFolder = process.env.SHARDER_MODELS_DIR ?? resolve(import.meta.dirname, "../../../../shared/models");
interface PublicModel {
  /** `undefined`: a trial has to show it. */
  mode: string | undefined;
  inputs: string[];
  outputs?: string[];
  needsAsync?: boolean;
  weights: string;
}

const publicModels: Record<string, PublicModel> = {
  antispoof: { mode: "batched", inputs: ["conv2d_input"], outputs: ["activation_4"], weights: "antispoof.bin" },
  "basic-pitch": {
    mode: "batched",
    inputs: ["input_2"],
    outputs: ["contour", "Identity_1:0", "Identity_2:0"],
    weights: "group1-shard1of1.bin",
  },
  "blazeface-front": { mode: "item-by-item", inputs: ["input:0"], weights: "blazeface-front.bin" },
  emotion: { mode: "batched", inputs: ["input_1:0"], outputs: ["Identity:0"], weights: "emotion.bin" },
  facemesh: {
    mode: "batched",
    inputs: ["input_1"],
    outputs: ["output_mesh", "output_faceflag", "output_contours"],
    weights: "facemesh.bin",
  },
  handtrack: { mode: "item-by-item", inputs: ["input_tensor:0"], needsAsync: true, weights: "handtrack.bin" },
  meet: { mode: "item-by-item", inputs: ["input_1:0"], outputs: ["segment:0"], weights: "meet.bin" },
  mobileface: { mode: "batched", inputs: ["data:0"], outputs: ["batchnorm0/add_1:0"], weights: "mobileface.bin" },
  "keras-mobilenet-v2": { mode: undefined, inputs: ["input_1"], weights: "group1-shard1of1" },
  "teachable-machine-image": { mode: undefined, inputs: ["input_1"], weights: "weights.bin" },
};
const isPresent = (name: string): boolean => existsSync(join(modelsFolder, name, "model.json"));
const presentCount = Object.keys(publicModels).filter(isPresent).length;

describe(`public models: ${presentCount} of ${Object.keys(publicModels).length} are in ${modelsFolder}`, () => {
  for (const [name, expected] of Object.entries(publicModels)) {
    it.skipIf(!isPresent(name))(`${name}: names, weights, batch mode`, () => inspectsPublicModel(name, expected));
  }
});

function inspectsPublicModel(name: string, expected: PublicModel): void {
  const json = JSON.parse(readFileSync(join(modelsFolder, name, "model.json"), "utf8")) as {
    modelTopology: object;
    weightsManifest: { weights: ModelArtifacts["weightSpecs"] }[];
    signature?: Signature;
    userDefinedMetadata?: { signature?: Signature };
  };
  const { weightsManifest, ...rest } = json;
  const file = readFileSync(join(modelsFolder, name, expected.weights));
  const weightSpecs = weightsManifest.flatMap(({ weights }) => weights);
  const { info, wire } = inspectModel({ ...rest, weightSpecs, weightData: new Uint8Array(file).buffer }, false);
  expect(info.weightBytes).toBe(file.byteLength);
  expect(info.batchMode).toBe(expected.mode);
  expect(info.inputs.map((spec) => spec.name)).toEqual(expected.inputs);
  if (expected.outputs) expect(info.outputs.map((spec) => spec.name)).toEqual(expected.outputs);
  expect(wire.format === "graph-model" && wire.needsAsync).toBe(expected.needsAsync ?? false);
  expect(info.layerCount).toBeGreaterThan(10);
  const signature = json.userDefinedMetadata?.signature ?? json.signature;
  if (signature) {
    expect(info.format).toBe("graph-model");
    expect(info.outputs.map((spec) => spec.name)).toEqual(Object.keys(signature.outputs));
    expect(info.inputs.map((spec) => spec.name)).toEqual(Object.keys(signature.inputs));
  } else {
    expect([info.format, info.inputs[0]!.shape]).toEqual(["layers-model", [-1, 224, 224, 3]]);
  }
}

interface Signature {
  inputs: object;
  outputs: object;
}
