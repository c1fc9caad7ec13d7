import { asJsonObject } from "../artifacts.js";
import { fusedOps } from "../optimise/attributes.js";
import type { RecurrentActivation, RecurrentOp } from "../recurrent-ops.js";
import type { LoopBody, Term } from "./loop-body.js";
import type { LoopVariable } from "./read-loops.js";

/** A cell that was found in the body of a loop. References are to tensors outside the loop. */
export interface MatchedCell {
  readonly op: RecurrentOp;
  /** The variables that hold h and, for an LSTM, c. */
  readonly states: readonly LoopVariable[];
  /** What these are after the step, before any mask, as references within the body. */
  readonly nextStates: readonly string[];
  /** The step's input, as a reference within the body. */
  readonly x: string;
  readonly units: number;
  readonly kernel: string;
  /** To be joined along their columns. */
  readonly recurrentKernels: readonly string[];
  /** None, or one of all gates; two for a GRU with `resetAfter`. */
  readonly biases: readonly string[];
  readonly activation: RecurrentActivation;
  readonly recurrentActivation: RecurrentActivation;
  readonly resetAfter: boolean;
}

type NodeTerm = Term & { kind: "node" };

const ACTIVATIONS: ReadonlyMap<string, RecurrentActivation> = new Map([
  ["Tanh", "tanh"],
  ["Sigmoid", "sigmoid"],
  ["Relu", "relu"],
  ["Elu", "elu"],
  ["Selu", "selu"],
  ["Softplus", "softplus"],
]);

/** Match h after the step, before any mask, with the cells that Keras writes. `undefined` if anything is not as there. */
export function matchCell(body: LoopBody, h: string): MatchedCell | undefined {
  return matchLstm(body, h) ?? matchGru(body, h) ?? matchSimple(body, h);
}

function activated(body: LoopBody, reference: string): { activation: RecurrentActivation; of: string } | undefined {
  const node = body.node(reference, ...ACTIVATIONS.keys());
  return node && { activation: ACTIVATIONS.get(node.node.op)!, of: node.node.input[0]! };
}

/** h = o·act(c), c = f·c₀ + i·act(g), where i, f, g, o are the parts of one sum of products. */
function matchLstm(body: LoopBody, reference: string): MatchedCell | undefined {
  const product = body.node(reference, "Mul");
  if (product === undefined) return undefined;
  for (const [gate, shaped] of body.orders(product)) {
    const output = activated(body, gate);
    const carried = activated(body, shaped);
    const sum = carried && body.node(carried.of, "AddV2", "Add");
    if (output === undefined || sum === undefined) continue;
    for (const [kept, added] of body.orders(sum)) {
      const found = matchCarry(body, kept, added);
      if (found === undefined) continue;
      const { forget, input, candidate, c } = found;
      if (candidate.activation !== carried!.activation) return undefined;
      if (new Set([output.activation, forget.activation, input.activation]).size > 1) return undefined;
      const parts = [input, forget, candidate, output].map(({ of }, index) => partOf(body, of, index));
      const [z] = parts;
      if (z === undefined || parts.some((part) => part === undefined || part.whole !== z.whole)) return undefined;
      const linear = matchSum(body, z.whole, 4);
      if (linear === undefined || !parts.every((part) => isPart(part!, linear.units, 4))) return undefined;
      if (linear.biases.length > 1 || linear.h === c) return undefined;
      return {
        op: "_SharderLstm",
        states: [linear.h, c],
        nextStates: [reference, carried!.of],
        ...pick(linear),
        activation: candidate.activation,
        recurrentActivation: output.activation,
        resetAfter: false,
      };
    }
  }
  return undefined;
}

/** f·c₀ and i·act(g). */
function matchCarry(body: LoopBody, kept: string, added: string) {
  const [keep, add] = [body.node(kept, "Mul"), body.node(added, "Mul")];
  if (keep === undefined || add === undefined) return undefined;
  for (const [gate, state] of body.orders(keep)) {
    const c = body.variable(state);
    const forget = activated(body, gate);
    if (c === undefined || forget === undefined) continue;
    for (const [first, second] of body.orders(add)) {
      const [input, candidate] = [activated(body, first), activated(body, second)];
      // The input gate is the first part of the sum.
      if (input === undefined || candidate === undefined || partOf(body, input.of, 0) === undefined) continue;
      return { forget, input, candidate, c };
    }
  }
  return undefined;
}

