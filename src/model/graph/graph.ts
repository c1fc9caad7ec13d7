import type { WeightRecipe } from "../../protocol/weight-recipe.js";
import type { TensorBinding } from "../../protocol/model-on-wire.js";
import type { JsonObject } from "../artifacts.js";

/** A node of a TensorFlow GraphDef, as JSON. */
export interface GraphNode {
  readonly name: string;
  readonly op: string;
  /** `node` for the first output, `node:1` for the next, `^node` for control inputs (which TF.js ignores in straight-line code). */
  readonly input: readonly string[];
  readonly attr: JsonObject;
}

/**
 * A model as a graph, which the optimiser rewrites and the cutter cuts. Graph models become one as they are, feed-forward Keras
 * models by translation. Immutable: passes return new graphs.
 */
export interface Graph {
  /** In topological order, producers first; only the edges that close a loop go backwards. Names are unique. */
  readonly nodes: readonly GraphNode[];
  /** Weights by the name of their Const node, including Consts inside functions. */
  readonly weights: ReadonlyMap<string, WeightRecipe>;
  /** `name` is the public name, `tensorName` always has the form `node:index`. */
  readonly inputs: readonly TensorBinding[];
  readonly outputs: readonly TensorBinding[];
  /** `library` of the GraphDef (bodies of If and While). No pass changes it. */
  readonly library: JsonObject | undefined;
  readonly versions: JsonObject | undefined;
  /** A separate graph that fills hash tables; TF.js runs it once when it loads the model. */
  readonly initializer: GraphInitializer | undefined;
}

export interface GraphInitializer {
  readonly topology: JsonObject;
  readonly signature: JsonObject | undefined;
  /** The entries of the model's signature that TF.js feeds from the initializer's outputs. */
  readonly resourceInputs: JsonObject;
}

/** One output of a node as `node:index`, with index 0 written out. Tensors that pass between stages have it as their key. */
export type TensorKey = string;

/** @param reference as in `GraphNode.input`; not a control input. */
export function tensorKey(reference: string): TensorKey {
  const { node, index } = parseReference(reference);
  return `${node}:${index}`;
}

export interface TensorReference {
  readonly node: string;
  readonly index: number;
  readonly isControl: boolean;
}

/** Parse `node`, `node:1` or `^node`. Inside functions, TensorFlow also writes `node:output_name:1`. */
export function parseReference(reference: string): TensorReference {
  // Most references are a bare name, and a large graph has a million of them.
  if (!reference.includes(":") && !reference.startsWith("^")) return { node: reference, index: 0, isControl: false };
  const isControl = reference.startsWith("^");
  const parts = (isControl ? reference.slice(1) : reference).split(":");
  const index = parts.length === 1 ? 0 : Number(parts.at(-1));
  return { node: parts[0]!, index: Number.isInteger(index) ? index : 0, isControl };
}
