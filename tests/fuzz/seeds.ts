import { readFileSync } from "node:fs";
import type { ModelArtifacts } from "../../src/model/artifacts.js";
import { kerasNet } from "../fixtures/keras-net.js";
import { publicModels, readPublicModel } from "../fixtures/public-models.js";
import { randomNet } from "../fixtures/random-net.js";
import { seedOf, type FuzzSeed } from "./model-json.js";

/**
 * The models to damage: small ones of both formats, the bundled one, and for each format the public one with the
 * shortest model.json.
 */
export function fuzzSeeds(): FuzzSeed[] {
  return [
    seedOf("graph", randomNet({ seed: 5, size: 5, residual: true, pooledOutput: true })),
    seedOf("two-inputs", randomNet({ seed: 6, size: 4, depth: 1, sideInput: true, inputDtype: "int32" })),
    seedOf("foldable", foldableNet()),
    seedOf("keras", kerasNet(7)),
    seedOf("nested", nestedNet()),
    seedOf("upscale", bundledModel()),
    ...publicSeeds(),
  ];
}

/**
 * A graph with constant arithmetic, a batch normalisation and an Identity for the optimiser. Quantised to uint8 and
 * float16.
 */
function foldableNet(): ModelArtifacts {
  const constant = (name: string) => ({ name, op: "Const", attr: { dtype: { type: "DT_FLOAT" } } });
  const T = { T: { type: "DT_FLOAT" } };
  const window = {
    ...T,
    strides: { list: { i: ["1", "1", "1", "1"] } },
    dilations: { list: { i: ["1", "1", "1", "1"] } },
    padding: { s: btoa("SAME") },
    data_format: { s: btoa("NHWC") },
  };
  const shape = { shape: { dim: [-1, 4, 4, 2].map((size) => ({ size: String(size) })) } };
  const node = [
    { name: "x", op: "Placeholder", attr: { dtype: { type: "DT_FLOAT" }, shape } },
    ...["kernel", "gain", "gamma", "beta", "mean", "variance", "alpha"].map(constant),
    { name: "scaled", op: "Mul", input: ["kernel", "gain"], attr: T },
    { name: "conv", op: "Conv2D", input: ["x", "scaled"], attr: window },
    { name: "same", op: "Identity", input: ["conv"], attr: T },
    {
      name: "norm",
      op: "FusedBatchNormV3",
      input: ["same", "gamma", "beta", "mean", "variance"],
      attr: { ...T, epsilon: { f: 0.001 }, data_format: { s: btoa("NHWC") }, is_training: { b: false } },
    },
    { name: "y", op: "Prelu", input: ["norm", "alpha"], attr: T },
  ];
  const float16 = { dtype: "float16" } as const;
  const uint8 = { dtype: "uint8", scale: 0.01, min: -1 } as const;
  return {
    format: "graph-model",
    modelTopology: { node, versions: { producer: 27 } },
    weightSpecs: [
      { name: "kernel", shape: [3, 3, 2, 3], dtype: "float32", quantization: uint8 },
      { name: "gain", shape: [3], dtype: "float32" },
      ...["gamma", "beta", "mean", "variance"].map(
        (name) => ({ name, shape: [3], dtype: "float32", quantization: float16 }) as const,
      ),
      { name: "alpha", shape: [1, 1, 3], dtype: "float32" },
    ],
    weightData: Uint8Array.from({ length: 54 + 12 + 24 + 12 }, (_, index) => (index * 37) % 61).buffer,
  };
}

/** A Sequential inside a Sequential, as Teachable Machine exports it. */
function nestedNet(): ModelArtifacts {
  const dense = (name: string, units: number, rest: object = {}) => ({
    class_name: "Dense",
    config: { name, units, activation: "relu", use_bias: true, trainable: true, dtype: "float32", ...rest },
  });
  const inner = { name: "inner", layers: [dense("first", 4, { batch_input_shape: [null, 3] }), dense("second", 3)] };
  const layers = [{ class_name: "Sequential", config: inner }, dense("last", 2)];
  const sizes = { first: [3, 4], second: [4, 3], last: [3, 2] };
  const weightSpecs = Object.entries(sizes).flatMap(([name, shape]) => [
    { name: `${name}/kernel`, shape, dtype: "float32" as const },
    { name: `${name}/bias`, shape: [shape[1]!], dtype: "float32" as const },
  ]);
  const count = weightSpecs.reduce((total, { shape }) => total + shape.reduce((product, size) => product * size, 1), 0);
  return {
    format: "layers-model",
    modelTopology: {
      keras_version: "tfjs-layers 4.22.0",
      model_config: { class_name: "Sequential", config: { name: "outer", layers } },
    },
    weightSpecs,
    weightData: Float32Array.from({ length: count }, (_, index) => ((index * 37) % 61) / 61 - 0.5).buffer,
  };
}

function bundledModel(): ModelArtifacts {
  const folder = "public/models/upscale-x2";
  const json = JSON.parse(readFileSync(`${folder}/model.json`, "utf8"));
  const { weightsManifest, ...rest } = json as ModelArtifacts & { weightsManifest: [{ paths: string[]; weights: [] }] };
  const [{ paths, weights }] = weightsManifest;
  return { ...rest, weightSpecs: weights, weightData: new Uint8Array(readFileSync(`${folder}/${paths[0]}`)).buffer };
}

function publicSeeds(): FuzzSeed[] {
  const seeds = publicModels.map((name) => seedOf(`public-${name}`, readPublicModel(name)));
  const shortestFirst = seeds
    .map((seed) => ({ seed, length: JSON.stringify(seed.json).length }))
    .sort((a, b) => a.length - b.length)
    .map(({ seed }) => seed);
  const isGraph = ({ json }: FuzzSeed): boolean => "node" in Object(json.modelTopology);
  const chosen = [shortestFirst.find(isGraph), shortestFirst.find((seed) => !isGraph(seed))];
  return chosen.filter((seed) => seed !== undefined);
}