/** h = z·h₀ + (1 − z)·act(candidate). */
function matchGru(body: LoopBody, reference: string): MatchedCell | undefined {
  const sum = body.node(reference, "AddV2", "Add");
  if (sum === undefined) return undefined;
  for (const [kept, added] of body.orders(sum)) {
    const [keep, add] = [body.node(kept, "Mul"), body.node(added, "Mul")];
    if (keep === undefined || add === undefined) continue;
    for (const [gate, state] of body.orders(keep)) {
      const h = body.variable(state);
      const update = activated(body, gate);
      if (h === undefined || update === undefined) continue;
      for (const [rest, shaped] of body.orders(add)) {
        const candidate = activated(body, shaped);
        if (candidate === undefined || !isOneMinus(body, rest, gate)) continue;
        return matchGates(body, reference, h, update, candidate);
      }
    }
  }
  return undefined;
}

function isOneMinus(body: LoopBody, reference: string, gate: string): boolean {
  const difference = body.node(reference, "Sub");
  const [one, z] = difference?.node.input ?? [];
  return body.constants.scalar(body.fixed(one)) === 1 && z !== undefined && isSame(body.resolve(z), body.resolve(gate));
}

function isSame(a: Term | undefined, b: Term | undefined): boolean {
  return a?.kind === "node" && b?.kind === "node" && a.node === b.node && a.index === b.index;
}

type Activated = NonNullable<ReturnType<typeof activated>>;

function matchGates(
  body: LoopBody,
  reference: string,
  h: LoopVariable,
  update: Activated,
  candidate: Activated,
): MatchedCell | undefined {
  const z = sumOfParts(body, update.of, 0);
  const sum = body.node(candidate.of, "AddV2", "Add");
  if (z === undefined || sum === undefined) return undefined;
  const input = matchProduct(body, z.first, 3, "input");
  if (input === undefined) return undefined;
  for (const [own, recurrent] of body.orders(sum)) {
    const part = partOf(body, own, 2);
    if (part?.whole !== z.first) continue;
    const found = resetAfter(body, h, z, recurrent) ?? resetBefore(body, h, z, recurrent);
    if (found === undefined || found.units !== input.units || found.gate !== update.activation) return undefined;
    const isAfter = found.kind === "after";
    const { units } = found;
    const isFitting = [...z.ofInput, part, ...found.ofInput].every((each) => isPart(each, units, 3));
    if (!isFitting || ![...z.ofState, ...found.ofState].every((each) => isPart(each, units, isAfter ? 3 : 2)))
      return undefined;
    const biases = isAfter ? [...input.biases, ...found.biases] : input.biases;
    // Either both products have a bias, or none has.
    if (isAfter && found.biases.length !== input.biases.length) return undefined;
    return {
      op: "_SharderGru",
      states: [h],
      nextStates: [reference],
      x: input.operand,
      units: found.units,
      kernel: input.kernel,
      recurrentKernels: found.kernels,
      biases,
      activation: candidate.activation,
      recurrentActivation: update.activation,
      resetAfter: isAfter,
    };
  }
  return undefined;
}

interface SumOfParts {
  /** The product of the input, and that of h. */
  readonly first: string;
  readonly second: string;
  readonly ofInput: readonly Part[];
  readonly ofState: readonly Part[];
}

/** The sum of part `index` of two products: first that of the input, which reads no variable. */
function sumOfParts(body: LoopBody, reference: string, index: number): SumOfParts | undefined {
  const sum = body.node(reference, "AddV2", "Add");
  if (sum === undefined) return undefined;
  for (const [a, b] of body.orders(sum)) {
    const [first, second] = [partOf(body, a, index), partOf(body, b, index)];
    if (first === undefined || second === undefined || matchProduct(body, first.whole, 3, "input") === undefined)
      continue;
    return { first: first.whole, second: second.whole, ofInput: [first], ofState: [second] };
  }
  return undefined;
}

