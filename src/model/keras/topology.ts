import { asJsonObject, isJsonObject, type JsonObject } from "../artifacts.js";
import { parametersOf } from "./call-parameters.js";
import { instancesIn, LayerReference, readCallValue, readFirstArgument, readReference } from "./call-values.js";
import { Untranslatable } from "./emitter.js";
import type { LayerConfig } from "./layer-config.js";
import { isOperation } from "./operations.js";

/** One application of a layer; a layer that is applied several times has several calls. */
export interface Call {
  readonly index: number;
  /** The tensors that are the layer's inputs. */
  readonly inputs: readonly LayerReference[];
  /** Further arguments, with `LayerReference`s for tensors. */
  readonly args: readonly unknown[];
  readonly kwargs: JsonObject;
}

export function referenceKey({ layer, node, tensor }: Pick<LayerReference, "layer" | "node" | "tensor">): string {
  return `${layer}#${node}#${tensor}`;
}

/**
 * Read the inputs or outputs of a model: `[["layer", 0, 0], …]`, a single reference, or lists and dicts of them.
 * @param isSorted whether those of a dict come in the order of their keys, as where a model is called as a layer, or as in the config.
 * @throws Untranslatable
 */
export function readReferences(value: unknown, isSorted = false): LayerReference[] {
  const references = namedReferences(value, isSorted).map(({ reference }) => reference);
  if (references.length === 0) throw new Untranslatable("a model without input_layers or output_layers");
  return references;
}

/** A tensor, and its key if the innermost structure that holds it is a dict. */
export interface NamedReference {
  readonly key: string | undefined;
  readonly reference: LayerReference;
}

/** Like `readReferences`, with the keys of dicts. @throws Untranslatable */
export function namedReferences(value: unknown, isSorted = false, key?: string): NamedReference[] {
  if (isJsonObject(value)) {
    const keys = isSorted ? Object.keys(value).toSorted() : Object.keys(value);
    return keys.flatMap((inner) => namedReferences(value[inner], isSorted, inner));
  }
  if (!Array.isArray(value) || typeof value[0] === "string") return [{ key, reference: readReference(value) }];
  return value.flatMap((each) => namedReferences(each, isSorted));
}

/**
 * Read `inbound_nodes` of a layer in a functional model, as Keras 2 writes them (lists) or Keras 3 (`args` and `kwargs`).
 * @param isLayer whether the model has a layer of that name.
 * @throws Untranslatable if a call passes anything that the layer's emitter doesn't read.
 */
export function readCalls(
  value: unknown,
  layer: LayerConfig,
  firstIndex: number,
  isLayer: (name: string) => boolean,
  kerasMajor: 2 | 3,
): Call[] {
  if (!Array.isArray(value)) throw new Untranslatable(`layer "${layer.name}" without inbound_nodes`);
  return value.map((call: unknown, index) => {
    const { args, kwargs } = readArguments(call, layer, isLayer);
    const isNeeded = ([key, each]: [string, unknown]): boolean =>
      isPassed(each) && !(key === "training" && isOverridden(layer, kerasMajor));
    const given = Object.fromEntries(Object.entries(kwargs).filter(isNeeded));
    return { index: firstIndex + index, ...assign(args, given, layer) };
  });
}

function isPassed(value: unknown): boolean {
  return value !== undefined && value !== null && value !== false;
}

/** In Keras 3 a model that predicts tells its layers so, whatever their calls say. In Keras 2 the call has the last word. */
function isOverridden({ config }: LayerConfig, kerasMajor: 2 | 3): boolean {
  const dropsNothing = config.dropout === 0 && (config.recurrent_dropout ?? 0) === 0;
  return kerasMajor === 3 || dropsNothing;
}

function readArguments(
  call: unknown,
  { name }: LayerConfig,
  isLayer: (name: string) => boolean,
): { args: unknown[]; kwargs: JsonObject } {
  if (isJsonObject(call) && (Array.isArray(call.args) || isJsonObject(call.kwargs))) {
    const args: unknown = readCallValue(call.args ?? [], isLayer);
    return {
      args: Array.isArray(args) ? args : [args],
      kwargs: asJsonObject(readCallValue(call.kwargs ?? {}, isLayer)),
    };
  }
  if (!isJsonObject(call) && !(Array.isArray(call) && call.length > 0))
    throw new Untranslatable(`layer "${name}" with an unreadable call`);
  const { argument, options } = readFirstArgument(call, isLayer);
  return { args: [argument], kwargs: asJsonObject(readCallValue(options, isLayer)) };
}

