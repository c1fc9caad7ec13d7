import { ShardError } from "../core/errors.js";
import type { TensorBinding } from "../protocol/model-on-wire.js";
import type { DType } from "../protocol/tensors.js";
import { asJsonObject, isJsonObject, type JsonObject, type ModelArtifacts } from "./artifacts.js";
import { checkStructure } from "./check-structure.js";
import { checkCalls } from "./keras/check-calls.js";
import { Untranslatable } from "./keras/emitter.js";
import { namedReferences, type NamedReference } from "./keras/topology.js";
import { malformed, show } from "./malformed.js";
import type { ModelReading } from "./read-graph.js";

interface LayerConfig {
  readonly name: string;
  readonly className: string;
  readonly config: JsonObject;
}

/**
 * Read the inputs and outputs of a Keras model. They are named after the layers in its config, not after the tensors in
 * TF.js, which appends counters to names when a model is loaded twice.
 * @throws ShardError "model-malformed"
 */
export function readLayers(artifacts: ModelArtifacts): ModelReading {
  const topology = artifacts.modelTopology as JsonObject;
  const model = readLayer(topology.model_config ?? topology, "the model");
  checkNesting(model);
  return {
    inputs: inputsOf(model),
    outputs: uniqueNames(outputNamesOf(model)).map((name, index) => ({
      name,
      tensorName: String(index),
      dtype: "float32",
      shape: undefined,
    })),
    layerCount: countLayers(model),
    needsAsync: false,
  };
}

function readLayer(value: unknown, where: string): LayerConfig {
  const parsed = typeof value === "string" ? parseJson(value, where) : value;
  if (!isJsonObject(parsed) || typeof parsed.class_name !== "string") {
    throw malformed(`a class_name for ${where}`, show(parsed));
  }
  // The config of an old Sequential model is the bare list of its layers.
  const config = Array.isArray(parsed.config) ? { layers: parsed.config } : asJsonObject(parsed.config);
  const name = [config.name, parsed.name].find((candidate) => typeof candidate === "string");
  return { name: name ?? parsed.class_name.toLowerCase(), className: parsed.class_name, config };
}

function parseJson(text: string, where: string): unknown {
  try {
    const parsed: unknown = JSON.parse(text);
    checkStructure(parsed, where);
    return parsed;
  } catch (cause) {
    if (cause instanceof ShardError) throw cause;
    throw malformed(`JSON for ${where}`, `"${text.slice(0, 60)}"`, cause);
  }
}

function layersOf(model: LayerConfig): LayerConfig[] {
  const layers = model.config.layers;
  if (!Array.isArray(layers) || layers.length === 0) {
    throw malformed(`a list of layers in "${model.name.slice(0, 80)}"`, show(layers, 60));
  }
  return layers.map((layer, index) => readLayer(layer, `layer ${index} of "${model.name.slice(0, 80)}"`));
}

/** Check the calls in the model and in every model nested in it. */
function checkNesting(model: LayerConfig): void {
  const layers = layersOf(model);
  if (model.className !== "Sequential") checkCalls(model.config.layers as unknown[]);
  for (const layer of layers) if (isModel(layer)) checkNesting(layer);
}

function isModel(layer: LayerConfig): boolean {
  return Array.isArray(layer.config.layers);
}

function inputsOf(model: LayerConfig): TensorBinding[] {
  const layers = layersOf(model);
  if (model.className === "Sequential") {
    const first = layers[0]!;
    if (isModel(first)) return inputsOf(first);
    const name = first.className === "InputLayer" ? first.name : `${first.name}_input`;
    return [bindInput(name, first, 0)];
  }
  return referencedLayers(model.config.input_layers).map(({ layerName }, index) => {
    const layer = layers.find((candidate) => candidate.name === layerName);
    if (layer === undefined) {
      throw malformed(`an input layer "${layerName.slice(0, 80)}"`, "none of that name");
    }
    return bindInput(layerName, layer, index);
  });
}

function bindInput(name: string, layer: LayerConfig, index: number): TensorBinding {
  const shape = layer.config.batch_input_shape ?? layer.config.batch_shape;
  return {
    name,
    tensorName: String(index),
    dtype: readDtype(layer.config.dtype),
    shape: Array.isArray(shape) ? shape.map((size) => (Number.isInteger(size) ? Number(size) : -1)) : undefined,
  };
}

/** An output in a dict has its key as its name, any other that of its layer. Those of a dict come in the order of their keys, as in Keras. */
function outputNamesOf(model: LayerConfig): string[] {
  if (model.className === "Sequential") return lastNames(model);
  return referencedLayers(model.config.output_layers, true).map(({ key, layerName, tensorIndex }) => {
    if (key !== undefined) return key;
    return tensorIndex > 0 ? `${layerName}:${tensorIndex}` : layerName;
  });
}

/** The last layer of a Sequential model may be a model with several outputs. */
function lastNames(model: LayerConfig): string[] {
  const last = layersOf(model).at(-1)!;
  const count = isModel(last) ? outputNamesOf(last).length : 1;
  return Array.from({ length: count }, (_, index) => (index > 0 ? `${last.name}:${index}` : last.name));
}

interface Referenced {
  /** In the dict that holds the reference, if one does. */
  readonly key: string | undefined;
  readonly layerName: string;
  readonly tensorIndex: number;
}

/** @throws ShardError "model-malformed" */
function referencedLayers(value: unknown, isSorted = false): Referenced[] {
  const references = readReferences(value, isSorted);
  if (references.length === 0) throw malformed("input_layers and output_layers in the model config", show(value, 60));
  return references.map(({ key, reference: { layer, tensor } }) => ({ key, layerName: layer, tensorIndex: tensor }));
}

function readReferences(value: unknown, isSorted: boolean): NamedReference[] {
  try {
    return namedReferences(value, isSorted);
  } catch (thrown) {
    if (thrown instanceof Untranslatable) return [];
    throw thrown;
  }
}

/** A shared layer may have several outputs of one name; later ones get `:1`, `:2`, … */
function uniqueNames(names: readonly string[]): string[] {
  const taken = new Set<string>();
  return names.map((name) => {
    let unique = name;
    for (let counter = 1; taken.has(unique); counter++) unique = `${name}:${counter}`;
    taken.add(unique);
    return unique;
  });
}

function countLayers(model: LayerConfig): number {
  return layersOf(model).reduce(
    (count, layer) => count + (isModel(layer) ? countLayers(layer) : layer.className === "InputLayer" ? 0 : 1),
    0,
  );
}

function readDtype(value: unknown): DType {
  return value === "int32" || value === "bool" || value === "string" ? value : "float32";
}
