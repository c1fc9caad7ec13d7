import { asJsonObject, asNumber } from "../artifacts.js";
import { fusedOps } from "../optimise/attributes.js";
import type { RecurrentActivation } from "../recurrent-ops.js";
import type { LoopBody, Term } from "./loop-body.js";
import type { LoopVariable } from "./read-loops.js";

type NodeTerm = Term & { kind: "node" };

const ACTIVATIONS: ReadonlyMap<string, RecurrentActivation> = new Map([
  ["Tanh", "tanh"],
  ["Sigmoid", "sigmoid"],
  ["Relu", "relu"],
  ["Elu", "elu"],
  ["Selu", "selu"],
  ["Softplus", "softplus"],
]);

/** An activation, and the reference to what it is applied to. */
export interface Activated {
  readonly activation: RecurrentActivation;
  readonly of: string;
}

export function activated(body: LoopBody, reference: string): Activated | undefined {
  const node = body.node(reference, ...ACTIVATIONS.keys());
  return node && { activation: ACTIVATIONS.get(node.node.op)!, of: node.node.input[0]! };
}

export interface LinearSum {
  readonly x: string;
  readonly h: LoopVariable;
  readonly units: number;
  readonly kernel: string;
  readonly recurrentKernel: string;
  readonly biases: readonly string[];
}

/** x·kernel + h·recurrent + bias, with `gateCount` columns for each unit. */
export function matchSum(body: LoopBody, reference: string, gateCount: number): LinearSum | undefined {
  const sum = readSum(body, reference);
  if (sum?.products.length !== 2) return undefined;
  for (const [first, second] of [sum.products, sum.products.toReversed()] as const) {
    const h = body.variable(second!.operand);
    if (h === undefined || body.variable(first!.operand) !== undefined) continue;
    const [units, columns] = second!.shape;
    if (columns !== gateCount * units! || first!.shape[1] !== columns) return undefined;
    const biases = biasesOf(sum, columns);
    if (biases === undefined) return undefined;
    return { x: first!.operand, h, units: units!, kernel: first!.kernel, recurrentKernel: second!.kernel, biases };
  }
  return undefined;
}

/** One product, of the input (which is no variable) or of the variable `of`, and at most one bias. */
export function matchProduct(body: LoopBody, reference: string, gateCount: number, of: LoopVariable | "input") {
  const sum = readSum(body, reference);
  const [only, ...others] = sum?.products ?? [];
  if (sum === undefined || only === undefined || others.length > 0) return undefined;
  const variable = body.variable(only.operand);
  if (of === "input" ? variable !== undefined : variable !== of) return undefined;
  const [rows, columns] = only.shape as [number, number];
  const biases = biasesOf(sum, columns);
  if (biases === undefined || biases.length > 1 || columns % gateCount !== 0) return undefined;
  return { operand: only.operand, kernel: only.kernel, rows, units: columns / gateCount, biases };
}

function biasesOf({ biases }: Sum, columns: number): string[] | undefined {
  const fits = biases.every(({ size }) => size === undefined || size === columns);
  return fits ? biases.map(({ reference }) => reference) : undefined;
}

interface Product {
  readonly operand: string;
  readonly kernel: string;
  /** Of the kernel: rows and columns. */
  readonly shape: readonly number[];
}

interface Sum {
  readonly products: readonly Product[];
  /** `size` is `undefined` where only the op says that it is one value for each column. */
  readonly biases: readonly { readonly reference: string; readonly size: number | undefined }[];
}

/** Read a sum of products with constant kernels, and of biases. */
function readSum(body: LoopBody, reference: string): Sum | undefined {
  const single = product(body, reference);
  if (single !== undefined) return { products: [single], biases: [] };
  const node = body.node(reference, "AddV2", "Add", "BiasAdd", "_FusedMatMul");
  if (node === undefined) return undefined;
  const [a, b, c] = node.node.input;
  if (node.node.op === "_FusedMatMul") {
    const first = fusedOps(node.node.attr).join() === "BiasAdd" ? plainProduct(body, node, a!, b!) : undefined;
    const rest = c === undefined ? undefined : addend(body, c, false);
    return first && rest && { products: [first, ...rest.products], biases: rest.biases };
  }
  const isBias = node.node.op === "BiasAdd";
  const [left, right] = [a && addend(body, a, false), b && addend(body, b, isBias)];
  if (!left || !right) return undefined;
  return { products: [...left.products, ...right.products], biases: [...left.biases, ...right.biases] };
}

function addend(body: LoopBody, reference: string, isBias: boolean): Sum | undefined {
  const fixed = body.fixed(reference);
  if (fixed === undefined) return readSum(body, reference);
  const shape = body.shape(reference);
  if (shape === undefined)
    return isBias ? { products: [], biases: [{ reference: fixed, size: undefined }] } : undefined;
  return shape.length === 1 ? { products: [], biases: [{ reference: fixed, size: shape[0] }] } : undefined;
}

export function product(body: LoopBody, reference: string): Product | undefined {
  const node = body.node(reference, "MatMul");
  return node && plainProduct(body, node, node.node.input[0]!, node.node.input[1]!);
}

function plainProduct(body: LoopBody, { node }: NodeTerm, operand: string, kernel: string): Product | undefined {
  const isPlain = ["transpose_a", "transpose_b"].every((key) => asJsonObject(node.attr[key]).b !== true);
  const shape = body.shape(kernel);
  const fixed = body.fixed(kernel);
  return isPlain && fixed !== undefined && shape?.length === 2 ? { operand, kernel: fixed, shape } : undefined;
}

/** One of the parts of a tensor that is divided along its last axis of two. */
export interface Part {
  readonly whole: string;
  /** How many columns it has, and each part before it; `undefined` if all parts are alike. */
  readonly size: number | undefined;
  /** How many parts there are that are all alike. */
  readonly count: number | undefined;
}

/** Whether a part is one of `count` that have `units` columns each. */
export function isPart({ size, count }: Part, units: number, expected: number): boolean {
  return size === undefined ? count === expected : size === units;
}

export function partOf(body: LoopBody, reference: string, index: number): Part | undefined {
  const node = body.node(reference, "Split", "SplitV");
  if (node === undefined || node.index !== index) return undefined;
  const { op, input, attr } = node.node;
  const axis = body.integer(op === "Split" ? input[0] : input[2]);
  const whole = canonical(body, op === "Split" ? input[1]! : input[0]!);
  if ((axis !== 1 && axis !== -1) || whole === undefined) return undefined;
  if (op === "Split") return { whole, size: undefined, count: asNumber(asJsonObject(attr.num_split).i) };
  const sizes = body.constants.integers(body.fixed(input[1]));
  const size = sizes?.[index];
  if (sizes === undefined || size === undefined || sizes.slice(0, index).some((each) => each !== size))
    return undefined;
  return { whole, size, count: undefined };
}

/** A reference that is the same for the same output, without the nodes that pass it on. */
function canonical(body: LoopBody, reference: string): string | undefined {
  const term = body.resolve(reference);
  return term?.kind === "node" ? `${term.node.name}:${term.index}` : undefined;
}