/** What layers name their first argument. */
const FIRST_NAMES = ["inputs", "x", "query", "sequences", "sequence", "data"];

/** The masks of several inputs come in a list or a dict; `undefined` if there are none. */
function listOfMasks(mask: unknown): unknown {
  if (mask === undefined || mask instanceof LayerReference) return mask;
  const dict = isJsonObject(mask) ? mask : undefined;
  const list: unknown =
    dict === undefined
      ? mask
      : Object.keys(dict)
          .toSorted()
          .map((key) => dict[key]);
  return Array.isArray(list) && !list.some(isPassed) ? undefined : list;
}

/** Divide the arguments of a call into the layer's inputs and others. */
function assign(args: readonly unknown[], kwargs: JsonObject, { className, name }: LayerConfig): Omit<Call, "index"> {
  if (isOperation(className)) {
    return { inputs: instancesIn([args, Object.values(kwargs)], LayerReference), args, kwargs };
  }
  const { positional, inputs, options } = parametersOf(className);
  const [first, ...others] = args;
  if (others.length > positional.length && others.slice(positional.length).some(isPassed))
    throw new Untranslatable(`layer "${name}" called with ${args.length} arguments`);
  const named: JsonObject = {
    ...Object.fromEntries(others.flatMap((each, index) => (isPassed(each) ? [[positional[index]!, each]] : []))),
    ...kwargs,
  };
  const mask = listOfMasks(named.mask);
  // Keras 3 may pass the first argument by name.
  const firstName = first === undefined ? FIRST_NAMES.find((key) => named[key] !== undefined) : undefined;
  const byName = firstName === undefined ? undefined : named[firstName];
  const rest: JsonObject = { ...named, mask, ...(firstName === undefined ? {} : { [firstName]: undefined }) };
  const other = Object.keys(rest).find(
    (key) => rest[key] !== undefined && !inputs.includes(key) && !options.includes(key),
  );
  if (other !== undefined) throw new Untranslatable(`layer "${name}" called with the option ${other.slice(0, 40)}`);
  const passed = [first ?? byName, ...inputs.map((key) => rest[key])];
  return {
    inputs: instancesIn(passed, LayerReference),
    args: [],
    kwargs: Object.fromEntries(options.filter((key) => rest[key] !== undefined).map((key) => [key, rest[key]])),
  };
}

/** The number that a layer's first call has in references to it. */
export interface FirstCall {
  /** In the arguments of other layers. */
  readonly inside: 0 | 1;
  /** In the model's outputs. */
  readonly outputs: 0 | 1;
}

/**
 * Find the number of a layer's first call. A nested model may have made call 0 when it was built, which nothing refers to then. Keras 3
 * counts that call for functional models, and only where their outputs are the model's own.
 *
 * @param callCount of the layer. @param inside, @param outputs all references in the model.
 * Source: `get_config`, `serialize_node` and `functional_from_config` of keras/src/models/functional.py, 3.15.
 */
export function firstCallOf(
  layer: LayerConfig,
  kerasMajor: 2 | 3,
  callCount: number,
  inside: readonly LayerReference[],
  outputs: readonly LayerReference[],
): FirstCall {
  if (!Array.isArray(layer.config.layers)) return { inside: 0, outputs: 0 };
  const numbersIn = (references: readonly LayerReference[]): number[] =>
    references.filter((reference) => reference.layer === layer.name).map(({ node }) => node);
  if (kerasMajor === 2) {
    const first = [...numbersIn(inside), ...numbersIn(outputs)].includes(0) ? 0 : 1;
    return { inside: first, outputs: first };
  }
  // Only with the call of its building among them do the numbers reach the count of calls.
  const reaches = numbersIn(inside).some((node) => node >= callCount);
  const isCounted = layer.className !== "Sequential" && !numbersIn(outputs).includes(0);
  return { inside: reaches ? 1 : 0, outputs: isCounted ? 1 : 0 };
}

/** A reference to a call by its place among the layer's calls, from 0. */
export function fromFirst({ layer, node, tensor }: LayerReference, first: number): LayerReference {
  return new LayerReference(layer, node - first, tensor);
}
