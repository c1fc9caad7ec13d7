import type { TensorBinding } from "../../protocol/model-on-wire.js";
import type { StoredWeight } from "../../protocol/weight-recipe.js";
import { isJsonObject, type ModelArtifacts } from "../artifacts.js";
import { tensorKey, type Graph } from "../graph/graph.js";
import { sortNodes } from "../graph/sort-nodes.js";
import { show } from "../malformed.js";
import type { ModelReading } from "../read-graph.js";
import { Emitter, type Symbolic, typeOf, Untranslatable } from "./emitter.js";
import { emitKerasOp } from "./functions/emit-function.js";
import { isOperation, OPERATION_PREFIX } from "./operations.js";
import { LAYER_EMITTERS } from "./layer-table.js";
import { inRunningOrder } from "./call-order.js";
import { instancesIn, LayerReference, mapInstances } from "./call-values.js";
import {
  isOfTfjs,
  LayerConfig,
  MAX_NESTING,
  readKerasMajor,
  readLayerConfig,
  readModelConfig,
} from "./layer-config.js";
import { PLAIN_CALL, TensorArgument, type LayerCall } from "./layer-call.js";
import { takesMasks, withGivenMasks, withMasks } from "./masks.js";
import { emitTimeDistributed, type EmitInner } from "./time-distributed.js";
import { firstCallOf, fromFirst, readCalls, readReferences, referenceKey, type Call } from "./topology.js";

export type Translation =
  | { readonly ok: true; readonly graph: Graph }
  /** The model then runs as TF.js layers. */
  | { readonly ok: false; readonly reason: string };

/**
 * Translate a feed-forward Keras model to a TensorFlow graph that computes the same as TF.js's layers, so that both formats share
 * one optimiser and one cutter.
 *
 * @param reading the model's public names, from `readLayers`.
 * @param stored where each weight lies, by its name in the file.
 * @returns the reason if a layer, or one of its options, can't be translated. Never throws, whatever the file holds.
 */
export function translateLayers(
  artifacts: ModelArtifacts,
  reading: Pick<ModelReading, "inputs" | "outputs">,
  stored: ReadonlyMap<string, StoredWeight>,
): Translation {
  try {
    const emitter = new Emitter(stored, readKerasMajor(artifacts), isOfTfjs(artifacts));
    const model = readModelConfig(artifacts);
    const inputs = reading.inputs.map((binding) => placeholder(emitter, binding));
    const outputs = emitModel(emitter, model, inputs, "", 0);
    if (outputs.length !== reading.outputs.length)
      throw new Untranslatable(`${outputs.length} outputs, where its config names ${reading.outputs.length}`);
    const bind = (binding: TensorBinding, { reference }: Symbolic): TensorBinding => ({
      ...binding,
      tensorName: tensorKey(reference),
    });
    const graph: Graph = {
      nodes: sortNodes(emitter.nodes),
      weights: emitter.weights,
      inputs: reading.inputs.map((binding, index) => bind(binding, inputs[index]!)),
      outputs: reading.outputs.map((binding, index) => ({
        ...bind(binding, outputs[index]!),
        shape: outputs[index]!.shape.map((size) => size ?? -1),
        dtype: outputs[index]!.dtype,
      })),
      library: undefined,
      versions: undefined,
      initializer: undefined,
    };
    return { ok: true, graph };
  } catch (thrown) {
    if (thrown instanceof Untranslatable) return { ok: false, reason: thrown.message };
    if (thrown instanceof SyntaxError) return { ok: false, reason: "a config that is not JSON" };
    throw thrown;
  }
}

function placeholder(emitter: Emitter, { name, shape, dtype }: TensorBinding): Symbolic {
  if (shape === undefined) throw new Untranslatable(`input "${name}" of unknown shape`);
  const dim = shape.map((size) => ({ size: String(size) }));
  const attr = { dtype: { type: typeOf(dtype) }, shape: { shape: { dim } } };
  const reference = emitter.node(name, "Placeholder", [], attr);
  return { reference, shape: shape.map((size) => (size >= 0 ? size : undefined)), dtype };
}

/** Layers of other dtypes have weights that Keras has quantised. */
const DTYPES = new Set<unknown>(["float32", "int32", "bool", "string"]);

