import { seededRandom } from "../../src/core/random.js";
import { GRAPH_DAMAGE } from "./graph-damage.js";
import { KERAS_DAMAGE } from "./keras-damage.js";
import { WEIGHT_FILE, writeJson, type FuzzSeed, type ModelFiles } from "./model-json.js";
import { damageAtRandom } from "./random-damage.js";
import { fuzzSeeds } from "./seeds.js";
import { FORMAT_DAMAGE, WEIGHT_DAMAGE } from "./weight-damage.js";

export interface FuzzCase {
  readonly name: string;
  readonly files: ModelFiles;
}

/** Faults that occur in real models, and malicious ones. */
const KNOWN_DAMAGE = [...FORMAT_DAMAGE, ...WEIGHT_DAMAGE, ...GRAPH_DAMAGE, ...KERAS_DAMAGE];

const RANDOM_CASES_PER_SEED = 25;

/** A case that is made on demand: all cases together would take hundreds of megabytes. */
export interface LazyCase {
  readonly name: string;
  readonly make: () => FuzzCase;
}

/** Damage to the files, whatever they contain. */
const FILE_DAMAGE: Readonly<Record<string, (seed: FuzzSeed) => ModelFiles>> = {
  "model.json empty": (seed) => ({ json: new Uint8Array(0), weights: new Map([[WEIGHT_FILE, seed.weights]]) }),
  "model.json = HTML": (seed) => withJsonText(seed, "<!doctype html><title>x</title>"),
  "model.json = null": (seed) => withJsonText(seed, "null"),
  "model.json = 100,000 brackets": (seed) => withJsonText(seed, "[".repeat(100_000)),
  "model.json = 100,000 lists": (seed) => withJsonText(seed, "[".repeat(100_000) + "]".repeat(100_000)),
  "model.json with NaN": (seed) => withJsonText(seed, '{"modelTopology": NaN}'),
  "model.json of invalid UTF-8": (seed) => {
    const json = writeJson(seed.json);
    for (let index = 40; index < json.length; index += 97) json[index] = 0xff;
    return { json, weights: new Map([[WEIGHT_FILE, seed.weights]]) };
  },
  "model.json in UTF-16": (seed) => {
    const text = JSON.stringify(seed.json);
    const json = new Uint8Array(Uint16Array.from(text, (letter) => letter.charCodeAt(0)).buffer);
    return { json, weights: new Map([[WEIGHT_FILE, seed.weights]]) };
  },
  "weights empty": (seed) => withWeights(seed, new Uint8Array(0)),
  "weights absent": (seed) => ({ json: writeJson(seed.json), weights: new Map() }),
  "weights one byte short": (seed) => withWeights(seed, seed.weights.slice(0, -1)),
  "weights one byte long": (seed) => withWeights(seed, new Uint8Array(seed.weights.length + 1)),
  "weights all NaN": (seed) => withWeights(seed, new Uint8Array(seed.weights.length).fill(0xff)),
};

function withJsonText(seed: FuzzSeed, text: string): ModelFiles {
  return { json: new TextEncoder().encode(text), weights: new Map([[WEIGHT_FILE, seed.weights]]) };
}

function withWeights(seed: FuzzSeed, weights: Uint8Array<ArrayBuffer>): ModelFiles {
  return { json: writeJson(seed.json), weights: new Map([[WEIGHT_FILE, weights]]) };
}

/**
 * All cases, the same ones every time: the known faults on every kind of model that can have them, and random faults.
 */
export function fuzzCases(): LazyCase[] {
  const seeds = fuzzSeeds();
  const cases: LazyCase[] = [];
  const add = (name: string, makeFiles: () => ModelFiles): void => {
    cases.push({ name, make: () => ({ name, files: makeFiles() }) });
  };
  for (const [index, seed] of seeds.entries()) {
    const isGraph = "node" in Object(seed.json.modelTopology);
    // Each fault is applied to the first seed of a format, and to one other seed in turn.
    const isFirst = seeds.findIndex(({ json }) => "node" in Object(json.modelTopology) === isGraph) === index;
    for (const [number, { what, format, apply }] of KNOWN_DAMAGE.entries()) {
      if (format !== "any" && (format === "graph") !== isGraph) continue;
      if (!isFirst && number % seeds.length !== index) continue;
      add(`${seed.name}: ${what}`, () => {
        const tree = structuredClone(seed.json);
        apply(tree);
        return { json: writeJson(tree), weights: new Map([[WEIGHT_FILE, seed.weights]]) };
      });
    }
    for (const [number, [what, makeFiles]] of Object.entries(FILE_DAMAGE).entries()) {
      if (isFirst || number % seeds.length === index) add(`${seed.name}: ${what}`, () => makeFiles(seed));
    }
    for (let number = 0; number < RANDOM_CASES_PER_SEED; number++) {
      const random = (): (() => number) => seededRandom(1 + index * 100_003 + number * 7919);
      add(`${seed.name}: random ${number}`, () => damageAtRandom(seed, random()).files);
    }
  }
  return cases;
}
