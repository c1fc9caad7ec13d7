import type { ConstantExpression, StoredWeight, WeightRecipe } from "../../protocol/weight-recipe.js";
import { type JsonObject, asText } from "../artifacts.js";
import type { GraphNode } from "../graph/graph.js";

/** A tensor while a Keras model is being translated. */
export interface Symbolic {
  /** As a node's input: `node` or `node:1`. */
  readonly reference: string;
  /** `undefined` for a size that is not known before the run; axis 0 is the batch. */
  readonly shape: readonly (number | undefined)[];
  readonly dtype: "float32" | "int32" | "bool" | "string";
  /**
   * Which steps of a sequence count: a bool tensor `[batch, time]`, of one rank less than this tensor or fewer. Layers that take masks
   * read it from their inputs; which mask a layer's outputs have is decided in `masks.ts`, whatever the emitter returns.
   */
  readonly mask?: Symbolic | undefined;
}

/** Why a model can't be translated. `translateLayers` catches it, so users never see it as an error. */
export class Untranslatable extends Error {}

/** Names of weights that Keras 3 changed. */
const OTHER_NAMES: ReadonlyMap<string, string> = new Map([["depthwise_kernel", "kernel"]]);

/** Collects the nodes and weights of a translated model. */
export class Emitter {
  readonly nodes: GraphNode[] = [];
  readonly weights = new Map<string, WeightRecipe>();
  /** Layers of Keras 3 differ from those of Keras 2 in some defaults and in how they merge masks. Models of TF.js count as Keras 2. */
  readonly kerasMajor: 2 | 3;
  /** Whether TF.js wrote the model. It lists the states of stacked cells from the last cell to the first. */
  readonly isOfTfjs: boolean;
  /** The names of the models around the layer that is being translated, each with "/" after it. */
  scope = "";
  readonly #stored: ReadonlyMap<string, StoredWeight>;
  readonly #names = new Set<string>();

  /** @param stored the file's weights by name. */
  constructor(stored: ReadonlyMap<string, StoredWeight>, kerasMajor: 2 | 3 = 2, isOfTfjs = false) {
    this.#stored = stored;
    this.isOfTfjs = isOfTfjs;
    this.kerasMajor = kerasMajor;
  }

  /** Add a node. A counter is added to its name if that is taken. @returns a reference to its first output. */
  node(name: string, op: string, input: readonly string[], attr: JsonObject = {}): string {
    const unique = this.#claim(name);
    this.nodes.push({ name: unique, op, input, attr });
    return unique;
  }

  /** Give the node that was added last another name, if it makes `reference` and the name is free. @returns its reference. */
  renameLast(reference: string, name: string): string {
    const last = this.nodes.at(-1);
    const plain = plainName(name);
    if (last === undefined || last.name !== reference || last.op === "Const" || this.#names.has(plain))
      return reference;
    this.#names.delete(last.name);
    this.#names.add(plain);
    this.nodes[this.nodes.length - 1] = { ...last, name: plain };
    return plain;
  }

  /**
   * Find a weight of a layer by its Keras name (`layer/kernel`, perhaps with scopes before it or a cell's name in between). Where
   * layers of two models inside the model have the same name, the one whose models are named too is found.
   * @throws Untranslatable if the file has no weight of that name.
   */
  stored(layer: string, weight: string): StoredWeight {
    const found = this.#find(layer, weight) ?? this.#find(layer, OTHER_NAMES.get(weight) ?? weight);
    if (found !== undefined) return found;
    throw new Untranslatable(`weight "${layer}/${weight}" is not in the file`);
  }

  /** A weight whose name is not preceded by its layer's, as Keras 2 writes those that `adapt` makes. */
  bare(weight: string): StoredWeight | undefined {
    return this.#stored.get(weight);
  }

  #find(layer: string, weight: string): StoredWeight | undefined {
    const scoped = this.#stored.get(`${this.scope}${layer}/${weight}`) ?? this.#stored.get(`${layer}/${weight}`);
    if (scoped !== undefined) return scoped;
    const matching = [...this.#stored].filter(
      ([name]) =>
        name.endsWith(`/${layer}/${weight}`) ||
        ((name.startsWith(`${layer}/`) || name.includes(`/${layer}/`)) && name.endsWith(`/${weight}`)),
    );
    const inScope = matching.filter(([name]) => name.endsWith(`/${this.scope}${layer}/${weight}`));
    const candidates = (inScope.length > 0 ? inScope : matching).toSorted(([a], [b]) => depthOf(a) - depthOf(b));
    const [first, second] = candidates;
    const isClear = first !== undefined && (second === undefined || depthOf(first[0]) < depthOf(second[0]));
    return isClear ? first[1] : undefined;
  }

