import { ShardError } from "../../src/core/errors.js";
import type { H5File } from "./h5-file.js";
import { damaged } from "./limits.js";
import type { NamedDataset } from "./read-weights.js";

const WEIGHTS = "model_weights";
/** Weights of the model itself, outside its layers. */
const OWN_WEIGHTS = "top_level_model_weights";
const MOST_WEIGHTS = 100_000;

/** What the root of an `.h5` file says about its model. */
export interface LegacyHeader {
  /** JSON. */
  readonly config: string;
  readonly kerasVersion: string | undefined;
  readonly backend: string | undefined;
}

/**
 * Read the attributes of an `.h5` file as `model.save("model.h5")` writes it, in Keras 1 to 3.
 * @throws ShardError "model-unsupported" for files with weights alone, "model-malformed"
 */
export function readLegacyHeader(file: H5File): LegacyHeader {
  const names = file.attributeNames("/");
  const read = (name: string): string | undefined => (names.includes(name) ? file.strings("/", name)?.[0] : undefined);
  const config = read("model_config");
  if (config === undefined) {
    throw new ShardError(
      "model-unsupported",
      `Expected a Keras model with its config in "${file.name.slice(-80)}", received an HDF5 file without one: if it holds weights alone (save_weights), save the whole model with model.save("model.keras").`,
    );
  }
  return { config, kerasVersion: read("keras_version"), backend: read("backend") };
}

/**
 * Find the weights of all layers, in Keras' order, named as their `weight_names` say, without the ":0" of their tensors. Different
 * weights of one name (of models in the model) all get their layer's name before it, so that none is taken for another.
 * @throws ShardError "model-malformed"
 */
export function listLegacyWeights(file: H5File): NamedDataset[] {
  const isBare = !file.namesIn("/").includes(WEIGHTS);
  if (isBare) return [];
  const layers = readNames(file, WEIGHTS, "layer_names");
  const groups = new Set(file.namesIn(WEIGHTS));
  const found = [...layers, ...(groups.has(OWN_WEIGHTS) && !layers.includes(OWN_WEIGHTS) ? [OWN_WEIGHTS] : [])].flatMap(
    (layer) => {
      const group = `${WEIGHTS}/${layer}`;
      return readNames(file, group, "weight_names").map((weight) => ({
        layer,
        name: weight.replace(/:\d+$/, ""),
        path: `${group}/${weight}`,
      }));
    },
  );
  if (found.length > MOST_WEIGHTS) throw damaged(file.name, `at most ${MOST_WEIGHTS} weights`, String(found.length));
  const counts = new Map<string, number>();
  for (const { name } of found) counts.set(name, (counts.get(name) ?? 0) + 1);
  return found.map(({ layer, name, path }) => ({
    name: counts.get(name) === 1 ? name : `${layer}/${name}`,
    dataset: file.dataset(path),
  }));
}

/** A list of names. Keras cuts lists that are too long for an attribute into several: names0, names1, … */
function readNames(file: H5File, group: string, attribute: string): string[] {
  const all = new Set(file.attributeNames(group));
  const read = (name: string): string[] => {
    const strings = file.strings(group, name);
    if (strings !== undefined) return strings;
    // Without weights, NumPy writes an empty list of numbers.
    return [];
  };
  if (all.has(attribute)) return read(attribute);
  const names: string[] = [];
  for (let part = 0; all.has(`${attribute}${part}`); part++) names.push(...read(`${attribute}${part}`));
  if (names.length > 0) return names;
  throw damaged(file.name, `"${attribute}" of "${group.slice(-80)}"`, "none");
}
