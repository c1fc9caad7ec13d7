import type { TensorBinding } from "../../protocol/model-on-wire.js";
import { isJsonObject, type JsonObject, type ModelArtifacts } from "../artifacts.js";
import { MAX_NESTING, readLayerConfig, readModelConfig, type LayerConfig } from "../keras/layer-config.js";
import { callInPasses } from "./in-passes.js";
import { Uncuttable, type KerasCall, type KerasLayer, type KerasProgram, type KerasTensor } from "./keras-call.js";
import { innerLayers } from "./inner-layers.js";
import { givesMask, makesMask } from "./masks.js";
import { neededCalls } from "./needed-calls.js";
import { outputShapes } from "./output-shapes.js";
import { readInbound, readReferences, type Inbound } from "./references.js";

/**
 * Read a Keras model as a list of calls. Nested models are replaced by their calls, unless there are masks: TF.js passes no mask into
 * a nested model.
 *
 * @param bindings the model's inputs, from `readLayers`.
 * @param weightNames as in the file.
 * @throws Uncuttable if the config holds something that is not supported here. Untranslatable if it is not a config.
 */
export function readProgram(
  artifacts: ModelArtifacts,
  bindings: readonly TensorBinding[],
  weightNames: readonly string[],
): KerasProgram {
  const model = readModelConfig(artifacts);
  if (isDeeperThan(model.config, MAX_NESTING))
    throw new Uncuttable(`layers nested more than ${MAX_NESTING} levels deep`);
  const inputs = bindings.map(({ name, shape, dtype }): KerasTensor => ({
    key: `${name}:0`,
    shape: shape?.map((size) => (size >= 0 ? size : null)),
    dtype,
    isMasked: false,
  }));
  const scopes = new Set(weightNames.flatMap(prefixesOf));
  const reader = new ProgramReader(!makesMask(model.className, model.config), scopes);
  for (const { key } of inputs) reader.takeKey(key);
  const outputs = reader.enter(model, inputs, "");
  return { calls: neededCalls(reader.calls, outputs), inputs, outputs };
}

/** Without a limit, a file could nest layers so deep that recursion runs out of stack. */
function isDeeperThan(config: JsonObject, limit: number): boolean {
  return innerLayers(config).some((inner) => limit === 0 || isDeeperThan(inner.config, limit - 1));
}

class ProgramReader {
  readonly calls: KerasCall[] = [];
  /** By path, so that a nested model that is called twice has its layers only once. */
  readonly #layers = new Map<string, KerasLayer>();
  readonly #names = new Set<string>();
  readonly #keys = new Set<string>();
  readonly #opensModels: boolean;
  readonly #weighted: ReadonlySet<string>;

  /** @param weighted names of layers that have weights. */
  constructor(opensModels: boolean, weighted: ReadonlySet<string>) {
    this.#opensModels = opensModels;
    this.#weighted = weighted;
  }

