import { elementCountOf } from "../../protocol/tensors.js";
import type { ConstantExpression, WeightRecipe } from "../../protocol/weight-recipe.js";
import { broadcastShape, evaluateConstant } from "../constant-expression.js";
import { parseReference, type Graph, type GraphNode } from "../graph/graph.js";

/** A tensor that is the same in every run. */
export interface ConstantTensor {
  readonly shape: readonly number[];
  readonly value: ConstantExpression;
  /** Number of operations that evaluating it takes. */
  readonly operationCount: number;
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

/** A batch normalisation that is written out takes ten; a chain that doubles itself would take exponentially many. */
const MAX_OPERATIONS = 48;

/** Shapes, paddings, axes and bounds have no more values than this. The page reads only these, never weights. */
const MAX_READ_VALUES = 64;

/** More than any layer needs. A constant that is added to itself, n times in a row, has 2^n terms. */
const MAX_TERMS = 256;

/** Looks up constants: weights, and what is computed from weights alone. Doesn't expand any weight. */
export class Constants {
  readonly #weights: ReadonlyMap<string, WeightRecipe>;
  readonly #weightData: ArrayBuffer | SharedArrayBuffer;
  readonly #known = new Map<string, ConstantTensor | undefined>();
  /** For each node, the number of operations and operands in its expression, counting repeated ones every time. */
  readonly #termCounts = new Map<string, number>();
  readonly #integers = new Map<string, ConstantTensor | undefined>();

  /** @param weightData the data that the recipes' offsets count from. */
  constructor({ nodes, weights }: Pick<Graph, "nodes" | "weights">, weightData: ArrayBuffer | SharedArrayBuffer) {
    this.#weights = weights;
    this.#weightData = weightData;
    // In topological order, so that nothing is looked up before it is known.
    for (const node of nodes) {
      const termCount = this.#countTerms(node);
      this.#termCounts.set(node.name, termCount);
      this.#known.set(node.name, termCount <= MAX_TERMS ? this.#evaluate(node) : undefined);
      if (node.op === "Const") this.#integers.set(node.name, constantOf(weights.get(node.name), "int32"));
    }
  }

