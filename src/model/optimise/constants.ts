import type { ConstantExpression, WeightRecipe } from "../../protocol/weight-recipe.js";
import { broadcastShape } from "../constant-expression.js";
import { parseReference, type GraphNode } from "../graph/graph.js";

/** A tensor that is the same in every run. */
export interface ConstantTensor {
  readonly shape: readonly number[];
  readonly value: ConstantExpression;
}

const BINARY_OPS = {
  Add: "add",
  AddV2: "add",
  BiasAdd: "add",
  Sub: "sub",
  Mul: "mul",
  RealDiv: "div",
  Maximum: "maximum",
  Minimum: "minimum",
} as const;
const UNARY_OPS = { Rsqrt: "rsqrt", Sqrt: "sqrt", Neg: "neg" } as const;

/** Looks constants up, weights and what is computed from weights alone; float32 only. Nothing is expanded. */
export class Constants {
  readonly #nodes: ReadonlyMap<string, GraphNode>;
  readonly #weights: ReadonlyMap<string, WeightRecipe>;
  readonly #known = new Map<string, ConstantTensor | undefined>();

  constructor(nodes: ReadonlyMap<string, GraphNode>, weights: ReadonlyMap<string, WeightRecipe>) {
    this.#nodes = nodes;
    this.#weights = weights;
    // In topological order, so that nothing is looked up before it is known.
    for (const node of nodes.values()) this.#known.set(node.name, this.#evaluate(node));
  }

  /** @param reference as in a node's input; `undefined` where it is no constant. */
  get(reference: string | undefined): ConstantTensor | undefined {
    if (reference === undefined) return undefined;
    const { node, index, isControl } = parseReference(reference);
    return index === 0 && !isControl ? this.#known.get(node) : undefined;
  }

  #evaluate({ name, op, input }: GraphNode): ConstantTensor | undefined {
    if (op === "Const") return input.length === 0 ? constantOf(this.#weights.get(name)) : undefined;
    if (op === "Identity" && input.length === 1) return this.get(input[0]);
    if (isKey(BINARY_OPS, op) && input.length === 2) {
      const [a, b] = [this.get(input[0]), this.get(input[1])];
      const shape = a && b && broadcastShape(a.shape, b.shape);
      return a && b && shape && { shape, value: { op: BINARY_OPS[op], a: a.value, b: b.value } };
    }
    if (isKey(UNARY_OPS, op) && input.length === 1) {
      const a = this.get(input[0]);
      return a && { shape: a.shape, value: { op: UNARY_OPS[op], a: a.value } };
    }
    return undefined;
  }

  /** Whether a node is one that constants are computed by: those may go once nobody reads them. */
  isConstantNode(name: string): boolean {
    return this.#known.get(name) !== undefined || this.#nodes.get(name)?.op === "Const";
  }
}

function constantOf(recipe: WeightRecipe | undefined): ConstantTensor | undefined {
  if (recipe === undefined || recipe.dtype !== "float32") return undefined;
  const { shape } = recipe;
  return recipe.kind === "computed"
    ? { shape, value: recipe.value }
    : { shape, value: { op: "weight", weight: recipe } };
}

function isKey<T extends object>(table: T, key: string): key is T extends unknown ? Extract<keyof T, string> : never {
  return Object.hasOwn(table, key);
}

/**
 * A constant as one value per output channel, or one for all; `undefined` where it differs along other axes, or would add axes.
 * @param rank of the tensor that it meets.
 */
export function perChannel(
  constant: ConstantTensor | undefined,
  channelCount: number,
  rank: number,
): ConstantExpression | undefined {
  if (constant === undefined || constant.shape.length > rank) return undefined;
  const count = constant.shape.reduce((product, size) => product * size, 1);
  if (count === 1) return { op: "reshape", a: constant.value, shape: [] };
  const isLastAxis = count === channelCount && constant.shape.at(-1) === channelCount;
  return isLastAxis ? { op: "reshape", a: constant.value, shape: [channelCount] } : undefined;
}
