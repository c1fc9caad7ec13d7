import { asJsonObject, isJsonObject, type JsonObject, asNumber, asText } from "../artifacts.js";
import { show } from "../malformed.js";
import { Untranslatable } from "./emitter.js";

/** One output of one call of a layer, as a config refers to it. */
export class LayerReference {
  readonly layer: string;
  readonly node: number;
  readonly tensor: number;

  constructor(layer: string, node: number, tensor: number) {
    this.layer = layer;
    this.node = node;
    this.tensor = tensor;
  }
}

/** A tensor of known values among the arguments of a call. `values` is nested like its shape. */
export class ConstantArgument {
  readonly values: unknown;
  readonly dtype: string;

  constructor(values: unknown, dtype: string) {
    this.values = values;
    this.dtype = dtype;
  }
}

/** Python's `start:stop:step`; each part is a number, a tensor or `undefined`. */
export class SliceArgument {
  readonly start: unknown;
  readonly stop: unknown;
  readonly step: unknown;

  constructor(start: unknown, stop: unknown, step: unknown) {
    this.start = start ?? undefined;
    this.stop = stop ?? undefined;
    this.step = step ?? undefined;
  }
}

/** Python's `...` in an index. */
export const ELLIPSIS = Symbol("ellipsis");

/** Marks the value of a first argument that is not a tensor, in configs of Keras 2. */
const CONSTANT_VALUE = "_CONSTANT_VALUE";

/**
 * Read a value among the arguments of a call, as Keras 2 or Keras 3 wrote it. Tensors become `LayerReference`s wherever they are.
 * @param isLayer whether the model has a layer of that name: Keras 2 writes a tensor as `["layer", 0, 0]`, like any list.
 * @throws Untranslatable for kinds of values that are not known here.
 */
export function readCallValue(value: unknown, isLayer: (name: string) => boolean): unknown {
  if (Array.isArray(value)) {
    return referenceIn(value, isLayer) ?? value.map((each: unknown) => readCallValue(each, isLayer));
  }
  if (!isJsonObject(value)) return value;
  const read = (each: unknown): unknown => readCallValue(each, isLayer);
  const config = asJsonObject(value.config);
  switch (value.class_name) {
    case undefined:
      break;
    case "__keras_tensor__":
      return readReference(config.keras_history);
    case "__tuple__":
      return read(value.items ?? config.value);
    case "__tensor__":
    case "__numpy__":
      return new ConstantArgument(config.value, asText(config.dtype));
    case "__ellipsis__":
      return ELLIPSIS;
    case "__slice__":
      return new SliceArgument(read(config.start), read(config.stop), read(config.step));
    default:
      throw new Untranslatable(`an argument of class ${show(value.class_name, 60)}`);
  }
  if (Object.keys(value).toSorted().join() === "start,step,stop") {
    return new SliceArgument(read(value.start), read(value.stop), read(value.step));
  }
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, read(each)]));
}

function referenceIn(value: readonly unknown[], isLayer: (name: string) => boolean): LayerReference | undefined {
  const [layer, node, tensor] = value;
  if (value.length !== 3 || typeof layer !== "string" || !isLayer(layer)) return undefined;
  return isIndex(node) && isIndex(tensor) ? new LayerReference(layer, node, tensor) : undefined;
}

/** Read `["layer", 0, 0]`. @throws Untranslatable */
export function readReference(value: unknown): LayerReference {
  const [layer, node, tensor]: unknown[] = Array.isArray(value) ? value : [];
  if (typeof layer === "string" && isIndex(node) && isIndex(tensor)) return new LayerReference(layer, node, tensor);
  throw new Untranslatable(`an unreadable reference ${show(value, 60)}`);
}

function isIndex(value: unknown): value is number {
  return Number.isSafeInteger(value) && asNumber(value) >= 0;
}

/**
 * Read the first argument of a call as Keras 2 writes it: `["layer", 0, 0, options]`, or lists and dicts of such. The options are
 * the same beside each tensor.
 */
export function readFirstArgument(
  value: unknown,
  isLayer: (name: string) => boolean,
): { readonly argument: unknown; readonly options: JsonObject } {
  let options: JsonObject = {};
  const read = (each: unknown): unknown => {
    if (Array.isArray(each)) {
      if (typeof each[0] !== "string") return each.map(read);
      if (isJsonObject(each[3])) options = each[3];
      return each[0] === CONSTANT_VALUE ? readCallValue(each[2], isLayer) : readReference(each);
    }
    if (!isJsonObject(each)) throw new Untranslatable(`an unreadable call with ${show(each, 60)}`);
    return Object.fromEntries(Object.entries(each).map(([key, inner]) => [key, read(inner)]));
  };
  const argument = read(value);
  // A list with one tensor is that tensor.
  const isSingle = Array.isArray(argument) && argument.length === 1 && argument[0] instanceof LayerReference;
  return { argument: isSingle ? argument[0] : argument, options };
}

/** Replace every instance of `kind` in lists, dicts and slices. */
export function mapInstances<T extends object>(
  value: unknown,
  kind: abstract new (...parts: never[]) => T,
  replace: (each: T) => unknown,
): unknown {
  const map = (each: unknown): unknown => mapInstances(each, kind, replace);
  if (value instanceof kind) return replace(value);
  if (Array.isArray(value)) return value.map(map);
  if (value instanceof SliceArgument) return new SliceArgument(map(value.start), map(value.stop), map(value.step));
  if (!isPlain(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, map(each)]));
}

/** All instances of `kind` in a value, in order. Entries of dicts come in the order of their keys, as Keras flattens them. */
export function instancesIn<T extends object>(value: unknown, kind: abstract new (...parts: never[]) => T): T[] {
  if (value instanceof kind) return [value];
  if (Array.isArray(value)) return value.flatMap((each) => instancesIn(each, kind));
  if (value instanceof SliceArgument) return instancesIn([value.start, value.stop, value.step], kind);
  if (!isPlain(value)) return [];
  return Object.keys(value)
    .toSorted()
    .flatMap((key) => instancesIn(value[key], kind));
}

function isPlain(value: unknown): value is JsonObject {
  return isJsonObject(value) && (Object.getPrototypeOf(value) as object | null)?.constructor === Object;
}
