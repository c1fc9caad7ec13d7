import type { WeightRecipe } from "../../protocol/weight-recipe.js";
import type { TensorBinding } from "../../protocol/model-on-wire.js";
import type { JsonObject } from "../artifacts.js";

/** A node of a TensorFlow GraphDef, as JSON. */
export interface GraphNode {
  readonly name: string;
  readonly op: string;
  /** `node`, `node:1` for further outputs, `^node` for control inputs (which TF.js ignores in straight-line code). */
  readonly input: readonly string[];
  readonly attr: JsonObject;
}

/**
 * A model as a graph: what the optimiser rewrites and the cutter cuts. Both formats end here, graph models as
 * they are, feed-forward Keras models by translation. Immutable: passes return new graphs.
 */
export interface Graph {
  /** In topological order, producers first (loops: as the file has them). Names are unique. */
  readonly nodes: readonly GraphNode[];
  /** Weights by the name of the Const node that they belong to, Consts inside functions included. */
  readonly weights: ReadonlyMap<string, WeightRecipe>;
  /** Public names, and the tensor each is: `tensorName` is always `node:index`. */
  readonly inputs: readonly TensorBinding[];
  readonly outputs: readonly TensorBinding[];
  /** `library` of the GraphDef (bodies of If and While), untouched by every pass. */
  readonly library: JsonObject | undefined;
  readonly versions: JsonObject | undefined;
  /** Hash tables are filled by a graph of their own, which TF.js runs once on load. */
  readonly initializer: GraphInitializer | undefined;
}

export interface GraphInitializer {
  readonly topology: JsonObject;
  readonly signature: JsonObject | undefined;
  /** Entries of the model's signature for what TF.js feeds from the initializer's outputs. */
  readonly resourceInputs: JsonObject;
}

/** One output of a node: `node:index`, index 0 written out. The key of tensors that pass between stages. */
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

/** Take `node`, `node:1` or `^node` apart. TensorFlow also writes `node:output_name:1` inside functions. */
export function parseReference(reference: string): TensorReference {
  const isControl = reference.startsWith("^");
  const parts = (isControl ? reference.slice(1) : reference).split(":");
  const index = parts.length === 1 ? 0 : Number(parts.at(-1));
  return { node: parts[0]!, index: Number.isInteger(index) ? index : 0, isControl };
}