  /**
   * The weights of a name whose scopes include `path`, in this order, as in `lstm/lstm_cell/kernel` or `model/rnn/cells/lstm_cell_1/kernel`.
   * In the order of the file; those with the fewest other scopes only.
   */
  storedBelow(path: readonly string[], weight: string): StoredWeight[] {
    const matching = [...this.#stored].flatMap(([name, stored]) => {
      const scopes = name.replace(/:\d+$/, "").split("/");
      // Old files number equal names: kernel, kernel_1.
      if (scopes.pop()!.replace(/_\d+$/, "") !== weight) return [];
      let next = 0;
      for (const scope of scopes) if (scope === path[next]) next++;
      return next === path.length ? [{ stored, scopeCount: scopes.length }] : [];
    });
    const fewest = Math.min(...matching.map(({ scopeCount }) => scopeCount));
    return matching.filter(({ scopeCount }) => scopeCount === fewest).map(({ stored }) => stored);
  }

  /** Whether the file has weights named after a layer. */
  hasWeightsOf(layer: string): boolean {
    return [...this.#stored.keys()].some((name) => name.startsWith(`${layer}/`) || name.includes(`/${layer}/`));
  }

  /** Add a Const node with a stored or computed weight. A second call with the same name and recipe returns the same node. */
  constant(name: string, recipe: WeightRecipe): string {
    const known = this.weights.get(name);
    if (known !== undefined && JSON.stringify(known) === JSON.stringify(recipe)) return name;
    const type = recipe.dtype === "float32" ? "DT_FLOAT" : recipe.dtype === "bool" ? "DT_BOOL" : "DT_INT32";
    const unique = this.node(name, "Const", [], { dtype: { type } });
    this.weights.set(unique, recipe);
    return unique;
  }

  /** Add a constant of whole numbers: axes, shapes, paddings. */
  int32(name: string, values: readonly number[], shape: readonly number[] = [values.length]): string {
    return this.constant(name, { kind: "computed", shape, dtype: "int32", value: literal(values, shape) });
  }

  float32(name: string, values: readonly number[], shape: readonly number[] = [values.length]): string {
    return this.constant(name, { kind: "computed", shape, dtype: "float32", value: literal(values, shape) });
  }

  #claim(name: string): string {
    const plain = plainName(name);
    let unique = plain;
    for (let counter = 1; this.#names.has(unique); counter++) unique = `${plain}_${counter}`;
    this.#names.add(unique);
    return unique;
  }
}

/** TF.js reads ":" as the start of an output's index and "^" as a control input. */
/** TF.js looks nodes up in plain objects, where a layer named "constructor" would find what every object has. */
function plainName(name: string): string {
  const plain = name.replace(/[:^,]/g, "_") || "_";
  return plain in Object.prototype ? `${plain}_` : plain;
}

function depthOf(name: string): number {
  return name.split("/").length;
}

function literal(values: readonly number[], shape: readonly number[]): ConstantExpression {
  return { op: "literal", tensor: { shape, values } };
}

/** The sizes after the batch axis. @throws Untranslatable if one is not known before the run. */
export function knownSizes(shape: Symbolic["shape"], from = 1): number[] {
  return shape.slice(from).map((size) => {
    if (size === undefined) throw new Untranslatable("a size that is not known before the run");
    return size;
  });
}

export const FLOAT: JsonObject = { T: { type: "DT_FLOAT" } };

function utf8InBase64(text: string): string {
  return btoa(Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join(""));
}

/** Attributes in the JSON form of a GraphDef. */
export const attrs = {
  string: (text: string): JsonObject => ({ s: btoa(text) }),
  /** Any text, as UTF-8. */
  text: (text: string): JsonObject => ({ s: utf8InBase64(text) }),
  texts: (texts: readonly string[]): JsonObject => ({ list: { s: texts.map(utf8InBase64) } }),
  ints: (values: readonly number[]): JsonObject => ({ list: { i: values.map(asText) } }),
  float: (value: number): JsonObject => ({ f: value }),
  bool: (value: boolean): JsonObject => ({ b: value }),
  int: (value: number): JsonObject => ({ i: String(value) }),
};

const TYPES = { float32: "DT_FLOAT", int32: "DT_INT32", bool: "DT_BOOL", string: "DT_STRING" } as const;

export function typeOf(dtype: Symbolic["dtype"]): string {
  return TYPES[dtype];
}

export function castAttrs(from: Symbolic["dtype"], to: Symbolic["dtype"]): JsonObject {
  return { SrcT: { type: TYPES[from] }, DstT: { type: TYPES[to] } };
}

/** @throws Untranslatable */
export function requireFloat(x: Symbolic): Symbolic {
  if (x.dtype !== "float32") throw new Untranslatable(`an input of ${x.dtype}`);
  return x;
}

export function toFloat(emitter: Emitter, name: string, x: Symbolic): Symbolic {
  if (x.dtype === "float32") return x;
  const reference = emitter.node(`${name}/Cast`, "Cast", [x.reference], castAttrs(x.dtype, "float32"));
  return { ...x, reference, dtype: "float32" };
}