/** @param scope names of the models around it, as a prefix for names of nodes. */
function emitModel(
  emitter: Emitter,
  model: LayerConfig,
  inputs: readonly Symbolic[],
  scope: string,
  depth: number,
): Symbolic[] {
  if (depth > MAX_NESTING) throw new Untranslatable(`models nested more than ${MAX_NESTING} levels deep`);
  const { layers } = model.config;
  if (!Array.isArray(layers) || layers.length === 0) throw new Untranslatable(`model "${model.name}" without layers`);
  if (model.className === "Sequential") return emitSequential(emitter, layers, inputs, scope, depth);
  if (model.className !== "Model" && model.className !== "Functional") {
    throw new Untranslatable(`model of class ${model.className}`);
  }
  return emitFunctional(emitter, model, layers, inputs, scope, depth);
}

function emitSequential(
  emitter: Emitter,
  layers: readonly unknown[],
  inputs: readonly Symbolic[],
  scope: string,
  depth: number,
): Symbolic[] {
  let current = inputs;
  for (const layer of layers.map(readLayerConfig)) {
    if (layer.className !== "InputLayer") current = emitLayer(emitter, layer, current, scope, depth);
  }
  return [...current];
}

function emitFunctional(
  emitter: Emitter,
  model: LayerConfig,
  layers: readonly unknown[],
  inputs: readonly Symbolic[],
  scope: string,
  depth: number,
): Symbolic[] {
  const known = new Map<string, Symbolic>();
  const entries = readReferences(model.config.input_layers, depth > 0);
  if (entries.length !== inputs.length) throw new Untranslatable(`${inputs.length} inputs for "${model.name}"`);
  entries.forEach((entry, index) => known.set(referenceKey(entry), inputs[index]!));
  const outputs = readReferences(model.config.output_layers, true);
  const configs = layers.map((each) => ({
    layer: readLayerConfig(each),
    inbound: isJsonObject(each) ? each.inbound_nodes : undefined,
  }));
  const names = new Set(configs.map(({ layer }) => layer.name));
  const read = configs
    .filter(({ layer }) => layer.className !== "InputLayer")
    .map(({ layer, inbound }) => ({
      layer,
      calls: readCalls(inbound, layer, 0, (name) => names.has(name), emitter.kerasMajor),
    }));
  const inside = read.flatMap(({ calls }) => calls.flatMap(referencesOf));
  const firsts = new Map(
    read.map(({ layer, calls }) => [layer.name, firstCallOf(layer, emitter.kerasMajor, calls.length, inside, outputs)]),
  );
  const insideReference = (reference: LayerReference): LayerReference =>
    fromFirst(reference, firsts.get(reference.layer)?.inside ?? 0);
  const insideKey = (reference: LayerReference): string => referenceKey(insideReference(reference));
  const listed = read.flatMap(({ layer, calls }) => calls.map((call) => ({ layer, call })));
  let pending = listed.some(({ layer }) => takesMasks(layer.className, emitter.kerasMajor))
    ? inRunningOrder(
        listed,
        ({ layer, call }) => ({
          layer: layer.name,
          key: callKey({ layer: layer.name, node: call.index }),
          sources: referencesOf(call).map((reference) => callKey(insideReference(reference))),
        }),
        outputs.map((reference) => callKey(fromFirst(reference, firsts.get(reference.layer)?.outputs ?? 0))),
      )
    : listed;
  while (pending.length > 0) {
    const waiting: typeof pending = [];
    for (const { layer, call } of pending) {
      if (!referencesOf(call).every((reference) => known.has(insideKey(reference)))) {
        waiting.push({ layer, call });
        continue;
      }
      const find = (reference: LayerReference): Symbolic => known.get(insideKey(reference))!;
      const given = fillCall(call, find);
      const results = emitLayer(emitter, layer, call.inputs.map(find), scope, depth, given);
      results.forEach((result, index) => {
        known.set(referenceKey({ layer: layer.name, node: call.index, tensor: index }), result);
      });
      if (takesMasks(layer.className, emitter.kerasMajor)) dropMasks(known, call.inputs.map(find));
    }
    if (waiting.length === pending.length)
      throw new Untranslatable(`layer "${waiting[0]!.layer.name}", whose inputs are never made`);
    pending = waiting;
  }
  return outputs.map((reference) => {
    const first = firsts.get(reference.layer)?.outputs ?? 0;
    const result = known.get(referenceKey(fromFirst(reference, first)));
    if (result === undefined) throw new Untranslatable(`output "${reference.layer}", which no layer makes`);
    return result;
  });
}