  /** Returns a float32 constant, or `undefined` if it is not one. @param reference as in a node's input. */
  get(reference: string | undefined): ConstantTensor | undefined {
    return lookUp(this.#known, reference);
  }

  /** The values of a small int32 constant: an axis, a shape, paddings. `undefined` if it is not a constant, or a large one. */
  integers(reference: string | undefined): readonly number[] | undefined {
    return this.#read(lookUp(this.#integers, reference));
  }

  /** The value of a float32 constant that has only one. */
  scalar(reference: string | undefined): number | undefined {
    const values = this.#read(this.get(reference));
    return values?.length === 1 ? values[0] : undefined;
  }

  #read(constant: ConstantTensor | undefined): readonly number[] | undefined {
    if (constant === undefined || elementCountOf(constant.shape) > MAX_READ_VALUES) return undefined;
    return [...evaluateConstant(constant.value, this.#weightData).values];
  }

  #countTerms({ op, input }: GraphNode): number {
    const counts = input.map((reference) => this.#termCounts.get(parseReference(reference).node) ?? 0);
    return 1 + (op === "Square" ? 2 : 1) * counts.reduce((sum, count) => sum + count, 0);
  }

  #evaluate({ name, op, input }: GraphNode): ConstantTensor | undefined {
    if (op === "Const") return input.length === 0 ? constantOf(this.#weights.get(name), "float32") : undefined;
    const a = this.get(input[0]);
    if (a === undefined || input.some((each) => each.startsWith("^"))) return undefined;
    if (op === "Identity" && input.length === 1) return a;
    const b = op === "Square" ? a : this.get(input[1]);
    const result =
      op === "Square" || isKey(BINARY_OPS, op)
        ? b && combined(op === "Square" ? "mul" : BINARY_OPS[op], a, b)
        : isKey(UNARY_OPS, op)
          ? { ...a, value: { op: UNARY_OPS[op], a: a.value }, operationCount: a.operationCount + 1 }
          : rearranged(op, a, this.integers(input[1]));
    return result !== undefined && result.operationCount <= MAX_OPERATIONS ? result : undefined;
  }
}

function combined(
  op: (typeof BINARY_OPS)[keyof typeof BINARY_OPS],
  a: ConstantTensor,
  b: ConstantTensor,
): ConstantTensor | undefined {
  const shape = broadcastShape(a.shape, b.shape);
  const operationCount = a.operationCount + b.operationCount + 1;
  // An outer product is larger than its operands, so it stays an operation of TF.js.
  if (shape === undefined || elementCountOf(shape) > Math.max(elementCountOf(a.shape), elementCountOf(b.shape))) {
    return undefined;
  }
  return { shape, value: { op, a: a.value, b: b.value }, operationCount };
}

/** Reshape, ExpandDims or Transpose of a constant; `undefined` for other ops, or if the sizes don't fit. */
function rearranged(
  op: string,
  a: ConstantTensor,
  integers: readonly number[] | undefined,
): ConstantTensor | undefined {
  if (integers === undefined) return undefined;
  const { length: rank } = a.shape;
  const operationCount = a.operationCount + 1;
  if (op === "Transpose") {
    const isPermutation = integers.length === rank && integers.toSorted((x, y) => x - y).every((x, axis) => x === axis);
    if (!isPermutation) return undefined;
    const value: ConstantExpression = { op: "transpose", a: a.value, permutation: integers };
    return { shape: integers.map((axis) => a.shape[axis]!), value, operationCount };
  }
  const shape =
    op === "Reshape" ? openSize(integers, a.shape) : op === "ExpandDims" ? widened(a.shape, integers) : undefined;
  return shape && { shape, value: { op: "reshape", a: a.value, shape }, operationCount };
}

/** Replace a -1 in `sizes` by the size that it stands for; `undefined` if there is none, or if they are not those of as many elements. */
export function openSize(sizes: readonly number[], from: readonly number[]): readonly number[] | undefined {
  const total = elementCountOf(from);
  const known = elementCountOf(sizes.filter((size) => size !== -1));
  const shape = sizes.map((size) => (size === -1 ? total / known : size));
  return shape.every(Number.isInteger) && elementCountOf(shape) === total ? shape : undefined;
}

function widened(shape: readonly number[], [axis]: readonly number[]): readonly number[] | undefined {
  const place = axis! < 0 ? axis! + shape.length + 1 : axis!;
  return place >= 0 && place <= shape.length ? shape.toSpliced(place, 0, 1) : undefined;
}

function lookUp(
  constants: ReadonlyMap<string, ConstantTensor | undefined>,
  reference: string | undefined,
): ConstantTensor | undefined {
  if (reference === undefined) return undefined;
  const { node, index, isControl } = parseReference(reference);
  return index === 0 && !isControl ? constants.get(node) : undefined;
}

function constantOf(recipe: WeightRecipe | undefined, dtype: "float32" | "int32"): ConstantTensor | undefined {
  if (recipe === undefined || recipe.dtype !== dtype) return undefined;
  const { shape } = recipe;
  return recipe.kind === "computed"
    ? { shape, value: recipe.value, operationCount: 1 }
    : { shape, value: { op: "weight", weight: recipe }, operationCount: 0 };
}

function isKey<T extends object>(table: T, key: string): key is T extends unknown ? Extract<keyof T, string> : never {
  return Object.hasOwn(table, key);
}

/**
 * Read a constant as one value per output channel, or one for all channels; `undefined` if it differs along other axes, or if
 * broadcasting it would add axes.
 * @param rank rank of the tensor that the constant is combined with.
 */
export function perChannel(
  constant: ConstantTensor | undefined,
  channelCount: number,
  rank: number,
): ConstantExpression | undefined {
  if (constant === undefined || constant.shape.length > rank) return undefined;
  const count = elementCountOf(constant.shape);
  if (count === 1) return { op: "reshape", a: constant.value, shape: [] };
  const isLastAxis = count === channelCount && constant.shape.at(-1) === channelCount;
  return isLastAxis ? { op: "reshape", a: constant.value, shape: [channelCount] } : undefined;
}