  /** @returns `key`, with a counter added if it is taken. */
  takeKey(key: string): string {
    let unique = key;
    for (let counter = 1; this.#keys.has(unique); counter++) unique = key.replace(/:(\d+)$/, `@${counter}:$1`);
    this.#keys.add(unique);
    return unique;
  }

  /** Read the calls of a model. @param scope path of the models around it. @returns the model's outputs. */
  enter(model: LayerConfig, inputs: readonly KerasTensor[], scope: string): KerasTensor[] {
    const { layers } = model.config;
    if (!Array.isArray(layers) || layers.length === 0) throw new Uncuttable(`model "${model.name}" without layers`);
    if (model.className === "Sequential") {
      let current = inputs;
      for (const layer of layers.map(readLayerConfig)) {
        if (layer.className !== "InputLayer") current = this.#apply(layer, current, {}, scope);
      }
      return [...current];
    }
    if (model.className !== "Model" && model.className !== "Functional") {
      throw new Uncuttable(`model of class ${model.className}`);
    }
    return this.#enterFunctional(model, layers, inputs, scope);
  }

  #enterFunctional(
    model: LayerConfig,
    layers: readonly unknown[],
    inputs: readonly KerasTensor[],
    scope: string,
  ): KerasTensor[] {
    const entries = readReferences(model.config.input_layers);
    if (entries.length !== inputs.length) throw new Uncuttable(`${inputs.length} inputs for "${model.name}"`);
    const configs = layers.map((each) => ({ layer: readLayerConfig(each), inbound: inboundOf(each) }));
    // The outputs of each call of each layer, indexed by the number that TF.js gives to the call.
    const made = new Map(
      configs.map(({ layer }): [string, (readonly KerasTensor[] | undefined)[]] => [layer.name, []]),
    );
    entries.forEach(({ layer, node }, index) => {
      const calls = made.get(layer);
      if (calls === undefined || node !== 0) throw new Uncuttable(`input "${layer}", which no layer makes`);
      calls.push([inputs[index]!]);
    });
    const queues = configs.map(({ layer, inbound }) => {
      // A nested model used call 0 when it was built; nothing may refer to that call.
      if (isModel(layer)) made.get(layer.name)!.push(undefined);
      return layer.className === "InputLayer" ? [] : inbound.map((call) => ({ layer, call }));
    });
    const left = callInPasses(queues, ({ layer, call }) => {
      const sources: KerasTensor[] = [];
      for (const { layer: source, node, tensor } of call.inputs) {
        const calls = made.get(source);
        if (calls === undefined || node >= calls.length) return false;
        sources.push(outputAt(calls[node], tensor, source));
      }
      made.get(layer.name)!.push(this.#apply(layer, sources, call.options, scope));
      return true;
    });
    if (left.length > 0) throw new Uncuttable(`layer "${left[0]!.layer.name}", whose inputs are never made`);
    return readReferences(model.config.output_layers).map(({ layer, node, tensor }) =>
      outputAt(made.get(layer)?.[node], tensor, layer),
    );
  }

  #apply(
    layer: LayerConfig,
    inputs: readonly KerasTensor[],
    options: JsonObject,
    scope: string,
  ): readonly KerasTensor[] {
    const path = `${scope}/${layer.name}`;
    if (isModel(layer) && this.#opensModels) return this.enter(layer, castless(layer, inputs), path);
    const known = this.#layerAt(path, layer);
    const outputs = describeOutputs(known, inputs).map((output, index) => ({
      ...output,
      key: this.takeKey(`${known.name}:${index}`),
    }));
    this.calls.push({ layer: known, inputs, options, outputs });
    return outputs;
  }

  #layerAt(path: string, { className, name, config }: LayerConfig): KerasLayer {
    let layer = this.#layers.get(path);
    if (layer === undefined) {
      // Layers of two nested models may have the same name. A layer with weights can't be renamed: it would not find them.
      if (this.#names.has(name) && this.#weighted.has(name)) throw new Uncuttable(`two layers named "${name}"`);
      let unique = name;
      for (let counter = 1; this.#names.has(unique); counter++) unique = `${name}_${counter}`;
      this.#names.add(unique);
      const firstNode = Array.isArray(config.layers) ? 1 : 0;
      layer = { name: unique, className, config: { ...config, name: unique }, firstNode };
      this.#layers.set(path, layer);
    }
    return layer;
  }
}

/** The number of outputs to assume for a layer without a rule. */
const MOST_OUTPUTS = 8;

function describeOutputs(
  { className, config }: KerasLayer,
  inputs: readonly KerasTensor[],
): Omit<KerasTensor, "key">[] {
  const inputShapes = inputs.flatMap(({ shape }) => (shape === undefined ? [] : [shape]));
  const shapes = inputShapes.length < inputs.length ? undefined : outputShapes(className, config, inputShapes);
  const isMasked = givesMask(className, config, inputs);
  const list = shapes ?? Array.from({ length: MOST_OUTPUTS }, () => undefined);
  return list.map((shape) => ({ shape, dtype: "float32", isMasked }));
}

function outputAt(outputs: readonly KerasTensor[] | undefined, index: number, layer: string): KerasTensor {
  const output = outputs?.[index];
  if (output === undefined) throw new Uncuttable(`output ${index} of "${layer}", which no call makes`);
  return output;
}

/** TF.js casts what enters a nested model to the dtypes of its inputs. Replacing the model by its calls would skip that cast. */
function castless(model: LayerConfig, inputs: readonly KerasTensor[]): readonly KerasTensor[] {
  const layers: readonly unknown[] = Array.isArray(model.config.layers) ? model.config.layers : [];
  const entries = layers
    .map(readLayerConfig)
    .filter(({ className }, index) => index === 0 || className === "InputLayer");
  const isFloat = (dtype: unknown): boolean => (dtype ?? "float32") === "float32";
  if (inputs.every(({ dtype }) => isFloat(dtype)) && entries.every(({ config }) => isFloat(config.dtype)))
    return inputs;
  throw new Uncuttable(`nested model "${model.name}", whose inputs are not float32`);
}

function isModel(layer: LayerConfig): boolean {
  return Array.isArray(layer.config.layers);
}

function inboundOf(layer: unknown): Inbound[] {
  return isJsonObject(layer) ? readInbound(layer.inbound_nodes) : [];
}

/** "a/b/c" may be a weight of layer "a/b" or of layer "a". */
function prefixesOf(weightName: string): string[] {
  const parts = weightName.split("/");
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join("/"));
}