function callKey({ layer, node }: Pick<LayerReference, "layer" | "node">): string {
  return `${layer}#${node}`;
}

/** Layers that run later see these tensors without their masks. */
function dropMasks(known: Map<string, Symbolic>, tensors: readonly Symbolic[]): void {
  const references = new Set(tensors.map(({ reference }) => reference));
  for (const [key, symbolic] of known) {
    if (references.has(symbolic.reference)) known.set(key, { ...symbolic, mask: undefined });
  }
}

/** Put the tensors into the arguments of a call. */
function fillCall({ args, kwargs }: Call, find: (reference: LayerReference) => Symbolic): LayerCall {
  const fill = (value: unknown): unknown =>
    mapInstances(value, LayerReference, (reference) => new TensorArgument(find(reference)));
  const tensors = new Map<string, Symbolic>();
  const options: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(kwargs)) {
    if (value instanceof LayerReference) tensors.set(key, find(value));
    else options[key] = fill(value);
  }
  return { tensors, options, args: args.map(fill) };
}

function referencesOf({ inputs, args, kwargs }: Call): LayerReference[] {
  return [...inputs, ...instancesIn([args, Object.values(kwargs)], LayerReference)];
}

function emitLayer(
  emitter: Emitter,
  layer: LayerConfig,
  given: readonly Symbolic[],
  scope: string,
  depth: number,
  call: LayerCall = PLAIN_CALL,
): Symbolic[] {
  const inputs = withGivenMasks(given, call);
  const name = `${scope}${layer.name}`;
  if (Array.isArray(layer.config.layers)) return emitModel(emitter, layer, inputs, `${name}/`, depth + 1);
  if (inputs.length === 0) throw new Untranslatable(`layer "${layer.name}", whose inputs are not in the file`);
  if (layer.className === "TimeDistributed") {
    if (depth > MAX_NESTING) throw new Untranslatable(`layers nested more than ${MAX_NESTING} levels deep`);
    const emitInner: EmitInner = (inner, steps, within) => emitLayer(emitter, inner, steps, within, depth + 1);
    return naming(layer, () => [emitTimeDistributed(emitter, layer, inputs[0]!, name, emitInner)]);
  }
  if (layer.className === "SpectralNormalization") {
    if (depth > MAX_NESTING) throw new Untranslatable(`layers nested more than ${MAX_NESTING} levels deep`);
    return naming(layer, () => {
      // The kernel is stored as training has normalised it.
      const given = readLayerConfig(layer.config.layer);
      const isOwn = emitter.hasWeightsOf(given.name);
      const inner = isOwn ? given : new LayerConfig(given.className, layer.name, given.config);
      return emitLayer(emitter, inner, inputs, `${name}/`, depth + 1);
    });
  }
  const emit = layer.className.startsWith(OPERATION_PREFIX) ? emitKerasOp : LAYER_EMITTERS.get(layer.className);
  if (emit === undefined) throw new Untranslatable(`layer "${layer.name}" of class ${layer.className}`);
  if (!isOperation(layer.className) && !DTYPES.has(layer.config.dtype ?? "float32"))
    throw new Untranslatable(`layer "${layer.name}" of dtype ${show(layer.config.dtype, 60)}`);
  emitter.scope = scope;
  return naming(layer, () => {
    const emitted = emit(emitter, layer, inputs, name, call);
    const results = "reference" in emitted ? [emitted] : emitted;
    // Each layer needs a node of its own name, since it may be an output.
    const own = results.map((result) => {
      if (!inputs.some(({ reference }) => reference === result.reference)) return result;
      const attr = { T: { type: typeOf(result.dtype) } };
      return { ...result, reference: emitter.node(name, "Identity", [result.reference], attr) };
    });
    return withMasks(emitter, layer, inputs, own, name);
  });
}

/** Add the layer's name to the reason why it can't be translated. */
function naming<T>({ name, className }: LayerConfig, emit: () => T): T {
  try {
    return emit();
  } catch (thrown) {
    if (!(thrown instanceof Untranslatable)) throw thrown;
    throw new Untranslatable(`layer "${name}" (${className}): ${thrown.message}`);
  }
}