/** reset · part 2 of the recurrent product. */
function resetAfter(body: LoopBody, h: LoopVariable, z: SumOfParts, reference: string) {
  const product = body.node(reference, "Mul");
  if (product === undefined) return undefined;
  for (const [gate, inner] of body.orders(product)) {
    const reset = activated(body, gate);
    const part = partOf(body, inner, 2);
    const gateSum = reset && resetSum(body, reset, z);
    if (gateSum === undefined || part?.whole !== z.second) continue;
    const recurrent = matchProduct(body, z.second, 3, h);
    if (recurrent === undefined || recurrent.rows !== recurrent.units) return undefined;
    const { units, kernel, biases } = recurrent;
    const { ofInput, ofState } = gateSum;
    const parts = { ofInput, ofState: [...ofState, part] };
    return { kind: "after", units, kernels: [kernel], biases, gate: reset!.activation, ...parts } as const;
  }
  return undefined;
}

/** The product of reset · h with a kernel of its own. */
function resetBefore(body: LoopBody, h: LoopVariable, z: SumOfParts, reference: string) {
  const candidate = product(body, reference);
  const scaled = candidate && body.node(candidate.operand, "Mul");
  if (candidate === undefined || scaled === undefined) return undefined;
  for (const [gate, state] of body.orders(scaled)) {
    const reset = activated(body, gate);
    const gateSum = reset && resetSum(body, reset, z);
    if (gateSum === undefined || body.variable(state) !== h) continue;
    const gates = matchProduct(body, z.second, 2, h);
    if (gates === undefined || gates.rows !== gates.units || gates.biases.length > 0) return undefined;
    const { units } = gates;
    if (candidate.shape[0] !== units || candidate.shape[1] !== units) return undefined;
    const { ofInput, ofState } = gateSum;
    const kernels = [gates.kernel, candidate.kernel];
    return {
      kind: "before",
      units,
      kernels,
      biases: [] as string[],
      gate: reset!.activation,
      ofInput,
      ofState,
    } as const;
  }
  return undefined;
}

/** The sum of the second parts of the same two products, which the reset gate activates. */
function resetSum(body: LoopBody, reset: Activated, z: SumOfParts): SumOfParts | undefined {
  const sum = sumOfParts(body, reset.of, 1);
  return sum?.first === z.first && sum.second === z.second ? sum : undefined;
}

/** h = act(x·kernel + h·recurrent + bias). */
function matchSimple(body: LoopBody, reference: string): MatchedCell | undefined {
  const shaped = activated(body, reference);
  const linear = shaped && matchSum(body, shaped.of, 1);
  if (linear === undefined || linear.biases.length > 1) return undefined;
  return {
    op: "_SharderRnn",
    states: [linear.h],
    nextStates: [reference],
    ...pick(linear),
    activation: shaped!.activation,
    recurrentActivation: "linear",
    resetAfter: false,
  };
}

function pick({ x, units, kernel, recurrentKernel, biases }: LinearSum) {
  return { x, units, kernel, recurrentKernels: [recurrentKernel], biases };
}

interface LinearSum {
  readonly x: string;
  readonly h: LoopVariable;
  readonly units: number;
  readonly kernel: string;
  readonly recurrentKernel: string;
  readonly biases: readonly string[];
}

/** x·kernel + h·recurrent + bias, with `gateCount` columns for each unit. */
function matchSum(body: LoopBody, reference: string, gateCount: number): LinearSum | undefined {
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
function matchProduct(body: LoopBody, reference: string, gateCount: number, of: LoopVariable | "input") {
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

function product(body: LoopBody, reference: string): Product | undefined {
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
interface Part {
  readonly whole: string;
  /** How many columns it has, and each part before it; `undefined` if all parts are alike. */
  readonly size: number | undefined;
  /** How many parts there are that are all alike. */
  readonly count: number | undefined;
}

/** Whether a part is one of `count` that have `units` columns each. */
function isPart({ size, count }: Part, units: number, expected: number): boolean {
  return size === undefined ? count === expected : size === units;
}

function partOf(body: LoopBody, reference: string, index: number): Part | undefined {
  const node = body.node(reference, "Split", "SplitV");
  if (node === undefined || node.index !== index) return undefined;
  const { op, input, attr } = node.node;
  const axis = body.integer(op === "Split" ? input[0] : input[2]);
  const whole = canonical(body, op === "Split" ? input[1]! : input[0]!);
  if ((axis !== 1 && axis !== -1) || whole === undefined) return undefined;
  if (op === "Split") return { whole, size: undefined, count: Number(asJsonObject(attr.num_split).i) };
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
